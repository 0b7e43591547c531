import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'
import { stateOf } from './testdata/people.ts'

test('a name may have 1,000 characters of any script, and not one more', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  for (const field of ['firstName', 'lastName']) {
    for (const text of ['x'.repeat(1_000), '😀'.repeat(1_000), 'Ünïcödé 名前 اسم', ' ', '', "O'Neil-<b>", '=1+1']) {
      const { status, json } = await t.post(`/api/service/users/${id}`, { [field]: text })
      assert.deepEqual([status, json[field]], [200, text])
    }
    const { status, json } = await t.post(`/api/service/users/${id}`, { [field]: '😀'.repeat(1_001) })
    assert.deepEqual([status, json.error], [400, 'invalid_body'])
    assert.match(json.message, new RegExp(`${field}.*1000`))
  }
})

test('names with control characters or marks that turn text around are refused', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const before = await stateOf(t, id)
  const marks = [
    '\u0001',
    '\t',
    '\n',
    '\r',
    '\u001b',
    '\u007f',
    '\u0080',
    '\u009f',
    '\u202a',
    '\u202e',
    '\u2066',
    '\u2069',
  ]
  for (const mark of marks) {
    for (const body of [{ firstName: `a${mark}b` }, { lastName: mark }, { attributes: { [`a${mark}`]: ['x'] } }]) {
      const { status, json } = await t.post(`/api/service/users/${id}`, body)
      assert.deepEqual([status, json.error], [400, 'invalid_body'], JSON.stringify(body))
    }
  }
  assert.deepEqual(await stateOf(t, id), before)
})

test('an attribute value may have 4 KiB, and not one byte more', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const value = `${'é'.repeat(2_047)}ab`
  assert.equal(Buffer.byteLength(value), 4_096)
  assert.deepEqual(
    (await t.post(`/api/service/users/${id}`, { attributes: { skills: [value] } })).json.attributes.skills,
    [value],
  )
  for (const values of [[`${value}c`], ['ok', `${value}c`], Array.from({ length: 101 }, () => 'x')]) {
    const { status, json } = await t.post(`/api/service/users/${id}`, { attributes: { skills: values } })
    assert.deepEqual([status, json.error], [400, 'invalid_body'])
    assert.match(json.message, /skills/)
  }
})

test('attributes stay bounded, however many updates add to them', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const some = (from: number, count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${from + index}`, ['x']]))
  assert.equal((await t.post(`/api/service/users/${id}`, { attributes: some(0, 60) })).status, 200)
  assert.equal((await t.post(`/api/service/users/${id}`, { attributes: some(60, 40) })).status, 200)
  const { status, json } = await t.post(`/api/service/users/${id}`, { attributes: some(100, 1) })
  assert.deepEqual([status, json.error], [400, 'invalid_body'])
  assert.match(json.message, /100/)
  assert.equal((await t.post(`/api/service/users/${id}`, { attributes: { key0: [], ...some(100, 1) } })).status, 200)
  assert.equal((await t.post(`/api/service/users/${id}`, { firstName: 'Still writable' })).status, 200)
})
