import { defaultLimits } from '../limits/limits.ts'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addManyRows, refreshStatistics } from '../../test/many-rows.ts'
import { userSorts } from '../../test/sort-keys.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { userList } from '../users/users.fields.ts'
import type { PlanLimits } from './filter-plan.ts'
import { selectPage } from './select-page.ts'

let t: TestApp

before(async () => {
  t = await startTestApp()
  await addManyRows(t, t.acme)
  await addManyRows(t, t.other)
  // So that the list does not end with a thousand.
  for (let number = 0; number < 7; number += 1) await t.invite(`more${number}@example.com`)
  await refreshStatistics(t)
})
after(() => t[Symbol.asyncDispose]())

interface Person {
  readonly id: string
  readonly username: string
  readonly email_key: string
  readonly last_name_key: string
  readonly enabled: number
}

/** Everybody of the tenant, sorted here. */
async function everybody(sort: string): Promise<Person[]> {
  const column = (userList.sorts[sort.replace(/^-/, '')] ?? 'users.username').split('.')[1] ?? ''
  const rows = await t.db
    .selectFrom('users')
    .select([
      'id',
      'username',
      'email_key',
      'last_name_key',
      'enabled',
      'first_name',
      'last_name',
      'created_at',
      'last_login_at',
    ])
    .where('tenant_id', '=', t.acme.id)
    .execute()
  const value = (row: object): string | number => (row as Record<string, string | number>)[column] ?? ''
  const sorted = rows.toSorted((a, b) => {
    const [x, y] = value(a) === value(b) ? [a.id, b.id] : [value(a), value(b)]
    return x < y ? -1 : 1
  })
  return sort.startsWith('-') ? sorted.toReversed() : sorted
}

async function pageIds(query: string): Promise<string[]> {
  const answer = await t.get(`/api/service/users?${query}`)
  assert.equal(answer.status, 200, answer.text)
  return answer.json.records.map((record: { id: string }) => record.id)
}

const idsOf = (people: readonly Person[]) => people.map(({ id }) => id)

test('a page from deep inside a list is that slice of the list, by every key and both ways', async () => {
  for (const sort of userSorts.flatMap((key) => [key, `-${key}`])) {
    const all = idsOf(await everybody(sort))
    // Out of order, so that each is reached from what another left behind.
    for (const offset of [3_001, 1_500, all.length - 5, 1_000, 2_999, 999, 1_001, all.length, 2_100, 100_000]) {
      const ids = await pageIds(`sort=${sort}&limit=20&offset=${offset}&columns=id`)
      assert.deepEqual(ids, all.slice(offset, offset + 20), `${sort} from ${offset}`)
    }
  }
})

test('deep pages follow changes at once, whoever asked for them before', async () => {
  const check = async () => {
    const all = idsOf(await everybody('username'))
    for (const offset of [2_500, 1_200]) {
      assert.deepEqual(await pageIds(`limit=10&offset=${offset}`), all.slice(offset, offset + 10))
    }
  }
  await check()
  const first = await t.invite('aaaa@example.com')
  await check()
  await t.post(`/api/service/users/${first}/delete`)
  await check()
})

const contains = (text: string) => ({ email: { $ilike: `%${text}%` } })
const filters: readonly (readonly [filter: object, matches: (person: Person) => boolean])[] = [
  [contains('nobody'), () => false],
  [contains('son77'), ({ email_key }) => email_key.includes('son77')],
  [contains('person77@example.com'), ({ email_key }) => email_key.includes('person77@example.com')],
  [contains('example'), ({ email_key }) => email_key.includes('example')],
  // All of these stand at the end of the order by username, or at its beginning.
  [contains('son9'), ({ email_key }) => email_key.includes('son9')],
  [contains('son1'), ({ email_key }) => email_key.includes('son1')],
  [contains('77'), ({ email_key }) => email_key.includes('77')],
  [{ username: { $like: 'person9%' } }, ({ username }) => username.startsWith('person9')],
  [{ username: { $like: 'p%' } }, ({ username }) => username.startsWith('p')],
  [{ username: { $like: 'p%9' } }, ({ username }) => username.startsWith('p') && username.endsWith('9')],
  [{ lastName: { $ilike: '%ast8%' } }, ({ last_name_key }) => last_name_key.includes('ast8')],
  [{ enabled: false }, ({ enabled }) => enabled === 0],
  [{ ...contains('son1'), enabled: false }, ({ email_key, enabled }) => email_key.includes('son1') && enabled === 0],
  [
    { $or: [contains('son11'), contains('son22')] },
    ({ email_key }) => email_key.includes('son11') || email_key.includes('son22'),
  ],
  [
    { email: { $in: ['person7@example.com', 'person8@example.com'] } },
    ({ email_key }) => /^person[78]@/.test(email_key),
  ],
]

const plans: Readonly<Record<string, PlanLimits>> = {
  'as in a small directory': { smallMax: 10_000, hitsMax: 10_000, walkMax: 5_000 },
  'with more hits than are sorted': { smallMax: 0, hitsMax: 5, walkMax: 5_000 },
  'with more rows than are walked': { smallMax: 0, hitsMax: 5, walkMax: 50 },
  'with nothing but scans': { smallMax: 0, hitsMax: 0, walkMax: 0 },
}

for (const [name, limits] of Object.entries(plans)) {
  test(`whatever a filter costs, its pages and its count are exact: ${name}`, async () => {
    for (const sort of [null, { key: 'username', descending: true }, { key: 'lastName', descending: false }]) {
      const all = await everybody(sort === null ? 'username' : `${sort.descending ? '-' : ''}${sort.key}`)
      for (const [filter, matches] of filters) {
        const expected = idsOf(all.filter(matches))
        for (const offset of [0, 37, 1_000]) {
          const { rows, total, filtered } = await selectPage<{ id: string }>(
            t.serverDb.forTenant(t.acme.id),
            {
              shape: userList,
              table: 'users',
              columns: ['users.id'],
              scope: { text: 'users.tenant_id = (select ?)', values: [t.acme.id] },
              query: {
                limit: 20,
                offset,
                sort,
                withTotals: true,
                cursor: null,
                limits: defaultLimits,
                filter: JSON.stringify(filter),
              },
              total: async () => all.length,
            },
            limits,
          )
          const place = `${JSON.stringify(filter)} sorted by ${sort?.key} from ${offset}`
          assert.deepEqual(
            rows.map(({ id }) => id),
            expected.slice(offset, offset + 20),
            place,
          )
          assert.deepEqual({ total, filtered }, { total: all.length, filtered: expected.length }, place)
        }
      }
    }
  })
}

test('a count that was kept is counted again after a change', async () => {
  const limits = { smallMax: 0, hitsMax: 0, walkMax: 50 }
  const count = async () => {
    const page = await selectPage(
      t.serverDb.forTenant(t.acme.id),
      {
        shape: userList,
        table: 'users',
        columns: ['users.id'],
        scope: { text: 'users.tenant_id = (select ?)', values: [t.acme.id] },
        query: {
          limit: 1,
          offset: 0,
          sort: null,
          withTotals: true,
          cursor: null,
          limits: defaultLimits,
          filter: JSON.stringify(contains('zz')),
        },
        total: async () => 3_000,
      },
      limits,
    )
    return page.filtered
  }
  assert.deepEqual([await count(), await count()], [0, 0])
  const id = await t.invite('zz@example.com')
  assert.deepEqual([await count(), await count()], [1, 1])
  await t.post(`/api/service/users/${id}/delete`)
  assert.equal(await count(), 0)
})
