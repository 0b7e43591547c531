import assert from 'node:assert/strict'
import { test } from 'node:test'
import { v4 as uuid } from 'uuid'
import { password, startTestApp, type TestApp } from '../../test/start-test-app.ts'

const outbox = '/api/muster/outbox'

interface Item {
  readonly id: string
  readonly to: string
  readonly state: string
  readonly link: string | null
}

async function items(t: TestApp, query = ''): Promise<Item[]> {
  return (await t.get(`${outbox}?sort=createdAt&${query}`)).json.records
}

async function itemTo(t: TestApp, email: string): Promise<Item> {
  const found = (await items(t)).find((item) => item.to === email)
  assert.ok(found, email)
  return found
}

async function actions(t: TestApp): Promise<string[]> {
  const rows = await t.db
    .selectFrom('events')
    .select(['type', 'subject_id'])
    .where('type', 'in', ['outbox_item.retried', 'outbox_item.discarded'])
    .orderBy('id')
    .execute()
  return rows.map((row) => row.type)
}

test('a promised mail shows to whom, about what, in which state, and the link that still works', async () => {
  await using t = await startTestApp({ mail: null, env: { MUSTER_PUBLIC_URL: 'https://muster.example.com' } })
  await t.invite('user01@example.com', '$guest')
  await t.deliverOutbox()
  const { json } = await t.get(outbox)
  assert.deepEqual([json.totalRecord, json.filterRecord, json.count], [1, 1, 1])
  const [record] = json.records
  const invitation = (await t.get('/api/muster/invitations')).json.records[0]
  const now = t.clock.now().getTime()
  assert.match(record.link, /^https:\/\/muster\.example\.com\/auth\/accept-invite\?token=minv_[A-Za-z0-9_-]{43}$/)
  assert.deepEqual(record, {
    id: record.id,
    kind: 'invitation-mail',
    subjectId: invitation.id,
    to: 'user01@example.com',
    state: 'held',
    attempts: 0,
    nextAttemptAt: null,
    lastError: 'No mail server is set (SMTP_URL).',
    createdAt: now,
    settledAt: null,
    link: record.link,
    payload: {
      to: 'user01@example.com',
      inviterName: invitation.inviterName,
      role: '$guest',
      expiresAt: invitation.expiresAt,
    },
  })
  assert.deepEqual((await t.get(`${outbox}/${record.id}`)).json, record)
  const token = new URL(record.link).searchParams.get('token')
  assert.equal((await t.post('/auth/accept-invite', { token, password }, { token: null })).status, 200)
})

test('the list filters, projects and pages; payload and secret are no fields to filter by', async () => {
  await using t = await startTestApp({
    mail: ({ to }) => (to.startsWith('bad') ? { kind: 'refused', reason: 'no' } : { kind: 'sent' }),
  })
  for (const email of ['good@example.com', 'bad@example.com']) await t.invite(email)
  await t.deliverOutbox()
  t.clock.advance(1_000)
  await t.invite('new@example.com')
  const filtered = async (filter: object | string) =>
    (await items(t, `filter=${encodeURIComponent(typeof filter === 'string' ? filter : JSON.stringify(filter))}`)).map(
      (item) => item.to.split('@')[0],
    )
  assert.deepEqual(await filtered({ state: 'failed' }), ['bad'])
  assert.deepEqual(await filtered('state eq "sent"'), ['good'])
  assert.deepEqual(await filtered({ state: { $in: ['waiting', 'held'] } }), ['new'])
  assert.deepEqual((await t.get(outbox)).json.records[0].to, 'new@example.com', 'the newest first')
  assert.deepEqual(Object.keys((await t.get(`${outbox}?columns=state&limit=1`)).json.records[0]).toSorted(), [
    'id',
    'state',
  ])
  for (const query of [
    'filter=payload pr',
    'filter=secret pr',
    'filter=lease_owner pr',
    'sort=payload',
    'columns=secret',
    'limit=101',
  ]) {
    const [name = '', value = ''] = query.split('=')
    assert.equal((await t.get(`${outbox}?${name}=${encodeURIComponent(value)}`)).status, 400, query)
  }
})

test('send now makes a failed, held or waiting mail due at once, with all its attempts again', async () => {
  let refuses = true
  await using t = await startTestApp({
    mail: () => (refuses ? { kind: 'refused', reason: '550 no' } : { kind: 'sent' }),
  })
  await t.invite('user01@example.com')
  await t.deliverOutbox()
  const failed = await itemTo(t, 'user01@example.com')
  assert.equal(failed.state, 'failed')
  refuses = false
  const answer = await t.post(`${outbox}/${failed.id}/retry`)
  assert.deepEqual([answer.status, answer.text], [200, ''])
  const { json } = await t.get(`${outbox}/${failed.id}`)
  assert.deepEqual(
    [json.state, json.attempts, json.nextAttemptAt, json.settledAt],
    ['waiting', 0, t.clock.now().getTime(), null],
  )
  await t.deliverOutbox()
  assert.equal((await itemTo(t, 'user01@example.com')).state, 'sent')
  assert.equal(t.mails.length, 2)
  assert.equal(t.mails[0]?.id, t.mails[1]?.id, 'the same mail under the same id')
  assert.deepEqual(await actions(t), ['outbox_item.retried'])
})

test('a mail that waits for its next attempt is sent now when an admin says so', async () => {
  let defers = true
  await using t = await startTestApp({
    mail: () => (defers ? { kind: 'again', reason: '451 later' } : { kind: 'sent' }),
  })
  await t.invite('user01@example.com')
  await t.deliverOutbox()
  defers = false
  assert.equal(await t.deliverOutbox(), 0)
  await t.post(`${outbox}/${(await itemTo(t, 'user01@example.com')).id}/retry`)
  assert.equal(await t.deliverOutbox(), 1)
})

test('a discarded mail is never sent and has forgotten its link, but still says to whom it was', async () => {
  await using t = await startTestApp()
  await t.invite('user01@example.com')
  const { id } = await itemTo(t, 'user01@example.com')
  assert.equal((await t.post(`${outbox}/${id}/discard`)).status, 200)
  assert.equal(await t.deliverOutbox(), 0)
  const { json } = await t.get(`${outbox}/${id}`)
  assert.deepEqual(
    [json.state, json.to, json.link, json.settledAt],
    ['discarded', 'user01@example.com', null, t.clock.now().getTime()],
  )
  const row = await t.db.selectFrom('outbox').select('payload').executeTakeFirstOrThrow()
  assert.ok(!row.payload.includes('minv_'))
  assert.deepEqual(await actions(t), ['outbox_item.discarded'])
  assert.equal(t.mails.length, 0)
})

test('what is sent or discarded is settled: nothing can be done about it, and nothing is recorded', async () => {
  await using t = await startTestApp()
  await t.invite('sent@example.com')
  await t.deliverOutbox()
  await t.invite('discarded@example.com')
  await t.post(`${outbox}/${(await itemTo(t, 'discarded@example.com')).id}/discard`)
  for (const email of ['sent@example.com', 'discarded@example.com']) {
    for (const action of ['retry', 'discard']) {
      const answer = await t.post(`${outbox}/${(await itemTo(t, email)).id}/${action}`)
      assert.equal(answer.status, 409, `${action} ${email}`)
      assert.equal(answer.json.error, 'outbox_item_settled')
    }
  }
  assert.deepEqual(await actions(t), ['outbox_item.discarded'])
  assert.equal(await t.deliverOutbox(), 0)
})

test('items of another tenant are unknown, and its list is its own', async () => {
  await using t = await startTestApp()
  await t.invite('there@example.com', '$member', t.other)
  const auth = { token: t.other.token, host: t.other.host }
  const [theirs] = (await t.get(outbox, auth)).json.records
  assert.deepEqual(await items(t), [])
  for (const path of [`${outbox}/${theirs.id}`, `${outbox}/${uuid()}`]) {
    assert.equal((await t.get(path)).json.error, 'outbox_item_not_found')
    for (const action of ['retry', 'discard']) assert.equal((await t.post(`${path}/${action}`)).status, 404)
  }
  assert.equal((await t.get(`${outbox}/${theirs.id}`, auth)).json.state, 'waiting')
})
