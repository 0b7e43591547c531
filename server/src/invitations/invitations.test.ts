import assert from 'node:assert/strict'
import { test } from 'node:test'
import { v4 as uuid } from 'uuid'
import { password, startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { invitationLifetimeMs } from './invitations.schema.ts'

const list = '/api/muster/invitations'

interface Found {
  readonly id: string
  readonly userId: string
  readonly email: string
  readonly state: string
  readonly expiresAt: number
}

async function find(t: TestApp, filter: object): Promise<Found[]> {
  return (await t.get(`${list}?sort=createdAt&filter=${encodeURIComponent(JSON.stringify(filter))}`)).json.records
}

async function findOne(t: TestApp, userId: string): Promise<Found> {
  const [only, ...more] = await find(t, { userId })
  assert.deepEqual(more, [])
  assert.ok(only)
  return only
}

async function accept(t: TestApp, token: string): Promise<number> {
  return (await t.post('/auth/accept-invite', { token, password }, { token: null })).status
}

function tokenOf(link: string | undefined): string {
  return /token=([A-Za-z0-9_-]+)/.exec(link ?? '')?.[1] ?? 'no link'
}

async function countEvents(t: TestApp, type: string): Promise<number> {
  return (await t.db.selectFrom('events').select('id').where('type', '=', type).execute()).length
}

test('an invitation is listed with what it offers, to whom, by whom, and until when', async () => {
  await using t = await startTestApp()
  const userId = await t.invite('user01@example.com', '$guest')
  const { json } = await t.get(list)
  const now = t.clock.now().getTime()
  const [record] = json.records
  assert.match(record.inviterName, /^service-account-apikey-/)
  assert.deepEqual(record, {
    id: record.id,
    userId,
    email: 'user01@example.com',
    role: '$guest',
    state: 'open',
    inviterName: record.inviterName,
    createdAt: now,
    expiresAt: now + invitationLifetimeMs,
    lastSentAt: now,
    acceptedAt: null,
    revokedAt: null,
  })
  assert.deepEqual((await t.get(`${list}/${record.id}`)).json, record)
})

test('the list is newest first, pages without gaps, filters, sorts and projects', async () => {
  await using t = await startTestApp()
  for (const name of ['b', 'a', 'c']) {
    await t.invite(`${name}@example.com`)
    t.clock.advance(1_000)
  }
  const emails = async (query: string) =>
    (await t.get(`${list}?${query}`)).json.records.map((record: Found) => record.email[0]).join('')
  assert.equal(await emails(''), 'cab')
  assert.equal(await emails('sort=createdAt'), 'bac')
  assert.equal(await emails('sort=email'), 'abc')
  assert.equal(await emails('sort=-email'), 'cba')
  assert.equal(await emails('sort=-expiresAt'), 'cab')
  assert.equal(await emails('limit=2'), 'ca')
  assert.equal(await emails('limit=2&offset=2'), 'b')
  assert.equal(await emails(`filter=${encodeURIComponent('email eq "a@example.com"')}`), 'a')
  assert.equal(
    await emails(`filter=${encodeURIComponent('{"email":{"$in":["a@example.com","b@example.com"]}}')}`),
    'ab',
  )
  assert.equal(await emails(`filter=${encodeURIComponent('createdAt gt "2026-01-02T03:04:06.000Z"')}`), 'c')
  const counted = (await t.get(`${list}?limit=1&filter=${encodeURIComponent('email sw "a"')}`)).json
  assert.deepEqual([counted.totalRecord, counted.filterRecord, counted.count], [3, 1, 1])
  const uncounted = (await t.get(`${list}?count=false&limit=2`)).json
  assert.deepEqual([uncounted.totalRecord, uncounted.filterRecord, uncounted.count], [0, 0, 2])
  assert.deepEqual(Object.keys((await t.get(`${list}?columns=email,state&limit=1`)).json.records[0]).toSorted(), [
    'email',
    'id',
    'state',
  ])
})

test('the list refuses what it does not know by name, token hashes above all', async () => {
  await using t = await startTestApp()
  await t.invite('user01@example.com')
  for (const [query, error] of [
    ['limit=101', 'limit_too_large'],
    ['sort=tokenHash', 'invalid_sort'],
    ['sort=token_hash', 'invalid_sort'],
    ['columns=tokenHash', 'invalid_columns'],
    [`filter=${encodeURIComponent('token_hash pr')}`, 'invalid_filter'],
    [`filter=${encodeURIComponent('{"tokenHash":{"$like":"a%"}}')}`, 'invalid_filter'],
  ]) {
    const answer = await t.get(`${list}?${query}`)
    assert.equal(answer.status, 400, query)
    assert.equal(answer.json.error, error, query)
  }
})

test('acceptedAt and revokedAt are null until it happened, for filters too', async () => {
  await using t = await startTestApp()
  await t.addUser('accepted')
  const revoked = await findOne(t, await t.invite('revoked@example.com'))
  await t.post(`${list}/${revoked.id}/revoke`)
  await t.invite('open@example.com')
  const emails = async (filter: string) =>
    (await t.get(`${list}?sort=email&filter=${encodeURIComponent(filter)}`)).json.records.map(
      (record: Found) => record.email.split('@')[0],
    )
  assert.deepEqual(await emails('acceptedAt pr'), ['accepted'])
  assert.deepEqual(await emails('revokedAt pr'), ['revoked'])
  assert.deepEqual(await emails('not (acceptedAt pr) and not (revokedAt pr)'), ['open'])
  assert.deepEqual(await emails('acceptedAt lt "2026-01-02T03:04:04Z"'), [])
})

test('resending ends the old link, mails a new one, and starts seven new days', async () => {
  await using t = await startTestApp()
  const invitation = await findOne(t, await t.invite('user01@example.com'))
  await t.deliverOutbox()
  t.clock.advance(invitationLifetimeMs - 1)
  assert.equal((await t.post(`${list}/${invitation.id}/resend`)).text, '')
  await t.deliverOutbox()
  const [first, second] = t.mails
  assert.equal(t.mails.length, 2)
  assert.equal(second?.to, 'user01@example.com')
  assert.notEqual(first?.id, second?.id)
  const renewed = await findOne(t, invitation.userId)
  assert.equal(renewed.expiresAt, t.clock.now().getTime() + invitationLifetimeMs)
  assert.equal(await countEvents(t, 'invitation.resent'), 1)
  t.clock.advance(invitationLifetimeMs - 1)
  assert.equal(await accept(t, tokenOf(first?.text)), 400)
  assert.equal(await accept(t, tokenOf(second?.text)), 200)
})

test('an expired invitation can be resent', async () => {
  await using t = await startTestApp()
  const invitation = await findOne(t, await t.invite('user01@example.com'))
  t.clock.advance(invitationLifetimeMs)
  assert.equal((await findOne(t, invitation.userId)).state, 'expired')
  assert.equal((await t.post(`${list}/${invitation.id}/resend`)).status, 200)
  assert.equal((await findOne(t, invitation.userId)).state, 'open')
  await t.deliverOutbox()
  assert.equal(await accept(t, tokenOf(t.mails.at(-1)?.text)), 200)
})

test('of a mail not yet sent and a resend only the new mail goes out', async () => {
  await using t = await startTestApp()
  const invitation = await findOne(t, await t.invite('user01@example.com'))
  await t.post(`${list}/${invitation.id}/resend`)
  await t.deliverOutbox()
  assert.equal(t.mails.length, 1)
  assert.equal(await accept(t, tokenOf(t.mails[0]?.text)), 200)
})

test('revoking ends link and mail at once, is recorded once, and can be repeated', async () => {
  await using t = await startTestApp()
  const invitation = await findOne(t, await t.invite('user01@example.com'))
  const token = await t.invitationToken(invitation.userId)
  await t.post(`${list}/${invitation.id}/resend`)
  for (let repeat = 0; repeat < 3; repeat += 1) {
    const answer = await t.post(`${list}/${invitation.id}/revoke`)
    assert.deepEqual([answer.status, answer.text], [200, ''])
    t.clock.advance(1_000)
  }
  assert.equal(await countEvents(t, 'invitation.revoked'), 1)
  await t.deliverOutbox()
  assert.equal(t.mails.length, 0)
  assert.equal(await accept(t, token), 400)
  const { json } = await t.get(`${list}/${invitation.id}`)
  assert.deepEqual([json.state, json.revokedAt], ['revoked', t.clock.now().getTime() - 3_000])
  assert.equal(
    (await t.get(`/api/service/users/${invitation.userId}`)).json.status,
    'Pending',
    'the pending user stays',
  )
})

test('the link to hand over works, is mailed to nobody, and ends the one before', async () => {
  await using t = await startTestApp()
  const invitation = await findOne(t, await t.invite('user01@example.com'))
  const links = []
  for (let count = 0; count < 2; count += 1) {
    const { status, json } = await t.post(`${list}/${invitation.id}/link`)
    assert.equal(status, 200)
    assert.equal(json.link, `http://127.0.0.1:${t.port}/auth/accept-invite?token=${tokenOf(json.link)}`)
    assert.equal(json.expiresAt, t.clock.now().getTime() + invitationLifetimeMs)
    links.push(json.link)
  }
  const [mail] = (await t.get('/api/muster/outbox')).json.records
  assert.deepEqual([mail.state, mail.link], ['discarded', null], 'the mail that waited is taken back at once')
  await t.deliverOutbox()
  assert.equal(t.mails.length, 0)
  assert.equal(await countEvents(t, 'invitation.link_copied'), 2)
  assert.equal(await accept(t, tokenOf(links[0])), 400)
  assert.equal(await accept(t, tokenOf(links[1])), 200)
})

test('a revoked or accepted invitation cannot be resent or copied, an accepted one not revoked', async () => {
  await using t = await startTestApp()
  const revoked = await findOne(t, await t.invite('user01@example.com'))
  await t.post(`${list}/${revoked.id}/revoke`)
  const accepted = await findOne(t, (await t.addUser('user02')).id)
  for (const [id, action] of [
    [revoked.id, 'resend'],
    [revoked.id, 'link'],
    [accepted.id, 'resend'],
    [accepted.id, 'link'],
    [accepted.id, 'revoke'],
  ]) {
    const answer = await t.post(`${list}/${id}/${action}`)
    assert.equal(answer.status, 409, `${action}: ${answer.text}`)
    assert.equal(answer.json.error, 'invitation_closed')
  }
})

test('no token and no hash of one is in any answer but that of the link', async () => {
  await using t = await startTestApp()
  const invitation = await findOne(t, await t.invite('user01@example.com'))
  const { token_hash: hash } = await t.db.selectFrom('invitations').select('token_hash').executeTakeFirstOrThrow()
  for (const path of [
    list,
    `${list}/${invitation.id}`,
    '/api/service/users',
    `/api/service/users/${invitation.userId}`,
    '/api/service/events/main',
  ]) {
    const { text } = await t.get(path)
    assert.ok(!text.includes(hash) && !text.includes('minv_'), path)
  }
})

test('with the user the invitations go, and with the tenant come no others', async () => {
  await using t = await startTestApp()
  const userId = await t.invite('user01@example.com')
  const there = await t.invite('user02@example.com', '$member', t.other)
  assert.deepEqual(await find(t, { userId: there }), [])
  const token = await t.invitationToken(userId)
  await t.post(`/api/service/users/${userId}/delete`)
  assert.equal((await t.get(list)).json.totalRecord, 0)
  assert.equal(await accept(t, token), 400)
  assert.equal((await t.post(`${list}/${uuid()}/resend`)).status, 404)
})
