import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'
import type { RequestOptions } from '../../test/test-client.ts'

const minuteMs = 60 * 1000

function withId(id: string, key?: string): RequestOptions {
  return { headers: { 'x-atlan-request-id': id, ...(key === undefined ? {} : { 'idempotency-key': key }) } }
}

const creates: readonly (readonly [path: string, body: object, other: object])[] = [
  ['/api/service/users', { emails: ['user01@example.com'] }, { emails: ['user02@example.com'] }],
  ['/api/service/groups', { group: { name: 'team01' } }, { group: { name: 'team02' } }],
  ['/api/service/personas', { name: 'persona01' }, { name: 'persona02' }],
  ['/api/service/purposes', { name: 'purpose01', tags: ['tag01'] }, { name: 'purpose02', tags: ['tag01'] }],
  ['/api/service/apikeys', { displayName: 'token01' }, { displayName: 'token02' }],
]

for (const [path, body, other] of creates) {
  test(`POST ${path}: a repeat under the same X-Atlan-Request-Id gets the first answer for 15 minutes; another body is a new request`, async () => {
    await using t = await startTestApp()
    const shown = (text: string) => text.replace(/mst_[\w-]{43}/, '<secret>')
    const first = await t.post(path, body, withId('request-1'))
    assert.equal(first.status, 200, first.text)
    const another = await t.post(path, other, withId('request-1'))
    assert.deepEqual([another.status, another.headers['idempotent-replayed']], [200, undefined], another.text)
    t.clock.advance(15 * minuteMs - 1)
    const again = await t.post(path, body, withId('request-1'))
    assert.deepEqual([again.status, shown(again.text)], [200, shown(first.text)])
    assert.deepEqual([again.headers['idempotent-replayed'], again.headers['x-atlan-request-id']], ['true', 'request-1'])
    assert.equal(shown((await t.post(path, other, withId('request-1'))).text), shown(another.text))
    const fresh = await t.post(path, body, withId('request-2'))
    assert.equal(fresh.headers['idempotent-replayed'], undefined)
    t.clock.advance(1)
    assert.equal((await t.post(path, body, withId('request-1'))).headers['idempotent-replayed'], undefined)
  })
}

test('an id that is not fit to be repeated names nothing, and other operations take none', async () => {
  await using t = await startTestApp()
  const body = { group: { name: 'team01' } }
  await t.addGroup('without any id')
  for (const [id, status] of [
    ['not fit', 200],
    ['not fit', 409],
  ] as const)
    assert.equal((await t.post('/api/service/groups', body, withId(id))).status, status)
  assert.deepEqual(await t.db.selectFrom('idempotency_keys').select('key_hash').execute(), [])
  const id = await t.addGroup('team02')
  for (const note of ['a', 'b', 'a']) {
    const answer = await t.post(`/api/service/groups/${id}`, { attributes: { note: [note] } }, withId('request-1'))
    assert.deepEqual([answer.status, answer.headers['idempotent-replayed']], [200, undefined])
  }
  assert.deepEqual((await t.get('/api/service/groups?filter={"name":"team02"}')).json.records[0].attributes.note, ['a'])
})

test('where both headers come, the Idempotency-Key alone counts', async () => {
  await using t = await startTestApp()
  const path = '/api/service/groups'
  const first = await t.post(path, { group: { name: 'team01' } }, withId('request-1', 'key-1'))
  assert.equal((await t.post(path, { group: { name: 'team01' } }, withId('request-2', 'key-1'))).text, first.text)
  assert.equal((await t.post(path, { group: { name: 'team01' } }, withId('request-1'))).json.error, 'group_exists')
  assert.equal((await t.post(path, { group: { name: 'team02' } }, withId('request-1', 'key-1'))).status, 422)
})
