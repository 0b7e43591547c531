import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

const path = '/api/service/oauth-clients'
let t: TestApp

before(async () => {
  t = await startTestApp()
  for (const [displayName, role, description] of [
    ['beta', '$guest', 'nightly'],
    ['alpha', '$admin', ''],
    ['gamma', '$guest', 'weekly'],
  ]) {
    await t.post(path, { displayName, role, description })
    t.clock.advance(1_000)
  }
  await t.post(path, { displayName: 'foreign', role: '$guest' }, { token: t.other.token, host: t.other.host })
})

after(() => t[Symbol.asyncDispose]())

async function names(query: string): Promise<string[]> {
  const { status, json, text } = await t.get(`${path}?${query}`)
  assert.equal(status, 200, text)
  return json.records.map((record: { displayName: string }) => record.displayName)
}

test('the oldest client comes first, unless another order is asked for', async () => {
  for (const [query, expected] of [
    ['', 'beta alpha gamma'],
    ['sort=createdAt', 'beta alpha gamma'],
    ['sort=-createdAt', 'gamma alpha beta'],
    ['sort=displayName', 'alpha beta gamma'],
    ['sort=-displayName', 'gamma beta alpha'],
    ['count=true&offset=1&limit=1', 'alpha'],
  ] as const)
    assert.equal((await names(query)).join(' '), expected, query)
  for (const key of ['role', 'clientId', 'updatedAt'])
    assert.equal((await t.get(`${path}?sort=${key}`)).json.error, 'invalid_sort')
})

test('clients are filtered by what their records show, in both languages', async () => {
  const created = (await t.get(`${path}?sort=createdAt`)).json.records
  for (const [filter, expected] of [
    [{ displayName: 'beta' }, 'beta'],
    [{ displayName: { $like: '%a' } }, 'beta alpha gamma'],
    [{ description: 'weekly' }, 'gamma'],
    [{ role: '$guest' }, 'beta gamma'],
    [{ role: { $neq: '$guest' } }, 'alpha'],
    [{ role: { $in: ['$admin', '$member'] } }, 'alpha'],
    [{ clientId: created[2].clientId }, 'gamma'],
    [{ id: created[0].id }, 'beta'],
    [{ createdAt: { $gt: Number(created[0].createdAt) } }, 'alpha gamma'],
    [{ createdBy: created[0].createdBy }, 'beta alpha gamma'],
    [{ updatedAt: { $gt: 0 } }, ''],
    [{ clientId: { $in: [''] } }, ''],
    ['role eq "$admin" or displayName sw "b"', 'beta alpha'],
  ] as const) {
    const text = typeof filter === 'string' ? filter : JSON.stringify(filter)
    assert.equal((await names(`filter=${encodeURIComponent(text)}`)).join(' '), expected, text)
  }
  for (const field of ['secret_hash', 'clientSecret', 'personaQNs', 'version'])
    assert.equal((await t.get(`${path}?filter=${encodeURIComponent(`{"${field}":"x"}`)}`)).json.error, 'invalid_filter')
})

test('every key of the record is a column, and no other', async () => {
  const { records } = (await t.get(`${path}?limit=1`)).json
  await t.put(`${path}/${records[0].clientId}`, { description: 'changed' })
  const [record] = (await t.get(`${path}?limit=1`)).json.records
  for (const column of Object.keys(record)) {
    const [projected] = (await t.get(`${path}?limit=1&columns=${column}`)).json.records
    assert.deepEqual(projected, { id: record.id, [column]: record[column] })
  }
  for (const column of ['clientSecret', 'secret_hash', 'version'])
    assert.equal((await t.get(`${path}?columns=${column}`)).json.error, 'invalid_columns')
})
