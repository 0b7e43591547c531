import assert from 'node:assert/strict'
import { test } from 'node:test'
import { password, startTestApp, type TestApp } from '../../test/start-test-app.ts'
import type { Answer } from '../../test/test-client.ts'
import { invitationLifetimeMs } from './invitations.schema.ts'

const path = '/auth/accept-invite'
/** The same in every request, so that answers can be compared as they are. */
const headers = { 'x-atlan-request-id': 'links' }

function accept(t: TestApp, token: unknown, host?: string): Promise<Answer> {
  return t.post(path, { token, password }, { token: null, headers, ...(host === undefined ? {} : { host }) })
}

async function invitationIdOf(t: TestApp, userId: string): Promise<string> {
  return (await t.get(`/api/muster/invitations?filter=${encodeURIComponent(JSON.stringify({ userId }))}`)).json
    .records[0].id
}

/** The one answer for everything that is wrong with a link. */
async function refusal(t: TestApp): Promise<string> {
  const answer = await accept(t, 'minv_unknown')
  assert.equal(answer.status, 400)
  assert.equal(answer.json.error, 'invalid_invitation')
  return answer.text
}

test('whatever is wrong with a link, the answer is the same to the byte, and the person stays pending (V-I1)', async () => {
  await using t = await startTestApp()
  const expected = await refusal(t)
  const cases: readonly (readonly [string, (id: string, token: string) => Promise<unknown>])[] = [
    ['expired by a millisecond', async () => t.clock.advance(invitationLifetimeMs)],
    ['revoked', async (id) => t.post(`/api/muster/invitations/${await invitationIdOf(t, id)}/revoke`)],
    ['resent', async (id) => t.post(`/api/muster/invitations/${await invitationIdOf(t, id)}/resend`)],
    ['copied anew', async (id) => t.invitationToken(id)],
    ['its user disabled', async (id) => t.post(`/api/service/users/${id}`, { enabled: false })],
    ['its user deleted', async (id) => t.post(`/api/service/users/${id}/delete`)],
    ['its address changed', async (id) => t.post(`/api/service/users/${id}`, { email: `moved-${id}@example.com` })],
    ['used', async (_id, token) => accept(t, token)],
  ]
  for (const [name, spoil] of cases) {
    const id = await t.invite(`${name.replaceAll(' ', '-')}@example.com`)
    const token = await t.invitationToken(id)
    await spoil(id, token)
    assert.equal((await accept(t, token)).text, expected, name)
    const { json } = await t.get(`/api/service/users/${id}`)
    assert.notEqual(json.status, name === 'used' ? 'Pending' : 'Enabled', name)
  }
})

test('an invitation holds until the last millisecond of its seven days, with no worker running (V-I2)', async () => {
  await using t = await startTestApp()
  const [early, late] = [await t.invite('early@example.com'), await t.invite('late@example.com')]
  const tokens = [await t.invitationToken(early), await t.invitationToken(late)]
  t.clock.advance(invitationLifetimeMs - 1)
  assert.equal((await accept(t, tokens[0])).status, 200)
  t.clock.advance(1)
  assert.equal((await accept(t, tokens[1])).text, await refusal(t))
  assert.equal(
    (await t.get(`${path}?token=`, { token: null, headers: { cookie: `muster-invite=${tokens[1]}` } })).status,
    400,
  )
})

test('no token with one bit flipped is a token, nor one cut, longer, padded, in other case or of another kind (V-I1)', async () => {
  await using t = await startTestApp()
  const expected = await refusal(t)
  const id = await t.invite('user01@example.com')
  const token = await t.invitationToken(id)
  const bytes = Buffer.from(token, 'latin1')
  const wrong: unknown[] = [
    '',
    token.slice(0, -1),
    `${token}A`,
    ` ${token}`,
    `${token} `,
    `${token}\n`,
    `${token}=`,
    token.toUpperCase(),
    token.toLowerCase(),
    token.replace('minv_', 'mst_'),
    token.replace('minv_', ''),
    `Bearer ${token}`,
    `${token},${token}`,
    encodeURIComponent(`${token}/`),
    id,
  ]
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    wrong.push(flipped.toString('latin1'))
  }
  for (const text of wrong) {
    const answer = await accept(t, text)
    // A NUL is refused before anybody looks for the token.
    if (String(text).includes('\0')) assert.equal(answer.status, 400)
    else assert.equal(answer.text, expected, JSON.stringify(text))
  }
  assert.equal((await accept(t, token)).status, 200, 'the token itself')
})

test('a token of one tenant is unknown on the host of another, and used up by no attempt there (V-I1)', async () => {
  await using t = await startTestApp()
  const token = await t.invitationToken(await t.invite('user01@example.com'))
  assert.equal((await accept(t, token, t.other.host)).text, await refusal(t))
  const page = await t.get(path, { token: null, host: t.other.host, headers: { cookie: `muster-invite=${token}` } })
  assert.equal(page.status, 400)
  assert.equal((await accept(t, token, 'unknown.example.com')).status, 421)
  assert.equal((await accept(t, token)).status, 200)
})

test('of any number of acceptances at once exactly one succeeds, the others get the text of any wrong link (V-I3)', async () => {
  await using t = await startTestApp()
  const expected = await refusal(t)
  // Hashing takes most of the time; few attempts and many rounds find a race as well as many attempts.
  const rounds = [16, ...Array.from({ length: 19 }, () => 3)]
  for (const [round, attempts] of rounds.entries()) {
    const token = await t.invitationToken(await t.invite(`user${round}@example.com`))
    const answers = await Promise.all(Array.from({ length: attempts }, () => accept(t, token)))
    assert.equal(answers.filter((answer) => answer.status === 200).length, 1)
    for (const answer of answers) if (answer.status !== 200) assert.equal(answer.text, expected)
  }
  const accepted = await t.db.selectFrom('events').select('id').where('type', '=', 'invitation.accepted').execute()
  assert.equal(accepted.length, rounds.length)
})

test('accepting, revoking, resending and disabling at once end in one state that all answers agree with (V-I3)', async () => {
  await using t = await startTestApp()
  for (let round = 0; round < 12; round += 1) {
    const id = await t.invite(`user${round}@example.com`)
    const token = await t.invitationToken(id)
    const invitation = await invitationIdOf(t, id)
    const rivals = [
      () => t.post(`/api/muster/invitations/${invitation}/revoke`),
      () => t.post(`/api/muster/invitations/${invitation}/resend`),
      () => t.post(`/api/service/users/${id}`, { enabled: false }),
    ]
    const [accepted, rival] = await Promise.all([accept(t, token), rivals[round % 3]?.()])
    const { json } = await t.get(`/api/service/users/${id}`)
    assert.equal(accepted.status === 200, json.emailVerified, 'accepted means accepted')
    if (round % 3 < 2) assert.notEqual(accepted.status === 200, rival?.status === 200, 'either the one or the other')
    else assert.equal(json.enabled, false)
  }
})

test('a disabled person cannot accept, and can with the same link once enabled again', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const token = await t.invitationToken(id)
  await t.post(`/api/service/users/${id}`, { enabled: false })
  assert.equal((await accept(t, token)).text, await refusal(t))
  assert.equal(
    (await t.get(path, { token: null, headers: { cookie: `muster-invite=${token}` } })).status,
    400,
    'nor is anything offered',
  )
  await t.post(`/api/service/users/${id}`, { enabled: true })
  assert.equal((await accept(t, token)).status, 200)
})

test('after a change of address the new link alone works, and it went to the new address (V-I1, V-I3)', async () => {
  await using t = await startTestApp()
  const id = await t.invite('old@example.com')
  const old = await t.invitationToken(id)
  await t.post(`/api/service/users/${id}`, { email: 'new@example.com' })
  await t.deliverOutbox()
  assert.deepEqual(
    t.mails.map((mail) => mail.to),
    ['new@example.com'],
  )
  assert.equal((await accept(t, old)).text, await refusal(t))
  const mailed = /token=(\S+)/.exec(t.mails[0]?.text ?? '')?.[1]
  assert.equal((await accept(t, mailed)).json.email, 'new@example.com')
})

test('opening a link uses nothing up, however often a mail scanner does it', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const token = await t.invitationToken(id)
  for (const method of ['GET', 'HEAD', 'GET', 'HEAD']) {
    assert.equal((await t.request(method, `${path}?token=${token}`, { token: null })).status, 303)
    assert.equal(
      (await t.request(method, path, { token: null, headers: { cookie: `muster-invite=${token}` } })).status,
      200,
    )
  }
  assert.equal((await t.get(`/api/service/users/${id}`)).json.status, 'Pending')
  assert.equal((await accept(t, token)).status, 200)
})
