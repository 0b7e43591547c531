import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

let t: TestApp

before(async () => {
  t = await startTestApp()
})

after(() => t[Symbol.asyncDispose]())

/** Spellings of types; a validator that one of them gets around would take the hostile body. Security contract, V-D3. */
const spellings = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset=UTF-8',
  'application/json ; charset=utf-8',
  'application/json; charset="utf-8"',
  'application/json;',
  'application/json; ',
  'application/json;;',
  'application/json; charset',
  'application/json; boundary=x',
  'application/json\t',
  'application/json\t; charset=utf-8',
  ' application/json',
  'APPLICATION/JSON',
  'Application/Json',
  'application/json,application/json',
  'application/json, text/plain',
  'text/plain, application/json',
  'application/jsonx',
  'application/json/x',
  'application/json+x',
  'application/ json',
  'application /json',
  'application\\json',
  'application/json\u00a0',
  'application/json; a=b; a=c',
  'application/scim+json',
  'application/problem+json',
  'application/vnd.api+json',
  'application/merge-patch+json',
  'application/x-json',
  'text/json',
  'text/plain',
  'text/html',
  'application/octet-stream',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'json',
  '*/*',
  'application/*',
  '/',
  '',
  ';',
  'a',
] as const

const hostile = [
  '{"__proto__":{"role":"admin"},"emails":["user01@example.com"]}',
  '{"emails":[{"email":"user01@example.com"}]}',
  '{"users":7}',
  '{"emails":["user01@example.com"],"emails":[]}',
]

test('under 40 spellings of Content-Type a hostile body is 400 or 415, and never read by other rules (V-D3)', async () => {
  assert.ok(spellings.length >= 40)
  for (const type of spellings) {
    for (const rawBody of hostile) {
      const answer = await t.request('POST', '/api/service/users', {
        rawBody,
        headers: { 'content-type': Buffer.from(type, 'utf8').toString('latin1') },
      })
      assert.ok(
        answer.status === 400 || answer.status === 415,
        `${JSON.stringify(type)} ${rawBody}: ${answer.status} ${answer.text}`,
      )
      assert.ok(['invalid_body', 'unsupported_media_type'].includes(answer.json.error), answer.text)
    }
  }
  assert.equal((await t.get('/api/service/users')).json.totalRecord, 0)
})

test('JSON is read under its own type, in any case and with any parameters; everything else is 415 (V-D3)', async () => {
  const read = new Set<string>()
  for (const type of spellings) {
    const email = `user${spellings.indexOf(type)}@example.com`
    const headers = { 'content-type': Buffer.from(type, 'utf8').toString('latin1') }
    const answer = await t.request('POST', '/api/service/users', {
      rawBody: JSON.stringify({ emails: [email] }),
      headers,
    })
    if (answer.status === 200) read.add(type)
    else assert.equal(answer.status, 415, `${JSON.stringify(type)}: ${answer.text}`)
  }
  for (const type of [
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'APPLICATION/JSON',
  ])
    assert.ok(read.has(type), type)
  for (const type of read) assert.match(type, /^\s*application\/json\s*(;|$)/i, 'nothing that only looks like it')
})

test('a body without a type is 415, and none at all is no body', async () => {
  const untyped = await t.request('POST', '/api/service/users', {
    rawBody: '{"emails":[]}',
    headers: { 'content-type': [] },
  })
  assert.equal(untyped.status, 415)
  const group = await t.addGroup('data')
  assert.equal((await t.post(`/api/service/groups/${group}/delete`)).status, 200)
})
