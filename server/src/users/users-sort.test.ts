import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { invitePeople, usernames, usersAddress, writeDirectly } from './testdata/people.ts'

/** Texts whose order differs between code points, UTF-16 units, and any language's alphabet. */
const awkward = ['', 'A', 'B', 'Z', 'a', 'b', 'Ä', 'ä', 'ß', 'é', 'z', '\uff21', '😀', '_', '10', '9', 'a b', 'ab']

interface Row {
  readonly id: string
  readonly [key: string]: unknown
}

const sortKeys = ['createdTimestamp', 'firstName', 'lastName', 'username', 'email', 'enabled', 'lastLoginTime'] as const

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return Number(a) - Number(b)
}

/** The order the contract asks for: by the key, and by the id where the key does not decide. */
function expected(rows: readonly Row[], key: string, sign: 1 | -1): string[] {
  const ordered = rows.toSorted((a, b) => sign * (compare(a[key], b[key]) || compare(a.id, b.id)))
  return ordered.map((row) => row.id)
}

/** People who differ in every sort key, with many ties. */
async function inviteVariedPeople(t: TestApp): Promise<Row[]> {
  const people = awkward.map((firstName, index) => ({
    username: `p${index % 2 === 0 ? 'X' : 'x'}${index}`,
    firstName,
    lastName: awkward[(index * 7) % 5] ?? '',
  }))
  const ids: string[] = []
  for (let start = 0; start < people.length; start += 6) {
    ids.push(...(await invitePeople(t, people.slice(start, start + 6))))
    t.clock.advance(1_000)
  }
  for (const id of ids.filter((_, index) => index % 3 === 0))
    await t.post(`/api/service/users/${id}`, { enabled: false })
  await writeDirectly(t, async ({ db }) => {
    for (const [index, id] of ids.entries()) {
      await db
        .updateTable('users')
        .set({ last_login_at: 1_000 * (index % 4) })
        .where('id', '=', id)
        .execute()
    }
  })
  return (await t.get('/api/service/users?limit=100')).json.records
}

test('every sort key orders by code point or value in both directions, with the id as the last word', async () => {
  await using t = await startTestApp()
  const rows = await inviteVariedPeople(t)
  assert.equal(rows.length, awkward.length)
  const idsFor = async (sort: string, filter = '') =>
    (await t.get(usersAddress({ sort, filter, limit: 100 }))).json.records.map((row: Row) => row.id)
  for (const key of sortKeys) {
    // Addresses are compared without regard to case.
    const keyed = key === 'email' ? rows.map((row) => ({ ...row, email: String(row['email']).toLowerCase() })) : rows
    assert.deepEqual(await idsFor(key), expected(keyed, key, 1), key)
    assert.deepEqual(await idsFor(`+${key}`), expected(keyed, key, 1), `+${key}`)
    assert.deepEqual(await idsFor(`-${key}`), expected(keyed, key, -1), `-${key}`)
    // A search is read from another index, whose order must not show.
    for (const filter of ['{"email":{"$ilike":"%example%"}}', '{"groupCount":0}']) {
      assert.deepEqual(await idsFor(key, filter), expected(keyed, key, 1), `${key} ${filter}`)
      assert.deepEqual(await idsFor(`-${key}`, filter), expected(keyed, key, -1), `-${key} ${filter}`)
    }
  }
  assert.deepEqual(await idsFor(''), await idsFor('username'))
})

test('pages of every order, ties included, show each person once', async () => {
  await using t = await startTestApp()
  const rows = await inviteVariedPeople(t)
  for (const key of sortKeys) {
    for (const sort of [key, `-${key}`]) {
      const seen: string[] = []
      for (let offset = 0; offset < rows.length; offset += 4) {
        const page = (await t.get(usersAddress({ sort, limit: 4, offset }))).json.records
        seen.push(...page.map((row: Row) => row.id))
      }
      const whole = (await t.get(usersAddress({ sort, limit: 100 }))).json.records.map((row: Row) => row.id)
      assert.deepEqual(seen, whole, sort)
    }
  }
})

test('a plus before the key may come as it is, which reads as a blank', async () => {
  await using t = await startTestApp()
  await invitePeople(t, [
    { username: 'b', firstName: '1' },
    { username: 'a', firstName: '2' },
  ])
  const { json } = await t.get('/api/service/users?sort=+firstName')
  assert.deepEqual(
    json.records.map((row: Row) => row['username']),
    ['b', 'a'],
  )
})

test('a filter and a substring search keep the order asked for', async () => {
  await using t = await startTestApp()
  await invitePeople(
    t,
    ['c', 'a', 'd', 'b'].map((letter, index) => ({ username: `person-${letter}`, firstName: String(index) })),
  )
  await invitePeople(t, [{ username: 'somebody' }])
  const filter = '{"email":{"$ilike":"%PERSON%"}}'
  assert.deepEqual(await usernames(t, { filter }), ['person-a', 'person-b', 'person-c', 'person-d'])
  assert.deepEqual(await usernames(t, { filter, sort: '-username' }), ['person-d', 'person-c', 'person-b', 'person-a'])
  assert.deepEqual(await usernames(t, { filter, sort: 'firstName', limit: 2, offset: 1 }), ['person-a', 'person-d'])
})

test('an unknown sort key is refused with the keys there are', async () => {
  await using t = await startTestApp()
  const wrong = [
    'name',
    'id',
    'password_hash',
    'users.email',
    'Username',
    '--username',
    '-',
    '+',
    'username,email',
    'username desc',
    '1',
    'status',
    'groupCount',
  ]
  for (const sort of wrong) {
    const { status, json } = await t.get(usersAddress({ sort }))
    assert.deepEqual([status, json.error], [400, 'invalid_sort'], sort)
    assert.match(json.message, /createdTimestamp, firstName, lastName, username, email, enabled, lastLoginTime/)
  }
})
