import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'
import { usersAddress } from './testdata/people.ts'

const deep = (levels: number) => '{"$and":['.repeat(levels) + '{"enabled":true}' + ']}'.repeat(levels)
const many = (count: number) => JSON.stringify({ $or: Array.from({ length: count }, () => ({ username: 'x' })) })
const ids = (count: number) =>
  JSON.stringify({ id: { $in: Array.from({ length: count }, (_, index) => String(index)) } })
const parentheses = (levels: number) => '('.repeat(levels) + 'enabled eq true' + ')'.repeat(levels)

/** Each mistake, and what the refusal must name. */
const mistakes: readonly (readonly [filter: string, culprit: RegExp])[] = [
  ['{"salary":1}', /salary/],
  ['{"designation":"Analyst"}', /allowed are id, .*attributes\.<name>/],
  ['{"password_hash":"x"}', /password_hash/],
  ['{"tenant_id":"x"}', /tenant_id/],
  ['{"users.email":"x"}', /users\.email/],
  ['{"Username":"x"}', /Username/],
  ['{"isLocked":true}', /isLocked/],
  ['{"persona":"x"}', /persona/],
  ['{"loginEvents":"x"}', /loginEvents/],
  ['{"attributes":"x"}', /attributes/],
  ['{"attributes.":"x"}', /attributes\./],
  ['{"attributes.a b":"x"}', /attributes\.a b/],
  [`{"attributes.${'x'.repeat(101)}":"x"}`, /attributes\.x/],
  ['{"attributes.__proto__":"x"}', /__proto__/],
  ['{"__proto__":{"username":"x"}}', /__proto__/],
  ['{"constructor":"x"}', /constructor/],
  ['{"username":{"$regex":"x"}}', /\$regex/],
  ['{"username":{"$where":"1"}}', /\$where/],
  ['{"$not":[{"username":"x"}]}', /\$not/],
  ['{"$eq":"x"}', /\$eq/],
  ['{"username":{"eq":"x"}}', /eq/],
  ['{"enabled":{"$gt":false}}', /enabled/],
  ['{"enabled":{"$in":[true]}}', /enabled/],
  ['{"enabled":{"$like":"t%"}}', /enabled/],
  ['{"enabled":"true"}', /enabled/],
  ['{"enabled":1}', /enabled/],
  ['{"groupCount":{"$like":"1%"}}', /groupCount/],
  ['{"groupCount":"1"}', /groupCount/],
  ['{"groupCount":1.5}', /groupCount/],
  ['{"groupCount":1e300}', /groupCount/],
  ['{"createdTimestamp":"yesterday"}', /createdTimestamp/],
  ['{"createdTimestamp":"2026-02-30T00:00:00Z"}', /createdTimestamp/],
  ['{"createdTimestamp":{"$like":"2026%"}}', /createdTimestamp/],
  ['{"lastLoginTime":0.5}', /lastLoginTime/],
  ['{"attributes.invitedAt":"soon"}', /attributes\.invitedAt/],
  ['{"groups":{"$like":"a%"}}', /groups/],
  ['{"groups":{"$gt":"a"}}', /groups/],
  ['{"status":{"$ilike":"pending"}}', /status/],
  ['{"workspaceRole":5}', /workspaceRole/],
  ['{"username":null}', /username/],
  ['{"username":{"$eq":null}}', /\$eq/],
  ['{"username":{"$ilike":null}}', /\$ilike/],
  ['{"username":{"$ilike":5}}', /\$ilike/],
  ['{"username":["a"]}', /username/],
  ['{"username":{"$in":"a"}}', /\$in/],
  ['{"username":{"$in":[["a"]]}}', /\$in\[0\]/],
  ['{"username":{"$in":[5]}}', /username/],
  ['{"username":{}}', /username/],
  ['{"$and":{"username":"x"}}', /\$and/],
  ['{"$or":["x"]}', /\$or\[0\]/],
  ['{"username":"a","username":"b"}', /username/],
  ['{"username":"a\\u0000b"}', /./],
  ['{"username":"\\ud800"}', /./],
  ['{', /./],
  ['{"username":"x"', /./],
  ['{"username":"x"}x', /./],
  ["{'username':'x'}", /./],
  ['{"username":NaN}', /./],
  [deep(17), /16/],
  [many(101), /100/],
  [ids(501), /500/],
  [`{"username":"${'x'.repeat(32 * 1024)}"}`, /32768/],
  [`{"username":{"$ilike":"${'%a'.repeat(17)}"}}`, /wildcard/],
  ['[{"username":"x"}]', /./],
  ['username', /./],
  ['username eq', /./],
  ['username = "x"', /./],
  ['username eq x', /./],
  ['username eq "x" and', /./],
  ['username eq "x" username eq "y"', /./],
  ['(username eq "x"', /./],
  ['username eq "x")', /./],
  ['userName eq "x"', /userName/],
  ['salary eq 1', /salary/],
  ['enabled gt true', /enabled/],
  ['groups co "x"', /groups/],
  ['emails[type eq "work"]', /emails/],
  ['username[value eq "x"]', /username/],
  ['username lt null', /username/],
  ['urn:ietf:params:scim:schemas:core:2.0:User:userName eq "x"', /./],
  [parentheses(41), /40/],
  [`username eq "${'x'.repeat(8 * 1024)}"`, /8192/],
]

test('every kind of mistake in a filter is 400 invalid_filter, and the message names the culprit', async () => {
  await using t = await startTestApp()
  await t.invite('user01@example.com')
  for (const [filter, culprit] of mistakes) {
    const { status, json } = await t.get(usersAddress({ filter }))
    assert.deepEqual([status, json.error], [400, 'invalid_filter'], filter.slice(0, 100))
    assert.match(json.message, culprit, filter.slice(0, 100))
    assert.ok(json.message.length < 600, `a message of ${json.message.length} characters for ${filter.slice(0, 100)}`)
  }
})

test('a filter at each bound is still answered', async () => {
  await using t = await startTestApp()
  await t.invite('user01@example.com')
  const padding = ' '.repeat(32 * 1024 - '{"enabled":true}'.length)
  const longName = 'x'.repeat(100)
  for (const filter of [
    deep(16),
    many(100),
    ids(500),
    `{"enabled":true${padding}}`,
    parentheses(40),
    `{"attributes.${longName}":"x"}`,
  ]) {
    assert.equal((await t.get(usersAddress({ filter }))).status, 200, filter.slice(0, 100))
  }
})

test('a field name that is not offered is refused with those that are', async () => {
  await using t = await startTestApp()
  const { json } = await t.get(usersAddress({ filter: '{"salary":1}' }))
  for (const name of [
    'id',
    'username',
    'email',
    'enabled',
    'status',
    'groups',
    'groupCount',
    'lastLoginTime',
    'workspaceRole',
  ]) {
    assert.match(json.message, new RegExp(`\\b${name}\\b`))
  }
})
