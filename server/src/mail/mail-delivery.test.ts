import assert from 'node:assert/strict'
import { test } from 'node:test'
import { password, startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { releaseHeldMails } from './outbox.service.ts'
import { smtpDispatcher } from './testdata/smtp-dispatcher.ts'
import { SmtpReceiver, headerValues, type Received } from './testdata/smtp-receiver.ts'

/** Contract, 8.1: pauses before attempts 2 to 8, each with 20 % of jitter. */
const pausesMs = [30_000, 120_000, 600_000, 1_800_000, 7_200_000, 21_600_000, 86_400_000]

interface Item {
  readonly id: string
  readonly state: string
  readonly attempts: number
  readonly nextAttemptAt: number | null
  readonly lastError: string
  readonly link: string | null
}

async function items(t: TestApp): Promise<Item[]> {
  return (await t.get('/api/muster/outbox?sort=createdAt')).json.records
}

async function onlyItem(t: TestApp): Promise<Item> {
  const [only, ...more] = await items(t)
  assert.deepEqual(more, [])
  assert.ok(only)
  return only
}

async function invitationOf(t: TestApp, userId: string): Promise<string> {
  return (await t.get(`/api/muster/invitations?filter=${encodeURIComponent(JSON.stringify({ userId }))}`)).json
    .records[0].id
}

function tokenIn(mail: Received | undefined): string {
  // Quoted-printable folds long lines and writes "=" as "=3D".
  return /token=([A-Za-z0-9_-]+)/.exec((mail?.source ?? '').replaceAll('=\r\n', '').replaceAll('=3D', '='))?.[1] ?? ''
}

test('an invitation arrives with a link that works, after the answer and without it waiting', async () => {
  await using t = await startTestApp()
  await using receiver = await SmtpReceiver.start()
  await using dispatcher = smtpDispatcher(t, receiver.url)
  const id = await t.invite('user01@example.com')
  assert.equal(receiver.mails.length, 0, 'nothing is sent inside the request')
  assert.equal(await dispatcher.deliverDue(), 1)
  const [mail] = receiver.mails
  assert.deepEqual(mail?.recipients, ['<user01@example.com>'])
  const answer = await t.post('/auth/accept-invite', { token: tokenIn(mail), password }, { token: null })
  assert.equal(answer.json.id, id)
})

test('a mail the server defers is tried eight times with growing pauses, then has failed where admins see it', async () => {
  await using t = await startTestApp()
  let attempts = 0
  await using receiver = await SmtpReceiver.start({ judge: () => ((attempts += 1), { code: 451, text: 'greylisted' }) })
  await using dispatcher = smtpDispatcher(t, receiver.url)
  await t.invite('user01@example.com')
  for (const [index, pause] of pausesMs.entries()) {
    assert.equal(await dispatcher.deliverDue(), 1)
    const { state, attempts: counted, nextAttemptAt, lastError, link } = await onlyItem(t)
    assert.deepEqual([state, counted], ['waiting', index + 1])
    assert.match(lastError, /451.*greylisted/)
    assert.ok(link, 'its link can be handed over meanwhile')
    const wait = (nextAttemptAt ?? 0) - t.clock.now().getTime()
    assert.ok(wait >= pause * 0.8 && wait <= pause * 1.2, `pause ${index + 1} is ${wait}`)
    t.clock.advance(wait - 1)
    assert.equal(await dispatcher.deliverDue(), 0, 'not a millisecond early')
    t.clock.advance(1)
  }
  assert.equal(await dispatcher.deliverDue(), 1)
  assert.equal(attempts, 8)
  const { state, attempts: counted, nextAttemptAt } = await onlyItem(t)
  assert.deepEqual([state, counted, nextAttemptAt], ['failed', 8, null])
  t.clock.advance(30 * 86_400_000)
  assert.equal(await dispatcher.deliverDue(), 0)
})

test('a mail the server refuses for good has failed at once, and is not tried again by itself', async () => {
  await using t = await startTestApp()
  await using receiver = await SmtpReceiver.start({ judge: () => ({ code: 550, text: 'no such mailbox' }) })
  await using dispatcher = smtpDispatcher(t, receiver.url)
  await t.invite('user01@example.com')
  await dispatcher.deliverDue()
  const { state, attempts, lastError, link } = await onlyItem(t)
  assert.deepEqual([state, attempts, link], ['failed', 1, null])
  assert.match(lastError, /550.*no such mailbox/)
  t.clock.advance(86_400_000)
  assert.equal(await dispatcher.deliverDue(), 0)
})

test('mails promised while the mail server is down arrive once it is back, none twice', async () => {
  await using t = await startTestApp()
  let port = 0
  {
    await using gone = await SmtpReceiver.start()
    port = gone.port
  }
  await using down = smtpDispatcher(t, `smtp://127.0.0.1:${port}`)
  const emails = Array.from({ length: 5 }, (_, index) => `user${index}@example.com`)
  for (const email of emails) await t.invite(email)
  await down.deliverDue()
  for (const item of await items(t)) {
    assert.deepEqual([item.state, item.attempts], ['waiting', 1])
    assert.match(item.lastError, /ECONNREFUSED/)
  }
  await using receiver = await SmtpReceiver.start()
  await using up = smtpDispatcher(t, receiver.url)
  t.clock.advance(30_000 * 1.2)
  assert.equal(await up.deliverDue(), 5)
  assert.deepEqual(
    receiver.mails.map((mail) => mail.recipients[0]).toSorted(),
    emails.map((email) => `<${email}>`),
  )
})

test('after a crash between sending and noting it the mail comes again under the same message id', async () => {
  await using t = await startTestApp()
  await using receiver = await SmtpReceiver.start()
  await using crashing = smtpDispatcher(t, receiver.url)
  await t.invite('user01@example.com')
  await crashing.deliverDue()
  // What the database holds when a node dies after the server took the mail: leased, not settled, the secret still there.
  const token = tokenIn(receiver.mails[0])
  const payload = JSON.stringify({
    to: 'user01@example.com',
    inviterName: 'x',
    role: '$member',
    expiresAt: 1,
    secret: { token },
  })
  const lease = {
    state: 'waiting',
    attempts: 0,
    settled_at: 0,
    lease_owner: 'a dead node',
    lease_until: t.clock.now().getTime() + 60_000,
    payload,
  }
  await t.db.engine.transact((trx) => trx.updateTable('outbox').set(lease).execute())
  await using other = smtpDispatcher(t, receiver.url)
  assert.equal(await other.deliverDue(), 0, 'while the lease lasts')
  t.clock.advance(60_000)
  assert.equal(await other.deliverDue(), 1)
  const [first, second] = receiver.mails.map((mail) => headerValues(mail, 'Message-ID'))
  assert.deepEqual(second, first)
  assert.equal((await onlyItem(t)).state, 'sent')
})

test('once sent a mail has forgotten its link; in the database too', async () => {
  await using t = await startTestApp()
  await using receiver = await SmtpReceiver.start()
  await using dispatcher = smtpDispatcher(t, receiver.url)
  await t.invite('user01@example.com')
  assert.match((await onlyItem(t)).link ?? '', /token=minv_/)
  await dispatcher.deliverDue()
  const token = tokenIn(receiver.mails[0])
  assert.equal((await onlyItem(t)).link, null)
  const rows = await t.db.selectFrom('outbox').selectAll().execute()
  assert.ok(!JSON.stringify(rows).includes(token) && !JSON.stringify(rows).includes('minv_'))
})

test('without a mail server a mail is held, readable, and goes out once there is one', async () => {
  await using t = await startTestApp()
  await using none = smtpDispatcher(t, null)
  const id = await t.invite('user01@example.com')
  await none.deliverDue()
  const { state, attempts, lastError, link } = await onlyItem(t)
  assert.deepEqual([state, attempts], ['held', 0])
  assert.match(lastError, /SMTP_URL/)
  assert.equal(
    (
      await t.post(
        '/auth/accept-invite',
        { token: new URL(link ?? '').searchParams.get('token'), password: 'short' },
        { token: null },
      )
    ).json.error,
    'weak_password',
  )
  t.clock.advance(3_600_000)
  assert.equal(await none.deliverDue(), 0, 'it is not tried over and over')
  await using receiver = await SmtpReceiver.start()
  await using dispatcher = smtpDispatcher(t, receiver.url)
  await releaseHeldMails(t.serverDb, t.clock.now())
  assert.equal(await dispatcher.deliverDue(), 1)
  assert.equal(
    (await t.post('/auth/accept-invite', { token: tokenIn(receiver.mails[0]), password }, { token: null })).json.id,
    id,
  )
})

test('a mail about an invitation that was revoked, accepted, expired, replaced or deleted meanwhile is dropped at the moment of sending', async () => {
  await using t = await startTestApp({ mail: null })
  await using receiver = await SmtpReceiver.start()
  await using dispatcher = smtpDispatcher(t, receiver.url)
  const revoke = async (id: string) => t.post(`/api/muster/invitations/${await invitationOf(t, id)}/revoke`)
  const cases: readonly (readonly [string, (id: string) => Promise<unknown>])[] = [
    ['revoked', revoke],
    ['copied', (id) => t.invitationToken(id)],
    ['deleted', (id) => t.post(`/api/service/users/${id}/delete`)],
    ['moved', (id) => t.post(`/api/service/users/${id}`, { email: `new-${id}@example.com` })],
    [
      'accepted',
      async (id) => t.post('/auth/accept-invite', { token: await t.invitationToken(id), password }, { token: null }),
    ],
    ['expired', async () => t.clock.advance(7 * 86_400_000)],
  ]
  for (const [name, happen] of cases) {
    const id = await t.invite(`${name}@example.com`)
    // Held, as without a mail server: these are the mails that wait longest.
    await t.deliverOutbox()
    await happen(id)
    await releaseHeldMails(t.serverDb, t.clock.now())
    await dispatcher.deliverDue()
    assert.ok(!receiver.mails.some((mail) => mail.recipients.includes(`<${name}@example.com>`)), name)
  }
  assert.equal(receiver.mails.length, 1, 'the new address alone got its link')
})

test('of a held mail and its resend one arrives, and its link works', async () => {
  await using t = await startTestApp({ mail: null })
  await using receiver = await SmtpReceiver.start()
  await using dispatcher = smtpDispatcher(t, receiver.url)
  const id = await t.invite('user01@example.com')
  await t.deliverOutbox()
  await t.post(`/api/muster/invitations/${await invitationOf(t, id)}/resend`)
  await releaseHeldMails(t.serverDb, t.clock.now())
  await dispatcher.deliverDue()
  assert.equal(receiver.mails.length, 1)
  const answer = await t.post('/auth/accept-invite', { token: tokenIn(receiver.mails[0]), password }, { token: null })
  assert.equal(answer.json.id, id)
})
