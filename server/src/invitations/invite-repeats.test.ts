import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { invitationLifetimeMs } from './invitations.schema.ts'

const users = '/api/service/users'
const email = 'new01@example.com'

function invitationsOf(t: TestApp, userId: string) {
  const filter = encodeURIComponent(JSON.stringify({ userId }))
  return t.get(`/api/muster/invitations?filter=${filter}&sort=createdAt`).then(({ json }) => json.records)
}

async function sentEvents(t: TestApp): Promise<number> {
  const rows = await t.db
    .selectFrom('events')
    .select('id')
    .where('type', 'in', ['invitation.sent', 'invitation.resent', 'user.created'])
    .execute()
  return rows.length
}

test('a repeated invitation answers the same id in both forms and spellings, and sends no second mail and no second event', async () => {
  await using t = await startTestApp()
  const id = await t.invite(email, '$member')
  await t.deliverOutbox()
  const events = await sentEvents(t)
  const repeats = [
    { body: { emails: [email], roleName: '$member' }, key: email },
    { body: { emails: ['NEW01@EXAMPLE.COM'], roleName: '$member' }, key: 'NEW01@EXAMPLE.COM' },
    { body: { users: [{ email: ' \uff4eew01@example.com', roleName: '$member' }] }, key: ' \uff4eew01@example.com' },
    {
      body: { users: [{ email, roleId: await t.roleId('$member'), username: 'other', firstName: 'Other' }] },
      key: email,
    },
    { body: { emails: [email] }, key: email },
  ]
  for (const { body, key } of repeats) {
    const answer = await t.post(users, body)
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual(answer.json, { createdUsers: { [key]: id }, failedUsers: {} })
  }
  await t.deliverOutbox()
  assert.equal(t.mails.length, 1)
  assert.equal(await sentEvents(t), events)
  assert.equal((await t.get(users)).json.totalRecord, 1)
  assert.equal((await invitationsOf(t, id)).length, 1)
  assert.equal((await t.get(`${users}/${id}`)).json.firstName, '', 'the repeat changes nothing')
})

test('spellings of one address in one call are one user and one mail, and each spelling gets its answer', async () => {
  await using t = await startTestApp()
  const spellings = [email, 'NEW01@example.com', 'new01@EXAMPLE.com', '\uff4eew01@example.com', email]
  const { json } = await t.post(users, { emails: spellings, roleName: '$member' })
  assert.deepEqual(Object.keys(json.createdUsers).toSorted(), [...new Set(spellings)].toSorted())
  assert.equal(new Set(Object.values(json.createdUsers)).size, 1)
  await t.deliverOutbox()
  assert.deepEqual(
    t.mails.map((mail) => mail.to),
    [email],
  )
})

test('one address with two roles in one call is invited with the first role, and the other row fails', async () => {
  await using t = await startTestApp()
  const body = {
    users: [
      { email, roleName: '$member' },
      { email: 'NEW01@example.com', roleName: '$admin' },
    ],
  }
  const { status, json } = await t.post(users, body)
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(json.createdUsers), [email])
  assert.match(json.failedUsers['NEW01@example.com'], /^user_exists: .*role/)
  assert.equal((await t.get(`${users}/${json.createdUsers[email]}`)).json.workspaceRole, '$member')
})

test('a pending address invited with another role fails, and keeps role and invitation', async () => {
  await using t = await startTestApp()
  const id = await t.invite(email, '$member')
  const answer = await t.post(users, { users: [{ email, roleName: '$admin' }] })
  assert.equal(answer.status, 409)
  assert.equal(answer.json.error, 'user_exists')
  const seed = await t.post(users, { emails: [email], roleName: '$guest' })
  assert.match(seed.json.failedUsers[email], /^user_exists: .*role/)
  assert.equal((await t.get(`${users}/${id}`)).json.workspaceRole, '$member')
  assert.equal(await t.deliverOutbox(), 1)
  assert.equal((await invitationsOf(t, id)).length, 1)
})

test('once accepted, the same invitation is a duplicate', async () => {
  await using t = await startTestApp()
  await t.addUser('new01')
  const answer = await t.post(users, { users: [{ email, roleName: '$member' }] })
  assert.equal(answer.status, 409)
  assert.equal(answer.json.error, 'user_exists')
})

test('an invitation that ran out is sent again on a repeat, to the same user, with a new link that alone works', async () => {
  await using t = await startTestApp()
  const id = await t.invite(email)
  const old = await t.invitationToken(id)
  t.clock.advance(invitationLifetimeMs - 1)
  await t.invite(email)
  assert.equal((await invitationsOf(t, id)).length, 1, 'a millisecond before the end it is still open')
  t.clock.advance(1)
  assert.equal(await t.invite(email), id)
  const [ended, open] = await invitationsOf(t, id)
  assert.deepEqual([ended.state, open.state], ['revoked', 'open'])
  await t.deliverOutbox()
  const mailed = /token=(\S+)/.exec(t.mails.at(-1)?.text ?? '')?.[1]
  const accept = (token: string | undefined) =>
    t.post('/auth/accept-invite', { token, password: 'correct horse battery staple' }, { token: null })
  assert.equal((await accept(old)).status, 400)
  assert.equal((await accept(mailed)).status, 200)
})

test('a revoked invitation is sent again on a repeat, to the same user', async () => {
  await using t = await startTestApp()
  const id = await t.invite(email)
  const [first] = await invitationsOf(t, id)
  await t.post(`/api/muster/invitations/${first.id}/revoke`)
  await t.deliverOutbox()
  assert.equal(t.mails.length, 0)
  t.clock.advance(1)
  assert.equal(await t.invite(email), id)
  await t.deliverOutbox()
  assert.deepEqual(
    t.mails.map((mail) => mail.to),
    [email],
  )
  assert.deepEqual(
    (await invitationsOf(t, id)).map((invitation: { state: string }) => invitation.state),
    ['revoked', 'open'],
  )
})

test('50 invitations at once of one address in case and Unicode variants make one user and one mail, and all answer its id (V-I10)', async () => {
  await using t = await startTestApp()
  const variants = [
    'race@example.com',
    'RACE@example.com',
    'Race@Example.com',
    '\uff52ace@example.com',
    'race\uff20example.com',
  ]
  for (let round = 0; round < 4; round += 1) {
    const keys = Array.from({ length: 50 }, (_, index) => `${round}${variants[index % variants.length]}`)
    const body = (key: string, index: number) =>
      index % 2 === 0 ? { emails: [key], roleName: '$member' } : { users: [{ email: key, roleName: '$member' }] }
    const answers = await Promise.all(keys.map((key, index) => t.post(users, body(key, index))))
    const ids = new Set<unknown>()
    for (const [index, answer] of answers.entries()) {
      assert.equal(answer.status, 200, answer.text)
      ids.add(answer.json.createdUsers[keys[index] ?? ''])
    }
    assert.equal(ids.size, 1, [...ids].join())
    assert.equal((await t.get(users)).json.totalRecord, round + 1)
    await t.deliverOutbox()
    assert.equal(t.mails.length, round + 1)
    assert.equal((await invitationsOf(t, String([...ids][0]))).length, 1)
  }
})

test('invitations at once of one address with different roles leave one user with one role; the others are told', async () => {
  await using t = await startTestApp()
  const roles = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? '$member' : '$guest'))
  const answers = await Promise.all(roles.map((roleName) => t.post(users, { users: [{ email, roleName }] })))
  const { json } = await t.get(users)
  assert.equal(json.totalRecord, 1)
  for (const [index, answer] of answers.entries()) {
    assert.equal(answer.status, roles[index] === json.records[0].workspaceRole ? 200 : 409, answer.text)
  }
  await t.deliverOutbox()
  assert.equal(t.mails.length, 1)
})

test('the same address may be invited in two tenants; neither knows of the other', async () => {
  await using t = await startTestApp()
  const here = await t.invite(email, '$member')
  const there = await t.invite(email, '$guest', t.other)
  assert.notEqual(here, there)
  assert.equal((await t.get(`${users}/${there}`)).status, 404)
  await t.deliverOutbox()
  assert.equal(t.mails.length, 2)
})
