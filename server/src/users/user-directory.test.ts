import assert from 'node:assert/strict'
import { before, after, test } from 'node:test'
import { startTestApp, type TestApp, type TestUser } from '../../test/start-test-app.ts'
import { invitePeople, usersAddress } from './testdata/people.ts'
import { userColumns } from './users.fields.ts'

const shownToMembers = [
  'attributes',
  'createdTimestamp',
  'email',
  'enabled',
  'firstName',
  'groupCount',
  'groups',
  'id',
  'lastName',
  'persona',
  'personas',
  'purposes',
  'roles',
  'status',
  'username',
  'workspaceRole',
]
const hiddenFromMembers = userColumns.filter((column) => !shownToMembers.includes(column))
const attributes = {
  designation: ['Analyst'],
  skills: ['sql'],
  slack: ['@a'],
  jira: ['a1'],
  profileRole: ['x'],
  profileRoleOther: ['y'],
  salary: ['1'],
  flags: ['f'],
}
const { salary: _salary, flags: _flags, ...shownAttributes } = attributes

let t: TestApp
let member: TestUser
let guest: TestUser
let other: string
let group: string

before(async () => {
  t = await startTestApp()
  member = await t.addUser('member01')
  guest = await t.addUser('guest01', '$guest')
  other = (await invitePeople(t, [{ username: 'other01', attributes }]))[0] ?? ''
  group = await t.addGroup('data', [member.id, guest.id, other])
})
after(() => t[Symbol.asyncDispose]())

test('a member sees directory fields of everybody, in lists and alone, and no attribute but those people fill in (V-R4)', async () => {
  const list = (await t.get('/api/service/users', { token: member.token })).json
  assert.deepEqual([list.totalRecord, list.filterRecord, list.count], [3, 3, 3])
  const ofGroup = (await t.get(`/api/service/groups/${group}/members`, { token: member.token })).json.records
  const single = (await t.get(`/api/service/users/${other}`, { token: member.token })).json
  for (const record of [...list.records, ...ofGroup, single])
    assert.deepEqual(Object.keys(record).toSorted(), shownToMembers)
  assert.deepEqual(single.attributes, shownAttributes)
  assert.deepEqual(
    list.records.find((record: { id: string }) => record.id === other),
    single,
  )
})

test('what a member sees of a field is what an admin sees of it', async () => {
  const whole = (await t.get(`/api/service/users/${guest.id}`)).json
  const reduced = (await t.get(`/api/service/users/${guest.id}`, { token: member.token })).json
  for (const key of shownToMembers.filter((name) => name !== 'attributes'))
    assert.deepEqual(reduced[key], whole[key], key)
})

test('asking for a hidden column brings nothing of it', async () => {
  for (const column of hiddenFromMembers) {
    const { status, json } = await t.get(usersAddress({ columns: column }), { token: member.token })
    assert.equal(status, 200)
    for (const record of json.records) assert.deepEqual(Object.keys(record), ['id'], column)
  }
  const { records } = (
    await t.get(usersAddress({ columns: 'attributes,lastLoginTime,username' }), { token: member.token })
  ).json
  assert.deepEqual(Object.keys(records[0]).toSorted(), ['attributes', 'id', 'username'])
  assert.deepEqual(records.find((record: { id: string }) => record.id === other).attributes, shownAttributes)
  assert.equal(
    (await t.get(usersAddress({ columns: 'password' }), { token: member.token })).json.error,
    'invalid_columns',
  )
})

test('a hidden field can be neither filtered nor sorted by, in whatever form, and the refusal does not name it as allowed (V-R4)', async () => {
  const filters = [
    '{"emailVerified":true}',
    '{"lastLoginTime":{"$gt":0}}',
    '{"isScimUser":false}',
    '{"attributes.salary":"1"}',
    '{"attributes.flags":"f"}',
    '{"attributes.invitedBy":"x"}',
    '{"attributes.invitedAt":{"$gt":0}}',
    '{"attributes.invitedByName":"x"}',
    '{"attributes.attributes.designation":"x"}',
    '{"$or":[{"username":"x"},{"emailVerified":true}]}',
    'emailVerified eq true',
    'not (lastLoginTime pr)',
    'attributes.salary pr',
  ]
  for (const path of ['/api/service/users', `/api/service/groups/${group}/members`]) {
    for (const filter of filters) {
      const { status, json } = await t.get(`${path}?filter=${encodeURIComponent(filter)}`, { token: member.token })
      assert.deepEqual([status, json.error], [400, 'invalid_filter'], filter)
      assert.doesNotMatch(
        json.message.split('allowed are')[1]?.split('(at')[0] ?? '',
        /emailVerified|lastLoginTime|isScimUser|invited/,
        filter,
      )
      assert.equal((await t.get(`${path}?filter=${encodeURIComponent(filter)}`)).status, 200, filter)
    }
    for (const sort of ['lastLoginTime', '-lastLoginTime', '+lastLoginTime']) {
      const { status, json } = await t.get(`${path}?sort=${encodeURIComponent(sort)}`, { token: member.token })
      assert.deepEqual([status, json.error], [400, 'invalid_sort'], sort)
      assert.doesNotMatch(json.message, /lastLoginTime/)
      assert.equal((await t.get(`${path}?sort=${encodeURIComponent(sort)}`)).status, 200)
    }
  }
})

test('a member may filter and sort by what the directory shows', async () => {
  for (const filter of [
    '{"email":{"$ilike":"%01%"}}',
    '{"status":"Pending"}',
    `{"groups":"${group}"}`,
    '{"attributes.designation":"Analyst"}',
    '{"roles":"$guest"}',
  ]) {
    const asMember = (await t.get(usersAddress({ filter, sort: '-createdTimestamp' }), { token: member.token })).json
    const asAdmin = (await t.get(usersAddress({ filter, sort: '-createdTimestamp' }))).json
    assert.ok(asAdmin.count > 0, filter)
    const idsOf = (page: { records: { id: string }[] }) => page.records.map((record) => record.id)
    assert.deepEqual(idsOf(asMember), idsOf(asAdmin), filter)
  }
})

test('people see their own record whole', async () => {
  for (const user of [member, guest]) {
    const own = await t.get(`/api/service/users/${user.id}`, { token: user.token })
    const { loginEvents, adminEvents, ...asAdmin } = (await t.get(`/api/service/users/${user.id}`)).json
    assert.deepEqual(own.json, { ...asAdmin, loginEvents: [], adminEvents: [] })
    assert.equal(own.headers.etag, (await t.get(`/api/service/users/${user.id}`)).headers.etag)
  }
})

test('a guest has no list, and cannot tell a colleague from somebody who does not exist (V-R4)', async () => {
  for (const path of [
    '/api/service/users',
    '/api/service/roles',
    '/api/service/identity/users?filter=%7B%7D',
    `/api/service/groups/${group}/members`,
  ]) {
    const { status, json, headers } = await t.get(path, { token: guest.token })
    assert.deepEqual([status, json.error], [403, 'insufficient_role'], path)
    assert.match(String(headers['www-authenticate']), /insufficient_scope/)
  }
  const headers = { 'x-atlan-request-id': 'same' }
  for (const suffix of ['', '/groups']) {
    const unknown = await t.get(`/api/service/users/0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13${suffix}`, {
      token: guest.token,
      headers,
    })
    const colleague = await t.get(`/api/service/users/${other}${suffix}`, { token: guest.token, headers })
    assert.deepEqual([colleague.status, colleague.text], [404, unknown.text])
  }
})
