import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import type { Answer } from '../../test/test-client.ts'

const invites = { MUSTER_RATE_INVITES_PER_MINUTE: '50' }
const mails = { MUSTER_RATE_MAILS_PER_HOUR: '3' }

function assertLimited({ status, json, headers }: Answer, policy: string): void {
  assert.deepEqual([status, json.error], [429, 'rate_limited'], JSON.stringify(json))
  assert.match(String(headers['retry-after']), /^[1-9]\d*$/)
  assert.equal(headers['ratelimit'], `"${policy}";r=0;t=${headers['retry-after']}`)
}

async function openInvitation(t: TestApp, userId: string): Promise<string> {
  const { json } = await t.get(`/api/muster/invitations?filter=${encodeURIComponent(JSON.stringify({ userId }))}`)
  return json.records[0].id
}

test('V-I13: an admin makes 50 invite calls a minute, whatever token they use; the 51st is 429 and invites nobody', async () => {
  await using t = await startTestApp({ env: invites })
  const admin = await t.addUser('admin01', '$admin')
  const tokens = [admin.token, await t.personalToken(admin.id)]
  const pending = await t.invite('pending@example.com')
  const resend = `/api/muster/invitations/${await openInvitation(t, pending)}/resend`
  for (let call = 0; call < 50; call += 1) {
    const token = tokens[call % 2] ?? ''
    const answer =
      call % 5 === 0
        ? await t.post(resend, undefined, { token })
        : await t.post('/api/service/users', { emails: [`person${call}@example.com`] }, { token })
    assert.equal(answer.status, 200, answer.text)
  }
  const { totalRecord } = (await t.get('/api/service/users?limit=1')).json
  for (const token of tokens) {
    assertLimited(await t.post('/api/service/users', { emails: ['late@example.com'] }, { token }), 'invites')
    assertLimited(await t.post(resend, undefined, { token }), 'invites')
  }
  assert.equal((await t.get('/api/service/users?limit=1')).json.totalRecord, totalRecord)
  assert.equal((await t.get('/api/service/users', { token: admin.token })).status, 200, 'other calls go on')
  assert.equal((await t.post('/api/service/users', { emails: ['other@example.com'] })).status, 200, 'another admin')
  t.clock.advance(1_200)
  assert.equal(
    (await t.post('/api/service/users', { emails: ['late@example.com'] }, { token: admin.token })).status,
    200,
  )
})

test('V-I13: whoever may not invite is told so, however often they try', async () => {
  await using t = await startTestApp({ env: { MUSTER_RATE_INVITES_PER_MINUTE: '2' } })
  const token = await t.serviceToken('$member')
  for (let call = 0; call < 5; call += 1)
    assert.equal((await t.post('/api/service/users', { emails: ['a@example.com'] }, { token })).status, 403)
})

test('V-I13: one address gets three mails an hour, by whichever call; the fourth is 429 and changes nothing', async () => {
  await using t = await startTestApp({ env: mails })
  const userId = await t.invite('person@example.com')
  const id = await openInvitation(t, userId)
  for (let again = 0; again < 2; again += 1)
    assert.equal((await t.post(`/api/muster/invitations/${id}/resend`)).status, 200)
  const before = (await t.get(`/api/muster/invitations/${id}`)).json
  t.clock.advance(1_000)
  const refused = await t.post(`/api/muster/invitations/${id}/resend`)
  assertLimited(refused, 'mails')
  assert.match(refused.json.message, /3 in 3600 s/)
  assert.deepEqual((await t.get(`/api/muster/invitations/${id}`)).json, before)
  assert.equal((await t.post(`/api/muster/invitations/${id}/link`)).status, 200, 'a link sends no mail')
  assert.equal((await t.post('/api/service/users', { emails: ['person@example.com'] })).status, 200, 'a repeat neither')
  await t.post(`/api/service/users/${userId}/delete`)
  for (const body of [{ emails: ['PERSON@example.com'] }, { users: [{ email: 'person@example.com' }] }])
    assertLimited(await t.post('/api/service/users', body), 'mails')
  assert.equal((await t.get('/api/service/users')).json.totalRecord, 0)
  const another = await t.invite('another@example.com')
  assertLimited(await t.post(`/api/service/users/${another}`, { email: 'person@example.com' }), 'mails')
  const tenantOfItsOwn = { token: t.other.token, host: t.other.host }
  assert.equal((await t.post('/api/service/users', { emails: ['person@example.com'] }, tenantOfItsOwn)).status, 200)
  t.clock.advance(20 * 60_000)
  assert.equal((await t.post('/api/service/users', { emails: ['person@example.com'] })).status, 200)
})

test('V-I13: in a call with several people only those are left out who had too many mails', async () => {
  await using t = await startTestApp({ env: { MUSTER_RATE_MAILS_PER_HOUR: '1' } })
  await t.post(`/api/service/users/${await t.invite('known@example.com')}/delete`)
  const emails = ['new1@example.com', 'known@example.com', 'new2@example.com']
  const { status, json } = await t.post('/api/service/users', { emails })
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(json.createdUsers), ['new1@example.com', 'new2@example.com'])
  assert.match(json.failedUsers['known@example.com'], /^rate_limited: /)
  assert.equal((await t.get('/api/service/users')).json.totalRecord, 2)
  const mixed = await t.post('/api/service/users', { users: [{ email: 'known@example.com' }, { email: 'no address' }] })
  assert.deepEqual([mixed.status, mixed.json.error], [400, 'invalid_email'], 'what can be mended is said first')
})

test('V-I13: an expired invitation is renewed at most as often as its address may get mails', async () => {
  await using t = await startTestApp({ env: { MUSTER_RATE_MAILS_PER_HOUR: '1' } })
  const userId = await t.invite('person@example.com')
  const id = await openInvitation(t, userId)
  await t.post(`/api/muster/invitations/${id}/revoke`)
  assertLimited(await t.post('/api/service/users', { emails: ['person@example.com'] }), 'mails')
  t.clock.advance(3_600_000)
  const { json } = await t.post('/api/service/users', { emails: ['person@example.com'] })
  assert.deepEqual(json.createdUsers, { 'person@example.com': userId })
})

test('V-I13: at twenty calls at once one address still gets three mails', async () => {
  await using t = await startTestApp({ env: mails })
  const id = await openInvitation(t, await t.invite('person@example.com'))
  const answers = await Promise.all(Array.from({ length: 20 }, () => t.post(`/api/muster/invitations/${id}/resend`)))
  assert.equal(answers.filter(({ status }) => status === 200).length, 2)
  assert.ok(answers.every(({ status }) => status === 200 || status === 429))
})

test('V-I13: a list of 101 is 400; of 100 with one bad address 99 are invited and one is named', async () => {
  await using t = await startTestApp()
  const people = (count: number) => Array.from({ length: count }, (_, index) => `person${index}@example.com`)
  const { status, json } = await t.post('/api/service/users', { emails: people(101) })
  assert.deepEqual([status, json.error], [400, 'invalid_body'])
  assert.match(json.message, /101.*100/)
  const answer = await t.post('/api/service/users', { emails: [...people(99), 'no address'] })
  assert.equal(Object.keys(answer.json.createdUsers).length, 99)
  assert.deepEqual(Object.keys(answer.json.failedUsers), ['no address'])
})
