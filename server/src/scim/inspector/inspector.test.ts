import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../../test/start-test-app.ts'

const url = '/api/muster/scim/log'
const userUrn = 'urn:ietf:params:scim:schemas:core:2.0:User'
const groupUrn = 'urn:ietf:params:scim:schemas:core:2.0:Group'
const dayMs = 86_400_000

interface Step {
  readonly outcome: string
  readonly operation: string
  readonly attribute: string
  readonly note: string
  readonly before: string
  readonly after: string
}

interface Entry {
  readonly seq: number
  readonly requestId: string
  readonly method: string
  readonly status: number
  readonly cause: string
  readonly detail: string
  readonly steps: readonly Step[]
}

async function log(t: TestApp, query = ''): Promise<Entry[]> {
  await t.settleScim()
  const { status, json, text } = await t.get(`${url}${query}`)
  assert.equal(status, 200, text)
  return json.items
}

function patch(...operations: readonly object[]): object {
  return { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: operations }
}

/** A workspace with SCIM on; answers a way to ask it as Okta does. */
async function start() {
  const t = await startTestApp()
  const { id, secret } = await t.addScimToken({ label: 'Okta' })
  const headers = { 'user-agent': 'Okta SCIM Client 1.0.0' }
  const scim = (method: string, path: string, body?: object) =>
    t.request(method, `/api/scim/v2/${path}`, { token: secret, headers, ...(body === undefined ? {} : { body }) })
  const addUser = async (userName: string, more: object = {}) =>
    (await scim('POST', 'Users', { schemas: [userUrn], userName, ...more })).json.id
  return { t, scim, addUser, tokenId: id, secret, [Symbol.asyncDispose]: () => t[Symbol.asyncDispose]() }
}

test('every request is kept: when, by which token and client, from where, what came out and how long it took', async () => {
  await using own = await start()
  const { t, scim, tokenId } = own
  await scim('GET', 'Users?filter=userName%20eq%20%22a%22')
  const [entry] = await log(t)
  const { seq, requestId, durationMs, responseBytes, ...rest } = entry as unknown as Record<string, unknown>
  for (const value of [seq, durationMs, responseBytes]) assert.equal(typeof value, 'number')
  assert.match(String(requestId), /^[0-9a-f-]{36}$/)
  assert.deepEqual(rest, {
    at: t.clock.now().getTime(),
    token: { id: tokenId, label: 'Okta' },
    address: '127.0.0.1',
    userAgent: 'Okta SCIM Client 1.0.0',
    client: 'Okta',
    suggestedProfile: 'okta',
    method: 'GET',
    path: '/api/scim/v2/Users',
    query: 'filter=userName%20eq%20%22a%22',
    status: 200,
    scimType: '',
    detail: '',
    cause: '',
    requestBytes: 0,
    steps: [],
  })
})

test('a user’s trace tells in order what was received, matched, changed and passed over, with before and after', async () => {
  await using own = await start()
  const { t, scim, addUser } = own
  const id = await addUser('ann@example.com', { externalId: 'ext-1', favouriteColour: 'red' })
  const other = await addUser('bob@example.com')
  await scim('GET', `Users?filter=${encodeURIComponent('userName eq "ann@example.com"')}`)
  await scim('PATCH', `Users/${id}`, patch({ op: 'replace', path: 'name.givenName', value: 'Ann' }))
  await scim('PATCH', `Users/${id}`, patch({ op: 'replace', path: 'name.givenName', value: 'Ann' }))
  await scim('PATCH', `Users/${other}`, patch({ op: 'replace', path: 'active', value: false }))
  const trace = (await log(t, `?user=${id}`)).toReversed()
  const lines = trace.map(({ method, steps }) => [
    method,
    ...steps.map(({ outcome, attribute }) => `${outcome} ${attribute}`.trim()),
  ])
  assert.deepEqual(lines, [
    ['POST', 'changed', 'skipped favouriteColour'],
    ['GET', 'matched'],
    ['PATCH', 'changed name'],
    ['PATCH', 'skipped'],
  ])
  const [change] = trace[2]?.steps ?? []
  assert.deepEqual([change?.before, change?.after], ['', '{"givenName":"Ann"}'])
  assert.match(trace[1]?.steps[0]?.note ?? '', /^matched by userName eq "…"$/)
  assert.match(trace[3]?.steps[0]?.note ?? '', /so already/)
})

test('a member that does not exist is named in the log, whether it was refused or passed over', async () => {
  await using own = await start()
  const { t, scim } = own
  const group = (await scim('POST', 'Groups', { schemas: [groupUrn], displayName: 'team' })).json.id
  const add = patch({ op: 'add', path: 'members', value: [{ value: 'nobody' }] })
  assert.equal((await scim('PATCH', `Groups/${group}`, add)).status, 400)
  await t.post('/api/muster/scim/settings', { overrides: { danglingMembers: 'ignore' } })
  assert.equal((await scim('PATCH', `Groups/${group}`, add)).status, 200)
  for (const [outcome, status] of [
    ['refused', 400],
    ['skipped', 200],
  ] as const) {
    const [entry] = await log(t, `?group=${group}&outcome=${outcome}`)
    assert.equal(entry?.status, status)
    const note = entry?.steps.find((step) => step.outcome === outcome)?.note ?? ''
    assert.match(note, /no user or group has the id nobody/)
  }
})

test('who is turned away at the door is in the log with the cause in plain words, which the client did not hear', async () => {
  await using own = await start()
  const { t, tokenId, secret } = own
  await t.get('/api/scim/v2/Users', { token: null })
  await t.get('/api/scim/v2/Users', { token: null, headers: { authorization: 'Basic eDp5' } })
  await t.get('/api/scim/v2/Users', { token: t.acme.token })
  await t.get('/api/scim/v2/Users', { token: 'mscim_unknown' })
  await t.delete(`/api/muster/scim/tokens/${tokenId}`)
  await t.get('/api/scim/v2/Users', { token: secret })
  const entries = (await log(t)).toReversed()
  assert.deepEqual(
    entries.map(({ status }) => status),
    [401, 401, 401, 401, 401],
  )
  const causes = entries.map(({ cause }) => cause)
  for (const [index, cause] of [
    /^no credentials$/,
    /^malformed credentials$/,
    /^this is an API token; SCIM needs the SCIM token/,
    /^unknown token$/,
    /^revoked 2026-01-02T03:04:05/,
  ].entries())
    assert.match(causes[index] ?? '', cause)
})

test('one who keeps knocking fills no log: sixty refusals of an address are kept a minute, and the gap is shown', async () => {
  await using own = await start()
  const { t, scim } = own
  for (let knock = 0; knock < 70; knock += 1) await t.get('/api/scim/v2/Users', { token: 'mscim_unknown' })
  assert.equal((await log(t, '?status=401&limit=100')).length, 60)
  await scim('GET', 'Users')
  assert.match((await log(t))[0]?.cause ?? '', /10 earlier requests were not kept/)
  t.clock.advance(60_000)
  await t.get('/api/scim/v2/Users', { token: 'mscim_unknown' })
  assert.equal((await log(t))[0]?.status, 401)
})

test('no password and no token is kept, however it comes', async () => {
  await using own = await start()
  const { t, scim, addUser } = own
  await t.post('/api/muster/scim/settings', { overrides: { passwords: true } })
  const canary = 'canary in the coal mine 7431'
  const id = await addUser('ann@example.com', { password: canary })
  await scim('PUT', `Users/${id}`, { schemas: [userUrn], userName: 'ann@example.com', PassWord: `${canary} put` })
  await scim('PATCH', `Users/${id}`, patch({ op: 'replace', path: 'password', value: `${canary} patch` }))
  await scim('PATCH', `Users/${id}`, patch({ op: 'replace', path: `${userUrn}:password`, value: `${canary} urn` }))
  await scim('PATCH', `Users/${id}`, patch({ op: 'replace', value: { password: `${canary} pathless` } }))
  await scim('POST', 'Bulk', {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
    Operations: [
      {
        method: 'PUT',
        path: `/Users/${id}`,
        data: { schemas: [userUrn], userName: 'ann@example.com', password: `${canary} bulk` },
      },
    ],
  })
  await scim('GET', `Users?filter=${encodeURIComponent(`password eq "${canary}"`)}`)
  await t.request('POST', '/api/scim/v2/Users', { token: own.secret, rawBody: `{"password":"${canary}", broken` })
  await scim('GET', `Users?access_token=${own.secret}`)
  const entries = await log(t, '?limit=100')
  assert.ok(entries.length >= 9)
  const whole = await Promise.all(entries.map(({ seq }) => t.get(`${url}/${seq}`)))
  assert.ok(whole.some(({ json }) => json.requestBody.includes('"(hidden)"')))
  const rows = await t.db.selectFrom('scim_log').selectAll().execute()
  const steps = await t.db.selectFrom('scim_log_steps').selectAll().execute()
  const kept = JSON.stringify([
    whole.map(({ text }) => text),
    rows,
    steps,
    await t.db.selectFrom('events').selectAll().execute(),
  ])
  assert.ok(
    !kept.includes('canary in the coal'),
    kept.slice(Math.max(0, kept.indexOf('canary in the coal') - 300)).slice(0, 600),
  )
  assert.ok(!kept.includes(own.secret))
})

test('a request is read with its bodies, and one that is too long is not kept whole', async () => {
  await using own = await start()
  const { t, scim, addUser } = own
  await addUser('ann@example.com')
  const [first] = await log(t)
  const { json } = await t.get(`${url}/${first?.seq}`)
  assert.equal(JSON.parse(json.requestBody).userName, 'ann@example.com')
  assert.equal(JSON.parse(json.responseBody).userName, 'ann@example.com')
  await scim('POST', 'Users', { schemas: [userUrn], userName: 'big@example.com', title: 'x'.repeat(70_000) })
  const [big] = await log(t)
  const whole = (await t.get(`${url}/${big?.seq}`)).json
  assert.ok(whole.requestBody.length < 200)
  for (const id of ['0', 'x', '999999999'])
    assert.equal((await t.get(`${url}/${id}`)).json.error, 'scim_log_entry_not_found')
})

test('entries are shown for as many days as the workspace chose, thirty unless said otherwise, then deleted', async () => {
  await using own = await start()
  const { t, scim } = own
  await scim('GET', 'Users?count=0')
  const [entry] = await log(t)
  t.clock.advance(30 * dayMs)
  assert.equal((await log(t)).length, 1)
  t.clock.advance(1)
  assert.deepEqual(await log(t), [])
  assert.equal((await t.get(`${url}/${entry?.seq}`)).status, 404)
  await t.post('/api/muster/scim/settings', { logDays: 60 })
  assert.equal((await log(t)).length, 1, 'what is left of it is shown again')
  await t.post('/api/muster/scim/settings', { logDays: 1 })
  for (let number = 0; number < 200; number += 1) await scim('GET', 'ServiceProviderConfig')
  await t.settleScim()
  const left = await t.db.selectFrom('scim_log').select('at').execute()
  assert.ok(left.length >= 190 && left.every(({ at }) => at > t.clock.now().getTime() - dayMs), 'the old one is gone')
})

test('with a log of no days nothing is kept', async () => {
  await using own = await start()
  const { t, scim } = own
  await t.post('/api/muster/scim/settings', { logDays: 0 })
  await scim('GET', 'Users')
  await t.get('/api/scim/v2/Users', { token: null })
  await t.settleScim()
  assert.deepEqual(await t.db.selectFrom('scim_log').select('seq').execute(), [])
})

test('the log is filtered by person, group, external id, request, outcome, status and time, and read in pages', async () => {
  await using own = await start()
  const { t, scim, addUser } = own
  const ann = await addUser('ann@example.com', { externalId: 'ext-ann' })
  t.clock.advance(1_000)
  const bob = await addUser('bob@example.com', { externalId: 'ext-bob' })
  t.clock.advance(1_000)
  await scim('GET', 'Users/nobody')
  const all = await log(t)
  assert.equal(all.length, 3)
  const found = async (query: string) => (await log(t, query)).map(({ seq }) => seq)
  const [third, second, first] = all.map(({ seq }) => seq)
  assert.deepEqual(await found(`?user=${ann}`), [first])
  assert.deepEqual(await found(`?user=${bob}&outcome=changed`), [second])
  assert.deepEqual(await found('?externalId=ext-bob'), [second])
  assert.deepEqual(await found('?status=404'), [third])
  assert.deepEqual(await found(`?requestId=${all[1]?.requestId}`), [second])
  assert.deepEqual(await found('?to=2026-01-02T03:04:05Z'), [first])
  assert.deepEqual(await found('?from=2026-01-02T03:04:06.000Z'), [third, second])
  assert.deepEqual(await found('?limit=2'), [third, second])
  assert.deepEqual(await found(`?limit=2&before=${second}`), [first])
  assert.deepEqual(await found('?user=nobody-at-all'), [])
  for (const name of ['user', 'externalId', 'requestId', 'outcome'])
    assert.deepEqual(await found(`?${name}=a%00b`), [], name)
  for (const query of ['?limit=101', '?limit=x', '?from=yesterday', '?status=1e9', '?user=a&user=b'])
    assert.deepEqual((await t.get(`${url}${query}`)).json.error, 'invalid_request', query)
})

test('a workspace sees its own requests only', async () => {
  await using own = await start()
  const { t, scim } = own
  await scim('GET', 'Users')
  await t.settleScim()
  const theirs = await t.get(url, { token: t.other.token, host: t.other.host })
  assert.deepEqual(theirs.json.items, [])
})
