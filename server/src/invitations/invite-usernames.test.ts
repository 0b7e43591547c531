import assert from 'node:assert/strict'
import { test } from 'node:test'
import { v4 as uuid } from 'uuid'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

const users = '/api/service/users'

async function usernameOf(t: TestApp, id: string): Promise<string> {
  return (await t.get(`${users}/${id}`)).json.username
}

test('a missing username is derived from the local part of the address', async () => {
  await using t = await startTestApp()
  const cases: readonly (readonly [string, string])[] = [
    ['user01@example.com', 'user01'],
    ['First.Last+tag@example.com', 'First.Last+tag'],
    ["o'brien@example.com", 'obrien'],
    ['{curly}=x@example.com', 'curlyx'],
    ['_hidden@example.com', 'hidden'],
    ['!!@example.com', 'user-'],
    ['service-account-apikey@example.com', 'user-service-account-apikey'],
    [`${'a'.repeat(64)}@example.com`, 'a'.repeat(64)],
  ]
  const { json } = await t.post(users, { emails: cases.map(([email]) => email) })
  for (const [email, username] of cases) assert.equal(await usernameOf(t, json.createdUsers[email]), username, email)
})

test('derived usernames are made unique, within one call, across calls, in any case, and beside names chosen by hand', async () => {
  await using t = await startTestApp()
  const emails = Array.from(
    { length: 40 },
    (_, index) => `${index % 2 === 0 ? 'same' : 'SAME'}@host${index}.example.com`,
  )
  const first = await t.post(users, { emails })
  const parallel = await Promise.all(
    emails.map((_, index) => t.post(users, { emails: [`same@other${index}.example.com`] })),
  )
  const chosen = await t.post(users, {
    users: [{ email: 'a@example.com', username: 'chosen' }, { email: 'chosen@example.com' }],
  })
  assert.deepEqual(
    [...parallel, first, chosen].map(({ json }) => json.failedUsers).filter((failed) => Object.keys(failed).length > 0),
    [],
  )
  const { json } = await t.get(`${users}?limit=100`)
  const names: string[] = json.records.map((user: { username: string }) => user.username.toLowerCase())
  assert.equal(names.length, 82)
  assert.equal(new Set(names).size, 82)
  assert.equal(names.filter((name) => name === 'same').length, 1)
  assert.equal(names.filter((name) => name === 'chosen').length, 1)
})

test('an entry may carry username, names, attributes and groups', async () => {
  await using t = await startTestApp()
  const group = await t.addGroup('data')
  const entry = {
    email: 'user01@example.com',
    username: 'jane',
    firstName: 'Jane',
    lastName: 'Döe',
    attributes: { designation: ['Analyst'], skills: null },
    groups: [group],
  }
  const { json } = await t.post(users, { users: [entry] })
  const { json: user } = await t.get(`${users}/${json.createdUsers['user01@example.com']}`)
  assert.deepEqual([user.username, user.firstName, user.lastName, user.groups], ['jane', 'Jane', 'Döe', [group]])
  assert.deepEqual(user.attributes.designation, ['Analyst'])
  assert.equal(user.attributes.skills, undefined)
})

test('an explicit username that is taken, in any spelling, fails alone; nothing of that person is created', async () => {
  await using t = await startTestApp()
  await t.addUser('jane')
  for (const username of ['jane', 'JANE', '\uff4aane']) {
    const body = {
      users: [{ email: 'second@example.com', username }, { email: `other-${username.codePointAt(0)}@example.com` }],
    }
    const { status, json } = await t.post(users, body)
    assert.equal(status, 200)
    assert.match(json.failedUsers['second@example.com'], /^username_exists: /)
    assert.equal(Object.keys(json.createdUsers).length, 1)
  }
  const alone = await t.post(users, { users: [{ email: 'second@example.com', username: 'jane' }] })
  assert.equal(alone.status, 409)
  assert.equal(alone.json.error, 'username_exists')
  const { json } = await t.get(`${users}?filter=${encodeURIComponent('email eq "second@example.com"')}`)
  assert.equal(json.filterRecord, 0)
})

test('30 invitations at once with one explicit username: exactly one person gets it', async () => {
  await using t = await startTestApp()
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      t.post(users, { users: [{ email: `person${index}@example.com`, username: 'wanted' }] }),
    ),
  )
  assert.equal(answers.filter((answer) => answer.status === 200).length, 1)
  for (const answer of answers) if (answer.status !== 200) assert.equal(answer.json.error, 'username_exists')
  assert.equal((await t.get(users)).json.totalRecord, 1)
})

test('unusable names, attributes, usernames and groups fail their own row only', async () => {
  await using t = await startTestApp()
  const foreign = await t.addGroup('data', [], t.other)
  const bad: readonly (readonly [object, string])[] = [
    [{ username: 'has blank' }, 'invalid_body'],
    [{ username: '-dash' }, 'invalid_body'],
    [{ username: 'a'.repeat(101) }, 'invalid_body'],
    [{ username: 'service-account-x' }, 'invalid_body'],
    [{ username: 'Service-Account-x' }, 'invalid_body'],
    [{ username: 'a\u202eb' }, 'invalid_body'],
    [{ firstName: 'a\nb' }, 'invalid_body'],
    [{ lastName: '\u2066x' }, 'invalid_body'],
    [{ attributes: { 'a\tb': ['x'] } }, 'invalid_body'],
    [{ attributes: { big: ['x'.repeat(4_097)] } }, 'invalid_body'],
    [{ groups: [uuid()] }, 'group_not_found'],
    [{ groups: ['nonsense'] }, 'group_not_found'],
    [{ groups: [foreign] }, 'group_not_found'],
  ]
  const rows = bad.map(([fields], index) => ({ email: `bad${index}@example.com`, ...fields }))
  const { status, json } = await t.post(users, { users: [{ email: 'good@example.com' }, ...rows] })
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(json.createdUsers), ['good@example.com'])
  for (const [index, [, code]] of bad.entries())
    assert.match(json.failedUsers[`bad${index}@example.com`], new RegExp(`^${code}: `))
  for (const row of rows) assert.equal((await t.post(users, { users: [row] })).status, 400, JSON.stringify(row))
  assert.equal((await t.get(users)).json.totalRecord, 1)
})

test('everybody invited joins the default groups, whatever groups the entry names', async () => {
  await using t = await startTestApp()
  const body = { group: { name: 'everyone', attributes: { alias: ['Everyone'], isDefault: ['true'] } } }
  const everyone = (await t.post('/api/service/groups', body)).json.group
  const data = await t.addGroup('data')
  const { json } = await t.post(users, {
    users: [{ email: 'a@example.com' }, { email: 'b@example.com', groups: [data] }],
  })
  assert.deepEqual((await t.get(`${users}/${json.createdUsers['a@example.com']}`)).json.groups, [everyone])
  assert.deepEqual(
    (await t.get(`${users}/${json.createdUsers['b@example.com']}`)).json.groups.toSorted(),
    [everyone, data].toSorted(),
  )
})

test('what was invited is written down: who, when, by whom, one event each, and live counts of users and roles', async () => {
  await using t = await startTestApp()
  const admin = await t.addUser('admin01', '$admin')
  const { json } = await t.post(
    users,
    { emails: ['a@example.com', 'b@example.com'], roleName: '$guest' },
    { token: admin.token },
  )
  const { json: user } = await t.get(`${users}/${json.createdUsers['a@example.com']}`)
  assert.match(user.attributes.invitedAt[0], /^2026-01-02T03:04:05(\.000)?Z$/)
  assert.match(user.attributes.invitedBy[0], /^service-account-apikey-/)
  const events = await t.db
    .selectFrom('events')
    .select(['type', 'subject_id', 'actor_id'])
    .where('type', 'in', ['user.created', 'invitation.sent'])
    .where('subject_id', '!=', admin.id)
    .execute()
  for (const id of Object.values(json.createdUsers)) {
    assert.deepEqual(
      events
        .filter((event) => event.subject_id === id)
        .map((event) => event.type)
        .toSorted(),
      ['invitation.sent', 'user.created'],
    )
  }
  const roles = (await t.get('/api/service/roles')).json.records
  assert.equal(roles.find((role: { name: string }) => role.name === '$guest').userCount, '2')
})
