import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError } from '../errors/api-error.ts'
import { hashTenant } from '../../test/database-hash.ts'
import { startTestApp, testSigner, type TestApp } from '../../test/start-test-app.ts'
import { makeTwin } from '../../test/tenant-twin.ts'
import { selectCheckpoints } from './checkpoints.queries.ts'
import { erasePersonalData, findErasable } from './erasure.service.ts'
import { sealAll, sealBatch } from './sealing.service.ts'
import { verifyChain } from './verify.service.ts'

/** How many events a whole chain has. */
async function lengthOf(t: TestApp, tenantId: string): Promise<number> {
  const trusted = { checkpoints: [], trustedKeys: [testSigner.publicKey] }
  const report = await verifyChain(t.db, tenantId, trusted)
  assert.deepEqual([report.problems, report.unsealed], [[], 0])
  return report.events
}

async function remove(t: TestApp, userId: string): Promise<void> {
  assert.equal((await t.post(`/api/service/users/${userId}/delete`)).status, 200)
}

test('events with the same ids are sealed for each tenant, and erased for one (V-T1)', async () => {
  await using t = await startTestApp()
  const person = await t.addUser('of-both')
  await t.post(`/api/service/users/${person.id}`, { firstName: 'Somebody' })
  await remove(t, person.id)
  const twin = { ...(await makeTwin(t, [])), token: '' }
  await t.sealEvents()
  assert.equal(await lengthOf(t, twin.id), await lengthOf(t, t.acme.id))

  const untouched = await hashTenant(t.db, twin.id)
  const { parts } = await erasePersonalData(t.operator(), t.sealing(), person.id)
  assert.ok(parts > 1)
  assert.equal(await hashTenant(t.db, twin.id), untouched)
  const stranger = erasePersonalData(t.operator(t.other), t.sealing(), person.id)
  await assert.rejects(stranger, (error) => error instanceof ApiError && error.code === 'user_not_found')
  assert.equal((await erasePersonalData(t.operator(twin), t.sealing(), person.id)).parts, parts)
})

test('whoever seals hears how many events each tenant had', async () => {
  await using t = await startTestApp()
  await t.sealEvents()
  for (const name of ['one', 'two']) await t.addGroup(name)
  const body = { group: { name: 'one' }, users: [] }
  await t.post('/api/service/groups', body, { token: t.other.token, host: t.other.host })
  assert.deepEqual(Object.fromEntries(await sealAll(t.sealing())), { [t.acme.id]: 2, [t.other.id]: 1 })
})

test('whoever was deleted in one tenant is not found by name in the other (V-T1)', async () => {
  await using t = await startTestApp()
  const person = await t.addUser('of-one')
  await remove(t, person.id)
  assert.deepEqual(await findErasable(t.operator(), 'of-one@example.com'), [person.id])
  assert.deepEqual(await findErasable(t.operator(t.other), 'of-one@example.com'), ['of-one@example.com'])
})

test('a busier neighbour’s checkpoints neither replace nor stand for those of a tenant (V-T1)', async () => {
  await using t = await startTestApp()
  await t.sealEvents()
  const kept = async () => (await selectCheckpoints(t.db, t.acme.id)).map(({ seq }) => seq)
  const first = await lengthOf(t, t.acme.id)
  assert.deepEqual(await kept(), [first])
  for (let number = 0; number < first; number += 1) await t.invite(`user${number}@example.com`, '$guest', t.other)
  t.clock.advance(60_000)
  await sealBatch(t.sealing(), t.other.id)
  assert.ok((await lengthOf(t, t.other.id)) > first + 1)
  assert.deepEqual(await kept(), [first])
  await t.addGroup('later')
  await sealBatch(t.sealing(), t.acme.id)
  assert.deepEqual(await kept(), [first + 1])
})
