import assert from 'node:assert/strict'
import { test } from 'node:test'
import { password, startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { invitePeople, makeScimManaged, stateOf, usernames } from './testdata/people.ts'

function tokenIn(text: string): string {
  return new URL(/https?:\S+/.exec(text)?.[0] ?? '').searchParams.get('token') ?? ''
}

async function accept(t: TestApp, token: string): Promise<{ status: number; error: string; email: string }> {
  const body = { token, username: 'chosen', firstName: 'F', lastName: 'L', password }
  const { status, json } = await t.post('/auth/accept-invite', body, { token: null })
  return { status, error: json.error, email: json.email }
}

test('a new address is shown, found and unverified at once, and the old one is free', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const { status, json } = await t.post(`/api/service/users/${user.id}`, { email: 'new01@example.com' })
  assert.deepEqual([status, json.email, json.emailVerified], [200, 'new01@example.com', false])
  assert.deepEqual(await usernames(t, { filter: 'email eq "NEW01@example.com"' }), ['user01'])
  assert.deepEqual(await usernames(t, { filter: '{"email":{"$ilike":"%new01%"}}' }), ['user01'])
  assert.deepEqual(await usernames(t, { filter: '{"email":{"$ilike":"%user01@%"}}' }), [])
  assert.notEqual(await t.invite('user01@example.com'), user.id)
})

test('an address in use is refused in every spelling, and nothing of the update happens', async () => {
  await using t = await startTestApp()
  const [id = ''] = await invitePeople(t, [{ username: 'user01' }])
  await invitePeople(t, [{ username: 'user02', email: 'taken@example.com' }])
  const before = await stateOf(t, id)
  for (const email of [
    'taken@example.com',
    'TAKEN@EXAMPLE.COM',
    ' taken@example.com ',
    'ｔaken@example.com',
    'taken＠example.com',
  ]) {
    const { status, json } = await t.post(`/api/service/users/${id}`, { firstName: 'X', email })
    assert.deepEqual([status, json.error], [409, 'user_exists'], email)
    assert.doesNotMatch(json.message, /user02/)
  }
  assert.deepEqual(await stateOf(t, id), before)
  await t.invite('there@example.com', '$member', t.other)
  assert.equal((await t.post(`/api/service/users/${id}`, { email: 'there@example.com' })).status, 200)
})

test('what is no address is refused', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const before = await stateOf(t, id)
  for (const email of [
    '',
    ' ',
    'x',
    '@example.com',
    'a@',
    'a b@example.com',
    'a@b',
    'a@example.com\r\nBcc: evil@evil.example',
    '"a"@example.com',
    'a@[127.0.0.1]',
    'a@example.com,b@example.com',
    'a..b@example.com',
    `${'x'.repeat(65)}@example.com`,
    `a@${'x'.repeat(250)}.com`,
  ]) {
    const { status, json } = await t.post(`/api/service/users/${id}`, { email })
    assert.deepEqual([status, json.error], [400, 'invalid_email'], email)
  }
  assert.deepEqual(await stateOf(t, id), before)
})

test('the stored address in another spelling is no change', async () => {
  await using t = await startTestApp()
  const id = await t.invite('User01@example.com')
  const before = await stateOf(t, id)
  for (const email of ['User01@example.com', 'user01@EXAMPLE.com']) {
    assert.equal((await t.post(`/api/service/users/${id}`, { email })).json.email, 'User01@example.com')
  }
  assert.deepEqual(await stateOf(t, id), before)
})

test('a pending user with a new address gets a new link there, and the old link ends', async () => {
  await using t = await startTestApp()
  const id = await t.invite('old@example.com')
  await t.deliverOutbox()
  const [old] = t.mails
  await t.post(`/api/service/users/${id}`, { email: 'new@example.com' })
  await t.deliverOutbox()
  assert.deepEqual(
    t.mails.map((mail) => mail.to),
    ['old@example.com', 'new@example.com'],
  )
  assert.deepEqual(await accept(t, tokenIn(old?.text ?? '')).then(({ status, error }) => [status, error]), [
    400,
    'invalid_invitation',
  ])
  const accepted = await accept(t, tokenIn(t.mails[1]?.text ?? ''))
  assert.deepEqual([accepted.status, accepted.email], [200, 'new@example.com'])
  assert.equal((await t.get(`/api/service/users/${id}`)).json.status, 'Enabled')
})

test('a mail to the old address that still waits is never sent', async () => {
  await using t = await startTestApp()
  const id = await t.invite('old@example.com')
  await t.post(`/api/service/users/${id}`, { email: 'between@example.com' })
  await t.post(`/api/service/users/${id}`, { email: 'new@example.com' })
  await t.deliverOutbox()
  assert.deepEqual(
    t.mails.map((mail) => mail.to),
    ['new@example.com'],
  )
})

test('somebody who accepted gets no mail with the new address', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  await t.deliverOutbox()
  const mails = t.mails.length
  await t.post(`/api/service/users/${user.id}`, { email: 'new@example.com' })
  await t.deliverOutbox()
  assert.equal(t.mails.length, mails)
})

test('two people cannot get one address, not even at once', async () => {
  await using t = await startTestApp()
  const ids = await invitePeople(
    t,
    Array.from({ length: 8 }, (_, index) => ({ username: `user0${index}` })),
  )
  const answers = await Promise.all(
    ids.map((id, index) =>
      t.post(`/api/service/users/${id}`, { email: index % 2 === 0 ? 'one@example.com' : 'ONE@example.com' }),
    ),
  )
  assert.deepEqual(answers.map((answer) => answer.status).toSorted(), [200, ...Array.from({ length: 7 }, () => 409)])
  assert.equal((await usernames(t, { filter: 'email eq "one@example.com"' })).length, 1)
})

test('the address of a user whom the IdP manages is changed there, by nobody here', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  await makeScimManaged(t, user.id)
  const before = await stateOf(t, user.id)
  for (const token of [t.acme.token, user.token]) {
    const { status, json } = await t.post(`/api/service/users/${user.id}`, { email: 'new@example.com' }, { token })
    assert.deepEqual([status, json.error], [409, 'managed_by_scim'])
  }
  assert.deepEqual(await stateOf(t, user.id), before)
  assert.equal((await t.post(`/api/service/users/${user.id}`, { email: user.email, firstName: 'New' })).status, 200)
})
