import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { addDomain, isVerifiedAddress, listDomains, verifyDomainByOperator } from './domains.service.ts'

const url = '/api/muster/domains'

async function token(t: TestApp): Promise<string> {
  const admin = await t.addUser('admin1', '$admin')
  return t.sessionToken(admin.id)
}

test('a domain is verified by its TXT record, and by no other', async () => {
  const txtRecords = new Map<string, readonly string[]>()
  await using t = await startTestApp({ txtRecords })
  const auth = { token: await token(t) }
  const { status, json } = await t.post(url, { name: ' Bücher.Example ' }, auth)
  assert.deepEqual([status, json.name, json.verified], [200, 'xn--bcher-kva.example', false])
  assert.equal(json.recordName, '_muster-challenge.xn--bcher-kva.example')
  const verify = () => t.post(`${url}/${json.id}/verify`, undefined, auth)
  for (const records of [[], ['something else'], [`${json.recordValue} `], [json.recordValue.slice(0, -1)]]) {
    txtRecords.set(json.recordName, records)
    const answer = await verify()
    assert.deepEqual([answer.status, answer.json.error], [409, 'domain_unproven'])
  }
  txtRecords.set(json.recordName, ['v=spf1 -all', json.recordValue])
  const verified = await verify()
  assert.deepEqual([verified.json.verified, verified.json.verifiedBy], [true, 'dns'])
  txtRecords.clear()
  assert.equal((await verify()).json.verified, true)
  const list = await t.get(url)
  assert.deepEqual(
    list.json.records.map((one: { name: string }) => one.name),
    ['xn--bcher-kva.example'],
  )
  assert.equal((await t.delete(`${url}/${json.id}`, auth)).status, 200)
  assert.equal((await t.get(url)).json.totalRecord, 0)
})

test('what is no domain of addresses is refused, and so is one twice', async () => {
  await using t = await startTestApp()
  const auth = { token: await token(t) }
  for (const name of ['', 'example', 'a b.example', 'user@example.com', '-a.example', 'example.1', 'a..example']) {
    const { status, json } = await t.post(url, { name }, auth)
    assert.deepEqual([status, json.error], [400, 'invalid_body'], name)
  }
  assert.equal((await t.post(url, { name: 'example.com' }, auth)).status, 200)
  const twice = await t.post(url, { name: 'EXAMPLE.com' }, auth)
  assert.deepEqual([twice.status, twice.json.error], [409, 'domain_exists'])
})

test('the host operator’s word verifies a domain, listed or not', async () => {
  await using t = await startTestApp()
  await addDomain(t.operator(), 'example.com')
  for (const name of ['example.com', 'example.org'])
    assert.equal((await verifyDomainByOperator(t.operator(), name)).verifiedBy, 'operator')
})

test('a domain that another workspace has proven is neither listed nor proven here (V-T1)', async () => {
  await using t = await startTestApp()
  await verifyDomainByOperator(t.operator(t.other), 'example.com')
  assert.deepEqual(await listDomains(t.operator()), [])
  assert.equal(await isVerifiedAddress(t.operator(), 'user01@example.com'), false)
  assert.equal(await isVerifiedAddress(t.operator(t.other), 'user01@example.com'), true)
})
