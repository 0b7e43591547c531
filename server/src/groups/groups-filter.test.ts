import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'

const known = [
  { name: 'data_science', alias: 'Data Science', description: ['Models & more'] },
  { name: 'data-ops', alias: 'DATA ops', description: ['runs_things', 'second'] },
  { name: 'Sales', alias: '100% "Sales" $team', isDefault: ['true'] },
  { name: 'Äpfel', alias: 'Äpfel\\Birnen' },
] as const

/** Filter → names found, sorted by code point. Filters with a source are those official clients send, byte for byte. */
const cases: readonly (readonly [filter: string, found: readonly string[]])[] = [
  // group.get_by_name of all SDKs
  ['{"$and":[{"alias":{"$ilike":"%data%"}}]}', ['data-ops', 'data_science']],
  ['{"$and":[{"alias":{"$ilike":"%sales%"}}]}', ['Sales']],
  ['{"$and":[{"alias":{"$ilike":"%$TEAM%"}}]}', ['Sales']],
  ['{"$and":[{"alias":{"$ilike":"%äPFEL%"}}]}', ['Äpfel']],
  ['{"$and":[{"alias":{"$ilike":"%nobody%"}}]}', []],
  // only % is a wildcard
  ['{"name":{"$like":"data_%"}}', ['data_science']],
  ['{"alias":{"$like":"%\\\\%"}}', ['Äpfel']],
  ['{"alias":{"$like":"100%"}}', ['Sales']],
  ['{"alias":{"$like":"%\\"Sales\\"%"}}', ['Sales']],
  ['{"alias":{"$like":"data%"}}', []],
  ['{"name":"Sales"}', ['Sales']],
  ['{"name":"sales"}', []],
  ['{"name":{"$eq":"Sales","$neq":"x"}}', ['Sales']],
  ['{"name":{"$neq":"Sales"}}', ['data-ops', 'data_science', 'Äpfel']],
  ['{"name":{"$in":["Sales","data-ops","nobody"]}}', ['Sales', 'data-ops']],
  ['{"name":{"$in":[""]}}', []],
  ['{"name":{"$in":[]}}', []],
  ['{"name":{"$in":null}}', []],
  ['{"name":{"$gt":"data-ops"}}', ['data_science', 'Äpfel']],
  ['{"name":{"$lte":"Sales"}}', ['Sales']],
  ['{"$or":[{"name":"Sales"},{"alias":"DATA ops"}]}', ['Sales', 'data-ops']],
  ['{"userCount":0}', ['Sales', 'data-ops', 'Äpfel']],
  ['{"memberCount":{"$gte":1}}', ['data_science']],
  ['{"isDefault":true}', ['Sales']],
  ['{"attributes.isDefault":"true"}', ['Sales']],
  ['{"attributes.alias":{"$ilike":"%science"}}', ['data_science']],
  ['{"attributes.description":"second"}', ['data-ops']],
  ['{"attributes.description":{"$like":"%_things"}}', ['data-ops']],
  ['{"attributes.description":{"$in":["second","Models & more"]}}', ['data-ops', 'data_science']],
  ['{"attributes.nothing":"x"}', []],
  ['{"createdAt":{"$gt":"2026-01-02T03:04:06Z"}}', ['Sales', 'Äpfel']],
  ['{"createdAt":{"$lte":1767323046000}}', ['data-ops', 'data_science']],
  ['name eq "Sales"', ['Sales']],
  ['alias co "data"', ['data-ops', 'data_science']],
  ['alias sw "data" and not (name eq "data-ops")', ['data_science']],
  ['attributes.description pr', ['data-ops', 'data_science']],
  ['userCount gt 0 or isDefault eq true', ['Sales', 'data_science']],
  // what a client splices in stays data
  [`{"name":"x' or '1'='1"}`, []],
  ['{"alias":{"$ilike":"%\' union select token_hash from api_tokens --%"}}', []],
]

test('groups are found by every filter that clients send', async () => {
  await using t = await startTestApp()
  const user = await t.invite('user01@example.com')
  for (const { name, alias, ...attributes } of known) {
    const users = name === 'data_science' ? [user] : []
    await t.post('/api/service/groups', { group: { name, attributes: { ...attributes, alias: [alias] } }, users })
    t.clock.advance(1_000)
  }
  for (const [filter, found] of cases) {
    const { status, json, text } = await t.get(`/api/service/v2/groups?filter=${encodeURIComponent(filter)}`)
    assert.equal(status, 200, `${filter}: ${text}`)
    const names = json.records.map((group: { name: string }) => group.name)
    assert.deepEqual(names, found, filter)
    assert.deepEqual([json.totalRecord, json.filterRecord], [known.length, found.length], filter)
  }
})

test('groups are found by many ids at once, in an address of 23 KiB', async () => {
  await using t = await startTestApp()
  const ids = [await t.addGroup('a'), await t.addGroup('b')]
  await t.addGroup('c')
  const strangers = Array.from({ length: 498 }, (_, n) => `0190f2c4-5b1e-7c3a-9d44-${String(n).padStart(12, '0')}`)
  const filter = JSON.stringify({ id: { $in: [...strangers, ...ids] } })
  const { json } = await t.get(`/api/service/groups?filter=${encodeURIComponent(filter)}`)
  assert.deepEqual(
    json.records.map((group: { id: string }) => group.id),
    ids,
  )
})

test('a filter on what groups do not have is 400 and names the culprit', async () => {
  await using t = await startTestApp()
  const refused: readonly (readonly [string, RegExp])[] = [
    ['{"name_key":"x"}', /name_key/],
    ['{"source":"scim"}', /source/],
    ['{"name":{"$regex":"x"}}', /\$regex/],
    ['{"userCount":{"$ilike":"1%"}}', /userCount/],
    ['{"userCount":1.5}', /userCount/],
    ['{"name":null}', /name/],
    ['{"attributes.a\\"b":"x"}', /attributes/],
    ['{"attributes.__proto__":"x"}', /__proto__/],
    ['[1]', /filter/],
    ['{"name":', /filter/],
  ]
  for (const [filter, message] of refused) {
    const { status, json } = await t.get(`/api/service/groups?filter=${encodeURIComponent(filter)}`)
    assert.deepEqual([status, json.error], [400, 'invalid_filter'], filter)
    assert.match(json.message, message, filter)
  }
})
