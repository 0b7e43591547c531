import assert from 'node:assert/strict'
import { test } from 'node:test'
import { password, startTestApp, type TestApp } from '../../test/start-test-app.ts'

const path = '/auth/accept-invite'

function accept(t: TestApp, body: unknown, host?: string) {
  return t.post(path, body, { token: null, ...(host === undefined ? {} : { host }) })
}

test('whoever accepts can act: the address is proven, the chosen names are kept, the event is written', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com', '$guest')
  const token = await t.invitationToken(id)
  t.clock.advance(5_000)
  const answer = await accept(t, { token, username: 'Jane.Doe', firstName: 'Jane', lastName: 'Döe', password })
  assert.equal(answer.status, 200)
  assert.deepEqual(
    [answer.json.id, answer.json.username, answer.json.email, answer.json.emailVerified],
    [id, 'Jane.Doe', 'user01@example.com', true],
  )
  assert.equal(answer.headers['cache-control'], 'no-store')
  const { json: user } = await t.get(`/api/service/users/${id}`)
  assert.deepEqual(
    [user.status, user.username, user.firstName, user.lastName, user.workspaceRole],
    ['Enabled', 'Jane.Doe', 'Jane', 'Döe', '$guest'],
  )
  assert.equal((await t.get('/api/service/whoami', { token: await t.personalToken(id) })).json.workspaceRole, '$guest')
  const events = await t.db.selectFrom('events').selectAll().where('type', '=', 'invitation.accepted').execute()
  assert.deepEqual(
    events.map((event) => [event.subject_id, event.at, event.data]),
    [[id, t.clock.now().getTime(), '{"role":"$guest"}']],
  )
  const { json } = await t.get('/api/muster/invitations')
  assert.deepEqual([json.records[0].state, json.records[0].acceptedAt], ['accepted', t.clock.now().getTime()])
})

test('what the body leaves out or empty is as the invitation says', async () => {
  await using t = await startTestApp()
  const entry = { email: 'user01@example.com', username: 'jane', firstName: 'Jane', lastName: 'Doe' }
  for (const extra of [{}, { username: null, firstName: null, lastName: null }, { username: '' }]) {
    const { json } = await t.post('/api/service/users', { users: [entry] })
    const id = json.createdUsers[entry.email]
    const answer = await accept(t, { token: await t.invitationToken(id), password, ...extra })
    assert.deepEqual([answer.json.username, answer.json.firstName, answer.json.lastName], ['jane', 'Jane', 'Doe'])
    await t.post(`/api/service/users/${id}/delete`)
  }
})

test('the body cannot choose address, role, tenant, groups or anything else of the invitation (V-I5)', async () => {
  await using t = await startTestApp()
  const group = await t.addGroup('data')
  const id = await t.invite('user01@example.com', '$guest')
  const admin = await t.roleId('$admin')
  const wishes = {
    email: 'evil@evil.example',
    emails: ['evil@evil.example'],
    role: '$admin',
    roles: [admin],
    roleId: admin,
    roleName: '$admin',
    role_id: admin,
    workspaceRole: '$admin',
    workspaceRoleId: admin,
    tenant: t.other.id,
    tenantId: t.other.id,
    groups: [group],
    groupIds: [group],
    persona: ['x'],
    id: 'x',
    userId: 'x',
    enabled: false,
    emailVerified: false,
    source: 'scim',
    isScimUser: true,
    attributes: { skills: ['x'] },
    acceptedAt: 1,
    version: 7,
  }
  const answer = await accept(t, { ...wishes, token: await t.invitationToken(id), password })
  assert.equal(answer.status, 200)
  const { json: user } = await t.get(`/api/service/users/${id}`)
  assert.deepEqual(
    [
      user.id,
      user.email,
      user.workspaceRole,
      user.groups,
      user.enabled,
      user.emailVerified,
      user.isScimUser,
      user.attributes.skills,
    ],
    [id, 'user01@example.com', '$guest', [], true, true, false, undefined],
  )
  assert.equal((await t.get('/api/service/users', { token: t.other.token, host: t.other.host })).json.totalRecord, 0)
})

test('a role an admin changed meanwhile is the role that is accepted', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com', '$admin')
  const token = await t.invitationToken(id)
  await t.post(`/api/service/users/${id}/roles/update`, { roleId: await t.roleId('$member') })
  await accept(t, { token, password })
  assert.equal((await t.get(`/api/service/users/${id}`)).json.workspaceRole, '$member')
})

test('a username that is taken, in any spelling, is 409 and leaves the link usable', async () => {
  await using t = await startTestApp()
  await t.addUser('taken')
  await t.invite('pending@example.com')
  const id = await t.invite('user01@example.com')
  const token = await t.invitationToken(id)
  for (const username of ['taken', 'TAKEN', '\uff54aken', 'pending']) {
    const answer = await accept(t, { token, username, password })
    assert.equal(answer.status, 409, username)
    assert.equal(answer.json.error, 'username_exists')
  }
  assert.equal((await t.get(`/api/service/users/${id}`)).json.status, 'Pending')
  assert.equal((await accept(t, { token, username: 'free', password })).status, 200)
})

test('people who accept at once with one username: exactly one gets it, the others keep their link', async () => {
  await using t = await startTestApp()
  const ids = await Promise.all(Array.from({ length: 10 }, (_, index) => t.invite(`person${index}@example.com`)))
  const tokens = await Promise.all(ids.map((id) => t.invitationToken(id)))
  const answers = await Promise.all(tokens.map((token) => accept(t, { token, username: 'wanted', password })))
  assert.deepEqual(answers.map((answer) => answer.status).toSorted(), [200, ...Array.from({ length: 9 }, () => 409)])
  const second = answers.findIndex((answer) => answer.status === 409)
  assert.equal((await accept(t, { token: tokens[second], username: 'other', password })).status, 200)
})

test('unusable usernames and names are 400 and leave the link usable', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const token = await t.invitationToken(id)
  const bad = [
    { username: 'has blank' },
    { username: '-x' },
    { username: 'x'.repeat(101) },
    { username: 'service-account-apikey-1' },
    { username: '<b>' },
    { username: 'a\u202eb' },
    { firstName: 'a\u0007b' },
    { firstName: 'x'.repeat(1_001) },
    { lastName: 'a\nb' },
    { lastName: '\u2067' },
    { username: 7 },
    { firstName: ['x'] },
    { password: 7 },
    { password: null },
  ]
  for (const fields of bad) {
    const answer = await accept(t, { token, password, ...fields })
    assert.equal(answer.status, 400, JSON.stringify(fields))
    assert.equal(answer.json.error, 'invalid_body', JSON.stringify(fields))
  }
  assert.equal((await accept(t, { token })).json.error, 'invalid_body', 'a password is required')
  assert.equal((await accept(t, { token, password, username: ' padded ' })).json.username, 'padded')
})

test('a person chosen by nobody: without a credential only the body with the token decides', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const token = await t.invitationToken(id)
  for (const options of [{ token }, { token: null, headers: { cookie: `muster-invite=${token}` } }]) {
    const answer = await t.post(path, { password }, options)
    assert.equal(answer.status, 400)
    assert.equal(answer.json.error, 'invalid_invitation')
  }
  assert.equal(
    (await t.post(`${path}?token=${token}`, { password }, { token: null })).status,
    400,
    'not from the address',
  )
  assert.equal(
    (await t.get('/api/service/whoami', { token })).status,
    401,
    'the token of an invitation opens nothing else',
  )
})

test('a body of more than 16 KiB is refused unread, since nobody has shown a credential', async () => {
  await using t = await startTestApp()
  const token = await t.invitationToken(await t.invite('user01@example.com'))
  const form = (size: number) => ({
    body: `token=${token}&password=${'x'.repeat(size)}`,
    type: 'application/x-www-form-urlencoded',
  })
  const json = (size: number) => ({
    body: JSON.stringify({ token, password, unknown: 'x'.repeat(size) }),
    type: 'application/json',
  })
  for (const make of [form, json]) {
    const overhead = make(0).body.length
    for (const [size, expected] of [
      [16_384 - overhead, [200, 400]],
      [16_385 - overhead, [413]],
    ] as const) {
      const { body, type } = make(size)
      const answer = await t.request('POST', path, { token: null, rawBody: body, headers: { 'content-type': type } })
      assert.ok(
        expected.some((status) => status === answer.status),
        `${type} of ${body.length}: ${answer.status}`,
      )
      if (answer.status === 413) assert.equal(answer.json.error, 'body_too_large')
    }
  }
})
