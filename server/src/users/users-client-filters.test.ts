import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { invitePeople, usernames } from './testdata/people.ts'

const people = [
  { username: 'user01', email: 'user01@example.com' },
  { username: 'user02', email: 'User02@Example.com' },
  { username: 'other', email: 'other@else.example' },
]

/** Contract, table of 4.2: what clients send, byte for byte apart from the values. */
const sentByClients: readonly (readonly [filter: string, found: readonly string[]])[] = [
  ['{"email":{"$ilike":"%user0%"}}', ['user01', 'user02']],
  ['{"email":{"$ilike":"%@EXAMPLE.com%"}}', ['user01', 'user02']],
  ['{"email":{"$ilike":"%user01@example.com%"}}', ['user01']],
  ['{"email":{"$in":["user01@example.com", "USER02@example.com"]}}', ['user01', 'user02']],
  ['{"email":{"$in":["user01@example.com", "nobody@example.com"]}}', ['user01']],
  ['{"email":{"$in":[""]}}', []],
  ['{"email":{"$in":[]}}', []],
  ['{"email":{"$in":null}}', []],
  ['{"username":"user01"}', ['user01']],
  ['{"username":"null"}', []],
  ['{"username":"USER01"}', []],
  ['{"$and":[{"username":{"$eq":"user02"}}]}', ['user02']],
  ['{"username":{"$in":["user01", "other"]}}', ['other', 'user01']],
  ['{"username":{"$in":[""]}}', []],
  ['email eq "USER01@example.com"', ['user01']],
  ['email eq "user02@example.com"', ['user02']],
  ['email eq "nobody@example.com"', []],
]

async function startWithPeople() {
  const t = await startTestApp()
  return { t, ids: await invitePeople(t, people) }
}

test('every filter that official clients and seed scripts send finds what it should', async () => {
  const { t, ids } = await startWithPeople()
  await using _ = t
  for (const [filter, found] of sentByClients) {
    assert.deepEqual(await usernames(t, { filter, limit: 5 }), found, filter)
    assert.deepEqual(await usernames(t, { filter: ` \n${filter}`, limit: 5 }), found, `with blanks before: ${filter}`)
  }
  assert.deepEqual(await usernames(t, { filter: `{"id":"${ids[1]}"}` }), ['user02'])
  assert.deepEqual(await usernames(t, { filter: `{"id":{"$in":["${ids[0]}","${ids[2]}"]}}` }), ['other', 'user01'])
  assert.deepEqual(await usernames(t, { filter: '{"id":"no-such-id"}' }), [])
})

test('braces, quotes and blanks may arrive in the query string as they are, from the Java client', async () => {
  const { t } = await startWithPeople()
  await using _ = t
  assert.equal((await rawGet(t, '/api/service/users?filter={"username":"user01"}&limit=5')).count, 1)
  assert.equal(
    (await rawGet(t, '/api/service/users?limit=5&filter={"email":{"$in":["user01@example.com","other@else.example"]}}'))
      .count,
    2,
  )
  assert.equal((await rawGet(t, '/api/service/users?filter=email+eq+"other@else.example"')).count, 1)
  assert.equal(
    (await rawGet(t, '/api/service/users?filter=email%20eq%20"other@else.example"&sort=-createdTimestamp')).count,
    1,
  )
})

async function rawGet(t: TestApp, path: string): Promise<{ count: number }> {
  const { status, json, text } = await t.get(path)
  assert.equal(status, 200, text)
  return json
}

test('a list of 500 ids fits into one address and finds its people', async () => {
  const { t, ids } = await startWithPeople()
  await using _ = t
  const strangers = Array.from(
    { length: 497 },
    (_unused, index) => `0190f2c4-5b1e-7c3a-9d44-${String(index).padStart(12, '0')}`,
  )
  const filter = JSON.stringify({ id: { $in: [...strangers, ...ids] } })
  const path = `/api/service/users?limit=100&filter=${encodeURIComponent(filter)}`
  assert.ok(path.length > 22 * 1024, String(path.length))
  const { json } = await t.get(path)
  assert.deepEqual([json.totalRecord, json.filterRecord, json.count], [3, 3, 3])
})

test('what people type is data: wildcards of SQL, quotes and operators in it mean themselves', async () => {
  await using t = await startTestApp()
  const local = ['a_b', 'axb', '50%off', "o'neil", '$cash', 'a*b', 'a?b', 'back`tick', '{brace}', 'a-b']
  await invitePeople(
    t,
    local.map((part, index) => ({ username: `u${index}`, email: `${part}@example.com` })),
  )
  const found = async (filter: object) => {
    const list = await t.get(`/api/service/users?limit=100&filter=${encodeURIComponent(JSON.stringify(filter))}`)
    return list.json.records.map((record: { email: string }) => record.email.replace('@example.com', '')).toSorted()
  }
  for (const part of local.filter((text) => !text.includes('%'))) {
    assert.deepEqual(await found({ email: { $ilike: `%${part}%` } }), [part], part)
    assert.deepEqual(await found({ email: { $ilike: `${part}@%` } }), [part], part)
    assert.deepEqual(await found({ email: { $like: `${part.toUpperCase()}@%` } }), [part], part)
    assert.deepEqual(await found({ email: `${part}@example.com` }), [part], part)
  }
  assert.deepEqual(await found({ email: '50%off@example.com' }), ['50%off'])
  assert.deepEqual(await found({ email: { $ilike: '50%off@%' } }), ['50%off'])
  assert.deepEqual(await found({ email: { $ilike: '%"; drop table users; --%' } }), [])
  assert.equal((await t.get('/api/service/users')).json.totalRecord, local.length)
})
