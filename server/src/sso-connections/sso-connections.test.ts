import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashDatabase } from '../../test/database-hash.ts'
import { startTestApp } from '../../test/start-test-app.ts'
import { changePlan } from '../tenants/tenants.service.ts'
import { certificates } from './testdata/certificates.ts'
import { idp, rich } from './testdata/metadata.ts'

const url = '/api/muster/sso-connections'

function okta(values: object = {}): object {
  return { alias: 'okta', metadataXml: rich, ...values }
}

test('a connection is answered as it is listed and read, on unless said otherwise', async () => {
  await using t = await startTestApp()
  const made = await t.post(url, okta({ displayName: 'Okta Cloud' }))
  assert.equal(made.status, 200, made.text)
  const { alias, displayName, enabled, updatedAt, createdAt } = made.json
  assert.deepEqual(
    { alias, displayName, enabled, updatedAt, createdAt },
    { alias: 'okta', displayName: 'Okta Cloud', enabled: true, updatedAt: null, createdAt: t.clock.now().getTime() },
  )
  const off = await t.post(url, { alias: 'azure', enabled: false, metadataXml: idp() })
  assert.deepEqual([off.json.displayName, off.json.enabled], ['azure', false])
  assert.deepEqual((await t.get(`${url}/${made.json.id}`)).json, made.json)
  assert.deepEqual((await t.get(url)).json.records, [made.json, off.json])
})

test('an alias belongs to one connection, whatever its case, and comes free with it', async () => {
  await using t = await startTestApp()
  const { json } = await t.post(url, okta())
  for (const alias of ['okta', 'OKTA']) {
    const taken = await t.post(url, okta({ alias }))
    assert.deepEqual([taken.status, taken.json.error], [409, 'sso_connection_exists'], alias)
  }
  for (const alias of ['', '-x', 'a b', 'a/b', 'x'.repeat(64), 'ü'])
    assert.equal((await t.post(url, okta({ alias }))).json.error, 'invalid_body', alias)
  assert.equal((await t.delete(`${url}/${json.id}`)).status, 200)
  assert.equal((await t.get(`${url}/${json.id}`)).json.error, 'sso_connection_not_found')
  assert.equal((await t.delete(`${url}/${json.id}`)).json.error, 'sso_connection_not_found')
  assert.equal((await t.post(url, okta({ alias: 'OKTA' }))).status, 200)
})

test('what a change leaves out stays, and one that changes nothing writes nothing', async () => {
  await using t = await startTestApp()
  const { json: before, headers } = await t.post(url, okta())
  const untouched = await hashDatabase(t.db)
  const same = await t.post(`${url}/${before.id}`, { displayName: 'okta', enabled: true, metadataXml: rich })
  assert.deepEqual([same.json, same.headers.etag], [before, headers.etag])
  assert.equal(await hashDatabase(t.db), untouched)
  t.clock.advance(1_000)
  const named = (await t.post(`${url}/${before.id}`, { displayName: 'New' })).json
  assert.deepEqual(named, { ...before, displayName: 'New', updatedAt: named.updatedAt, updatedBy: named.updatedBy })
  assert.equal(named.updatedAt, t.clock.now().getTime())
  const keys = { entityId: before.entityId, signOnUrl: before.signOnUrl, certificates: [certificates.next] }
  const changed = (await t.post(`${url}/${before.id}`, keys)).json
  assert.deepEqual([changed.certificates.length, changed.displayName], [1, 'New'])
  const half = await t.post(`${url}/${before.id}`, { signOnUrl: before.signOnUrl })
  assert.equal(half.json.error, 'invalid_body', 'half of the values would mix two IdPs')
})

test('who changes what somebody else changed meanwhile is told so, and nothing happens', async () => {
  await using t = await startTestApp()
  const { json, headers } = await t.post(url, okta())
  const etag = String(headers.etag)
  const path = `${url}/${json.id}`
  const first = await t.post(path, { displayName: 'One' }, { headers: { 'if-match': etag } })
  assert.equal(first.status, 200)
  const second = await t.post(path, { displayName: 'Two' }, { headers: { 'if-match': etag } })
  assert.deepEqual([second.status, second.json.error], [412, 'version_mismatch'])
  assert.equal((await t.get(path)).json.displayName, 'One')
})

test('below the enterprise plan no connection is made or switched on, but those there are can be switched off and deleted', async () => {
  await using t = await startTestApp()
  const { json } = await t.post(url, okta())
  await changePlan(t.operator(), 'standard')
  const made = await t.post(url, okta({ alias: 'second' }))
  assert.deepEqual([made.status, made.json.error], [409, 'plan_required'])
  assert.equal((await t.post(`${url}/${json.id}`, { displayName: 'New' })).json.error, 'plan_required')
  assert.equal((await t.post(`${url}/${json.id}`, { enabled: false })).status, 200)
  assert.equal((await t.post(`${url}/${json.id}`, { enabled: true })).json.error, 'plan_required')
  assert.equal((await t.delete(`${url}/${json.id}`)).status, 200)
})

test('a workspace has at most twenty connections', async () => {
  await using t = await startTestApp()
  for (let number = 0; number < 20; number += 1) await t.addConnection(`idp-${number}`)
  const more = await t.post(url, okta())
  assert.deepEqual([more.status, more.json.error], [409, 'sso_connection_limit'])
})
