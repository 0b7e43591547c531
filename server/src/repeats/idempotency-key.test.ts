import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashDatabase } from '../../test/database-hash.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import type { Answer, RequestOptions } from '../../test/test-client.ts'

const users = '/api/service/users'
const groups = '/api/service/groups'
const hourMs = 60 * 60 * 1000

function keyed(key: string, options: RequestOptions = {}): RequestOptions {
  return { ...options, headers: { ...options.headers, 'idempotency-key': key } }
}

function same(again: Answer, first: Answer): void {
  assert.deepEqual([again.status, again.text], [first.status, first.text])
  assert.deepEqual([again.headers['idempotent-replayed'], first.headers['idempotent-replayed']], ['true', undefined])
  assert.deepEqual(
    [again.headers.etag, again.headers['content-type']],
    [first.headers.etag, first.headers['content-type']],
  )
}

/** Everything there is, events counted. */
async function everything(t: TestApp): Promise<unknown> {
  const { count } = await t.db
    .selectFrom('events')
    .select((eb) => eb.fn.countAll().as('count'))
    .executeTakeFirstOrThrow()
  return [await hashDatabase(t.db), Number(count)]
}

test('the same request under the same key is done once: the repeat gets status, body and ETag of the first', async () => {
  await using t = await startTestApp()
  const userId = await t.invite('user01@example.com')
  const groupId = await t.addGroup('team01')
  const roleId = await t.roleId('$guest')
  const requests: readonly (readonly [method: string, path: string, body?: unknown])[] = [
    ['POST', users, { emails: ['user02@example.com'] }],
    ['POST', users, { emails: ['no address', 'user03@example.com'] }],
    ['POST', groups, { group: { name: 'team02' } }],
    ['POST', `${users}/${userId}`, { firstName: 'First' }],
    ['POST', `${groups}/${groupId}`, { attributes: { description: ['one'] } }],
    ['POST', `${groups}/${groupId}/members`, { users: [userId] }],
    ['PUT', `${users}/${userId}/roles`, { roles: [roleId] }],
    ['POST', `${users}/${userId}/delete`],
  ]
  for (const [index, [method, path, body]] of requests.entries()) {
    const options = keyed(`key ${index}`, body === undefined ? {} : { body })
    const first = await t.request(method, path, options)
    assert.ok(first.status < 300, first.text)
    const before = await everything(t)
    same(await t.request(method, path, options), first)
    assert.deepEqual(await everything(t), before, `${method} ${path}`)
  }
  assert.equal((await t.get(`${users}?filter={"username":{"$like":"%user0%"}}`)).json.filterRecord, 2)
})

test('the ETag of an answer under a key is that of the change, not of the state before', async () => {
  await using t = await startTestApp()
  const path = `${users}/${await t.invite('user01@example.com')}`
  const before = (await t.get(path)).headers.etag
  const changed = await t.post(path, { firstName: 'First' }, keyed('one'))
  assert.notEqual(changed.headers.etag, before)
  assert.equal(changed.headers.etag, (await t.get(path)).headers.etag)
  const again = await t.post(
    path,
    { lastName: 'Last' },
    keyed('two', { headers: { 'if-match': changed.headers.etag ?? '' } }),
  )
  assert.equal(again.status, 200)
  // What was true then is the answer, whatever happened since.
  same(await t.post(path, { firstName: 'First' }, keyed('one')), changed)
})

test('another body or address under the same key is refused with 422 and changes nothing', async () => {
  await using t = await startTestApp()
  const [one, two] = [await t.addGroup('team01'), await t.addGroup('team02')]
  assert.equal((await t.post(`${groups}/${one}`, { attributes: { note: ['a'] } }, keyed('k'))).status, 200)
  const before = await everything(t)
  for (const answer of [
    await t.post(`${groups}/${one}`, { attributes: { note: ['b'] } }, keyed('k')),
    await t.post(`${groups}/${two}`, { attributes: { note: ['a'] } }, keyed('k')),
    await t.post(`${groups}/${one}?x=1`, { attributes: { note: ['a'] } }, keyed('k')),
  ]) {
    assert.deepEqual([answer.status, answer.json.error], [422, 'idempotency_key_reused'])
  }
  assert.deepEqual(await everything(t), before)
})

test('the same JSON is the same body, however it is laid out; quotes around the key are not part of it', async () => {
  await using t = await startTestApp()
  const first = await t.post(groups, { group: { name: 'team01' } }, keyed('a "b" \\c'))
  assert.equal(first.status, 200)
  const rawBody = '{ "group" : {\n"name":"team\\u00301"} }'
  same(await t.request('POST', groups, keyed('"a \\"b\\" \\\\c"', { rawBody })), first)
})

test('a key counts for one tenant, one actor and one operation', async () => {
  await using t = await startTestApp()
  const elsewhere = { token: t.other.token, host: t.other.host }
  const body = { emails: ['user01@example.com'] }
  const first = await t.post(users, body, keyed('k'))
  const theirs = await t.post(users, body, keyed('k', elsewhere))
  assert.deepEqual([first.status, theirs.status, theirs.headers['idempotent-replayed']], [200, 200, undefined])
  assert.notEqual(theirs.json.createdUsers['user01@example.com'], first.json.createdUsers['user01@example.com'])
  const colleague = await t.serviceToken('$admin')
  assert.equal((await t.post(users, { emails: ['user02@example.com'] }, keyed('k', { token: colleague }))).status, 200)
  assert.equal((await t.post(groups, { group: { name: 'team01' } }, keyed('k'))).status, 200)
  same(await t.post(users, body, keyed('k')), first)
})

test('what was answered without a credential is given in that tenant alone', async () => {
  await using t = await startTestApp()
  const token = await t.invitationToken(await t.invite('user01@example.com'))
  const body = { token, username: 'user01', password: 'correct horse battery staple' }
  const accept = (host: string) => t.post('/auth/accept-invite', body, keyed('k', { token: null, host }))
  const first = await accept(t.acme.host)
  assert.equal(first.status, 200)
  assert.equal((await accept(t.other.host)).json.error, 'invalid_invitation')
  same(await accept(t.acme.host), first)
})

test('a key counts for 24 hours by the clock; after that the request is a new one', async () => {
  await using t = await startTestApp()
  const body = { displayName: 'ci' }
  const first = await t.post('/api/service/apikeys', body, keyed('k'))
  const group = await t.post(groups, { group: { name: 'team01' } }, keyed('k'))
  t.clock.advance(24 * hourMs - 1)
  assert.equal((await t.post('/api/service/apikeys', body, keyed('k'))).json.id, first.json.id)
  same(await t.post(groups, { group: { name: 'team01' } }, keyed('k')), group)
  t.clock.advance(1)
  const later = await t.post('/api/service/apikeys', body, keyed('k'))
  assert.deepEqual([later.status, later.headers['idempotent-replayed']], [200, undefined])
  assert.notEqual(later.json.id, first.json.id)
  assert.equal((await t.post(groups, { group: { name: 'team01' } }, keyed('k'))).json.error, 'group_exists')
  // The new one counts from its own time, and another body is free to use the old name.
  t.clock.advance(24 * hourMs - 1)
  assert.equal((await t.post('/api/service/apikeys', body, keyed('k'))).json.id, later.json.id)
  assert.equal((await t.post(groups, { group: { name: 'team02' } }, keyed('k'))).status, 200)
})

test('a refusal has no effect and is not kept: under the same key the request is judged again', async () => {
  await using t = await startTestApp()
  const id = await t.addGroup('team01')
  const member = { users: ['nobody'] }
  for (let times = 0; times < 2; times += 1) {
    const refused = await t.post(`${groups}/${id}/members`, member, keyed('k'))
    assert.deepEqual([refused.status, refused.headers['idempotent-replayed']], [404, undefined])
  }
  const userId = await t.invite('user01@example.com')
  const path = `${users}/${userId}`
  const wrong = { body: { firstName: 'First' }, headers: { 'if-match': '"0-0-0"', 'idempotency-key': 'u' } }
  assert.equal((await t.request('POST', path, wrong)).status, 412)
  const changed = await t.post(path, { firstName: 'First' }, keyed('u'))
  assert.equal(changed.status, 200)
  const joined = await t.post(`${groups}/${id}/members`, { users: [userId] }, keyed('k'))
  assert.equal(joined.status, 200, 'whose first use was refused, with another body')
})

test('a request that is still running is answered 409 to whoever repeats it, and goes on', async () => {
  await using t = await startTestApp()
  await t.addGroup('team01')
  const held = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  // Every group that is created moves this counter.
  const blocking = t.db.engine.transact(async (trx) => {
    await trx.updateTable('counters').set({ name: 'groups' }).where('name', '=', 'groups').execute()
    held.resolve()
    await release.promise
  })
  await held.promise
  const send = () => t.post(groups, { group: { name: 'team02' } }, keyed('k'))
  const both = [send(), send()]
  const refused = await Promise.race(both)
  assert.deepEqual([refused.status, refused.json.error], [409, 'request_in_progress'])
  assert.equal(refused.headers['retry-after'], '1')
  // Another body is none the better off.
  assert.equal((await t.post(groups, { group: { name: 'team03' } }, keyed('k'))).status, 409)
  release.resolve()
  await blocking
  const done = (await Promise.all(both)).find((answer) => answer.status !== 409)
  assert.equal(done?.status, 200)
  same(await send(), done)
})

test('a hundred at once under one key make one group', async () => {
  await using t = await startTestApp()
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => t.post(groups, { group: { name: 'team01' } }, keyed('k'))),
  )
  const done = answers.filter((answer) => answer.status === 200)
  assert.ok(done.length > 0)
  assert.equal(new Set(done.map((answer) => answer.text)).size, 1)
  assert.equal(done.filter((answer) => answer.headers['idempotent-replayed'] === undefined).length, 1)
  assert.deepEqual(
    new Set(answers.filter((answer) => answer.status !== 200).map((answer) => answer.json.error)),
    new Set(done.length === 100 ? [] : ['request_in_progress']),
  )
  assert.equal((await t.get(groups)).json.totalRecord, 1)
})

test('a malformed key is refused with 400 before anything is done', async () => {
  await using t = await startTestApp()
  const before = await everything(t)
  const wrong = ['', '   ', 'x'.repeat(256), 'a\tb', 'schlüssel', '"open', '"a"b"', '"a\\b"', '""', '"a"; p=1']
  for (const key of wrong) {
    const answer = await t.post(groups, { group: { name: 'team01' } }, keyed(key))
    assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_request'], key)
    assert.match(answer.json.detail, /Idempotency-Key must be 1 to 255 printable/)
  }
  const twice = { headers: { 'idempotency-key': ['a', 'b'] }, body: { group: { name: 'team01' } } }
  assert.match((await t.request('POST', groups, twice)).json.detail, /two Idempotency-Key/)
  assert.deepEqual(await everything(t), before)
  // Longest and plainest; and where it means nothing it is not looked at.
  assert.equal((await t.post(groups, { group: { name: 'team01' } }, keyed('x'.repeat(255)))).status, 200)
  assert.equal((await t.post(groups, { group: { name: 'team02' } }, keyed('~'))).status, 200)
  assert.equal((await t.get(groups, keyed(''))).status, 200)
})

test('whoever lost the role is refused, whatever was answered before', async () => {
  await using t = await startTestApp()
  await t.addUser('admin02', '$admin')
  const admin = await t.addUser('admin01', '$admin')
  const options = keyed('k', { token: admin.token })
  assert.equal((await t.post(groups, { group: { name: 'team01' } }, options)).status, 200)
  const demoted = await t.post(`${users}/${admin.id}/roles/update`, { roleId: await t.roleId('$member') })
  assert.equal(demoted.status, 200)
  assert.equal((await t.post(groups, { group: { name: 'team01' } }, options)).status, 403)
})
