import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { mock, test } from 'node:test'
import { ApiError } from '../errors/api-error.ts'
import { startTestApp, testSigner, type TestApp, type TestUser } from '../../test/start-test-app.ts'
import { erasePersonalData, findErasable } from './erasure.service.ts'
import { verifyChain, type ChainReport } from './verify.service.ts'

let bosses = 0

function verify(t: TestApp): Promise<ChainReport> {
  return verifyChain(t.db, t.acme.id, { checkpoints: [], trustedKeys: [testSigner.publicKey] })
}

/** A person whose names occur nowhere else, who did something, about whom something was done, and who was deleted. */
async function deletedPerson(t: TestApp, name: string): Promise<TestUser> {
  // Another admin, or the first could not be deleted.
  await t.addUser(`boss${(bosses += 1)}`, '$admin')
  const person = await t.addUser(name, '$admin')
  await t.post(`/api/service/users/${person.id}`, { firstName: `${name}-before` })
  await t.post(`/api/service/users/${person.id}`, { firstName: `${name}-after` })
  await t.post('/api/service/groups', { group: { name: `group${bosses}` }, users: [] }, { token: person.token })
  await t.deliverOutbox()
  const { status, text } = await t.post(`/api/service/users/${person.id}/delete`)
  assert.equal(status, 200, text)
  return person
}

function eventsOf(t: TestApp, userId: string) {
  return t.db
    .selectFrom('events')
    .select(['seq', 'type', 'personal', 'actor_name', 'address', 'subject_id', 'actor_user_id', 'actor_id'])
    .where('tenant_id', '=', t.acme.id)
    .where((eb) => eb.or([eb('subject_id', '=', userId), eb('actor_user_id', '=', userId)]))
    .orderBy('seq')
    .execute()
}

function code(expected: string) {
  return (error: unknown) => error instanceof ApiError && error.code === expected
}

test('what was personal is erased, who did what stays, and the chain is as valid as before', async () => {
  await using t = await startTestApp()
  const person = await deletedPerson(t, 'erasable')
  await t.sealEvents()
  const before = await eventsOf(t, person.id)
  assert.ok(before.some(({ personal }) => personal.includes('erasable-before')))
  const { parts } = await erasePersonalData(t.operator(), t.sealing(), person.id)
  assert.ok(parts > 5)
  const after = await eventsOf(t, person.id)
  assert.deepEqual(
    after.slice(0, -1).map(({ seq, type, subject_id }) => [seq, type, subject_id]),
    before.map(({ seq, type, subject_id }) => [seq, type, subject_id]),
  )
  assert.equal(after.at(-1)?.type, 'user.personal_data_erased')
  for (const event of after) {
    if (event.subject_id === person.id) assert.equal(event.personal, '{}')
    if (event.actor_user_id !== person.id) continue
    assert.deepEqual([event.actor_name, event.address], ['', ''])
    assert.notEqual(event.actor_id, '')
  }
  const accepted = after.find(({ type }) => type === 'invitation.accepted')
  assert.equal(accepted?.address, '', 'the address from which they accepted is theirs')
  const created = after.find(({ type }) => type === 'user.created')
  assert.notEqual(created?.address, '', 'the address of the admin who invited them is not')
  const report = await verify(t)
  assert.deepEqual([report.problems, report.erasedParts], [[], parts])
  const { json } = await t.get('/api/service/events/main?max=1000')
  assert.ok(json.length > 5, 'the events are still listed')
})

test('nothing of the person is left in the database’s files or tables', async () => {
  await using t = await startTestApp()
  const person = await deletedPerson(t, 'vanishing')
  const { isScrubbed } = await erasePersonalData(t.operator(), t.sealing(), person.id)
  assert.ok(isScrubbed)
  if (t.location.kind === 'sqlite') {
    for (const file of ['', '-wal'].map(
      (suffix) => `${t.location.kind === 'sqlite' ? t.location.file : ''}${suffix}`,
    )) {
      if (existsSync(file))
        assert.ok(!readFileSync(file).includes('vanishing@') && !readFileSync(file).includes('vanishing-'), file)
    }
  }
  for (const { name } of await t.db.introspection.getTables()) {
    if (/_search/.test(name)) continue
    const rows = await t.db
      .selectFrom(name as 'events')
      .selectAll()
      .execute()
    const found = rows.filter((row) => /vanishing(@|-before|-after)/.test(JSON.stringify(row)))
    assert.deepEqual(found, [], name)
  }
})

test('of somebody who exists nothing is erased, nor of somebody nobody knows', async () => {
  await using t = await startTestApp()
  const { id } = await t.addUser('present')
  await assert.rejects(erasePersonalData(t.operator(), t.sealing(), id), code('user_exists'))
  await assert.rejects(erasePersonalData(t.operator(), t.sealing(), 'nobody'), code('user_not_found'))
  await assert.rejects(erasePersonalData(t.operator(t.other), t.sealing(), id), code('user_not_found'))
  const events = await eventsOf(t, id)
  assert.ok(events.some(({ personal }) => personal.includes('present@example.com')))
})

test('a second erasure finds nothing and records nothing', async () => {
  await using t = await startTestApp()
  const person = await deletedPerson(t, 'twice')
  await erasePersonalData(t.operator(), t.sealing(), person.id)
  const { events } = await verify(t)
  const { parts } = await erasePersonalData(t.operator(), t.sealing(), person.id)
  assert.equal(parts, 0)
  await t.sealEvents()
  assert.equal((await verify(t)).events, events)
})

test('an erasure that was broken off is finished by the next one, and the chain is valid in between', async () => {
  await using t = await startTestApp()
  const person = await deletedPerson(t, 'halfway')
  const { engine } = t.serverDb.forTenant(t.acme.id)
  const transact = engine.transact.bind(engine)
  let writes = 0
  // The record is written and sealed; the erasing itself never comes.
  const killed = mock.method(engine, 'transact', (work: Parameters<typeof transact>[0]) => {
    writes += 1
    if (writes > 3) throw new Error('killed')
    return transact(work)
  })
  await assert.rejects(erasePersonalData(t.operator(), t.sealing(), person.id), /killed/)
  killed.mock.restore()
  assert.deepEqual((await verify(t)).problems, [])
  await erasePersonalData(t.operator(), t.sealing(), person.id)
  const report = await verify(t)
  assert.deepEqual(report.problems, [])
  assert.ok(report.erasedParts > 5)
})

test('deleted users are found by the name or address they had', async () => {
  await using t = await startTestApp()
  const first = await deletedPerson(t, 'again')
  assert.deepEqual(await findErasable(t.operator(), 'AGAIN@example.com'), [first.id])
  const second = await deletedPerson(t, 'again')
  assert.deepEqual(await findErasable(t.operator(), 'again'), [first.id, second.id])
  await erasePersonalData(t.operator(), t.sealing(), first.id)
  assert.deepEqual(await findErasable(t.operator(), 'again'), [second.id])
  assert.deepEqual(await findErasable(t.operator(), first.id), [first.id])
})
