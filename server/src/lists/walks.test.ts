import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { userSorts } from '../../test/sort-keys.ts'
import { startTestApp, type TestApp, type TestTenant } from '../../test/start-test-app.ts'

let t: TestApp
let names = 0

before(async () => {
  t = await startTestApp()
  await add(Array.from({ length: 23 }, (_, index) => `user${index}`))
  await t.addUser('somebody')
})
after(() => t[Symbol.asyncDispose]())

/** Invites people by these beginnings of their names, made unique; answers their ids. */
async function add(beginnings: readonly string[], tenant = t.acme): Promise<string[]> {
  if (beginnings.length === 0) return []
  const users = beginnings.map((beginning) => ({
    email: `${beginning.replace('é', 'e')}.${(names += 1)}@example.com`,
    roleName: '$member',
    firstName: beginning,
    lastName: 'x'.repeat(names % 5),
  }))
  const { json } = await t.post('/api/service/users', { users }, { token: tenant.token, host: tenant.host })
  return Object.values(json.createdUsers)
}

interface WalkedPage {
  readonly items: readonly { readonly id: string }[]
  readonly nextCursor: string | null
}

async function pageOf(query: Readonly<Record<string, string>>, tenant: TestTenant = t.acme): Promise<WalkedPage> {
  const path = `/api/muster/users?${new URLSearchParams(query).toString()}`
  const answer = await t.get(path, { token: tenant.token, host: tenant.host })
  assert.equal(answer.status, 200, answer.text)
  return answer.json
}

/** The ids of all pages in turn; `between` happens after each page but the last. */
async function walk(
  query: Readonly<Record<string, string>>,
  between: (pageNumber: number, met: readonly string[]) => Promise<void> = async () => {},
): Promise<string[]> {
  const met: string[] = []
  let cursor: string | null = ''
  for (let pageNumber = 1; cursor !== null; pageNumber += 1) {
    const page: WalkedPage = await pageOf({ ...query, cursor })
    met.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor
    if (cursor !== null) {
      assert.equal(page.items.length, Number(query['limit'] ?? 20), 'only the last page is short')
      await between(pageNumber, met)
    }
  }
  return met
}

async function listed(query: string): Promise<string[]> {
  const { json } = await t.get(`/api/service/users?limit=100&${query}`)
  return json.records.map((record: { id: string }) => record.id)
}

test('a walk meets everybody in the order of the list, whatever the page size', async () => {
  const byId = (await listed('')).toSorted()
  for (const limit of [1, 7, byId.length - 1, byId.length, byId.length + 1]) {
    assert.deepEqual(await walk({ limit: String(limit) }), byId, `limit ${limit}`)
  }
  for (const sort of userSorts.flatMap((key) => [key, `-${key}`]))
    assert.deepEqual(await walk({ limit: '5', sort }), await listed(`sort=${sort}`), sort)
})

test('a filter narrows a walk and columns its records; neither nor the page size must stay the same but the filter', async () => {
  const filter = JSON.stringify({ firstName: { $ilike: 'user1%' } })
  const expected = (await listed(`filter=${encodeURIComponent(filter)}`)).toSorted()
  assert.ok(expected.length > 5)
  assert.deepEqual(await walk({ limit: '3', filter }), expected)
  const first = await pageOf({ limit: '3', filter, columns: 'username' })
  assert.deepEqual(Object.keys(first.items[0] ?? {}), ['id', 'username'])
  const second = await pageOf({ limit: '4', filter, cursor: first.nextCursor ?? '' })
  assert.deepEqual(
    second.items.map(({ id }) => id),
    expected.slice(3, 7),
  )
})

test('members walk with directory fields, guests not at all', async () => {
  const member = await t.serviceToken('$member')
  const { json } = await t.get('/api/muster/users?limit=1', { token: member })
  assert.equal('emailVerified' in json.items[0], false)
  assert.equal((await t.get('/api/muster/users?sort=lastLoginTime', { token: member })).json.error, 'invalid_sort')
  assert.equal((await t.get('/api/muster/users', { token: await t.serviceToken('$guest') })).status, 403)
})

test('whoever is there throughout is met exactly once, and nobody twice, while others come and go', async () => {
  const beginnings = fc.array(fc.constantFrom('a', 'm', 'user1', 'z', 'é'), { maxLength: 3 })
  const run = fc.record({
    limit: fc.integer({ min: 1, max: 6 }),
    sort: fc.constantFrom('', 'username', '-username', 'firstName', '-createdTimestamp', 'enabled', '-lastLoginTime'),
    filter: fc.constantFrom('', JSON.stringify({ email: { $ilike: '%example%' } }), JSON.stringify({ enabled: true })),
    // After each page: who comes, and which of those already met and of the others go, by their place.
    changes: fc.array(fc.record({ come: beginnings, goMet: fc.nat(50), goAny: fc.nat(50), goes: fc.nat(2) }), {
      minLength: 1,
      maxLength: 6,
    }),
  })
  await fc.assert(
    fc.asyncProperty(run, async ({ limit, sort, filter, changes }) => {
      const present = new Set(await listed(''))
      const throughout = new Set(present)
      const leave = async (id: string | undefined) => {
        if (id === undefined || !present.delete(id)) return
        throughout.delete(id)
        await t.post(`/api/service/users/${id}/delete`)
      }
      const met = await walk({ limit: String(limit), sort, filter }, async (pageNumber, seen) => {
        const change = changes[pageNumber - 1]
        if (change === undefined) return
        for (const id of await add(change.come)) present.add(id)
        // The very row the cursor stands behind is the likeliest to be missed.
        if (change.goes > 0) await leave(seen.at(-1 - (change.goMet % 3)))
        if (change.goes > 1 && present.size > 12) await leave([...present][change.goAny % present.size])
      })
      assert.equal(new Set(met).size, met.length, 'somebody was met twice')
      assert.deepEqual(
        [...throughout].filter((id) => !met.includes(id)),
        [],
        'somebody who was there throughout was missed',
      )
      if (present.size < 20) await add(Array.from({ length: 10 }, () => 'user'))
    }),
    { numRuns: 25 },
  )
})

test('a cursor that was changed, or is of another tenant, list, filter or order, is refused', async () => {
  const { nextCursor } = await pageOf({ limit: '2', sort: 'username' })
  const cursor = nextCursor ?? ''
  const middle = Math.floor(cursor.length / 2)
  const flipped = `${cursor.slice(0, middle)}${cursor[middle] === 'A' ? 'B' : 'A'}${cursor.slice(middle + 1)}`
  await add(['one', 'two', 'three'], t.other)
  const foreign = (await pageOf({ limit: '2', sort: 'username' }, t.other)).nextCursor ?? ''
  await t.addGroup('one')
  await t.addGroup('two')
  const { json: groups } = await t.get('/api/muster/groups?limit=1')
  const queries: readonly Record<string, string>[] = [
    { sort: 'username', cursor: flipped },
    { sort: 'username', cursor: cursor.slice(0, -1) },
    { sort: 'username', cursor: `${cursor}A` },
    { sort: 'username', cursor: 'nothing' },
    { sort: 'username', cursor: 'A'.repeat(10_000) },
    { sort: 'username', cursor: foreign },
    { cursor: groups.nextCursor },
    { cursor },
    { sort: '-username', cursor },
    { sort: 'email', cursor },
    { sort: 'username', filter: '{"enabled":true}', cursor },
  ]
  for (const query of queries) {
    const answer = await t.get(`/api/muster/users?${new URLSearchParams(query).toString()}`)
    assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_cursor'], JSON.stringify(query))
  }
  assert.equal((await pageOf({ limit: '2', sort: 'username', cursor })).items.length, 2)
})

test('a cursor gives no authority: whoever may not read is refused with it as without', async () => {
  const { nextCursor } = await pageOf({ limit: '2' })
  const path = `/api/muster/users?limit=2&cursor=${nextCursor}`
  assert.equal((await t.get(path, { token: await t.serviceToken('$guest') })).status, 403)
  assert.equal((await t.get(path, { token: null })).status, 401)
})

test('an offset does not go with a cursor', async () => {
  const { nextCursor } = await pageOf({ limit: '2' })
  for (const path of [
    `/api/muster/users?offset=2&cursor=${nextCursor}`,
    '/api/muster/users?offset=0',
    '/api/muster/outbox?offset=2&cursor=x',
  ]) {
    const answer = await t.get(path)
    assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_request'], path)
  }
})

test('groups, invitations and promised mails are walked as users are', async () => {
  for (const name of ['three', 'four', 'five']) await t.addGroup(name)
  for (const [path, sort] of [
    ['/api/muster/groups', ''],
    ['/api/muster/groups', '-name'],
    ['/api/muster/invitations', ''],
    ['/api/muster/invitations', 'email'],
    ['/api/muster/outbox', ''],
  ] as const) {
    const get = async (query: string) => {
      const answer = await t.get(`${path}?sort=${sort}&${query}`)
      assert.equal(answer.status, 200, answer.text)
      return answer.json
    }
    const rowsOf = (json: { items?: object[]; records?: object[] }) => json.items ?? json.records ?? []
    const whole = rowsOf(await get('limit=100'))
    const met: object[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: { nextCursor: string | null; items?: object[]; records?: object[] } = await get(
        `limit=4&cursor=${cursor}`,
      )
      met.push(...rowsOf(page))
      cursor = page.nextCursor
    }
    assert.ok(whole.length > 4, path)
    assert.deepEqual(met.slice(0, 100), whole, `${path} sorted by ${sort}`)
  }
})
