import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { actInConsole } from './console-act.ts'
import { hashTenant } from './database-hash.ts'
import { scenarios } from './event-scenarios.ts'
import { makeIds, type Ids } from './foreign-ids.ts'
import type { Scenario } from './scenario.ts'
import { startTestApp, type TestApp, type TestTenant } from './start-test-app.ts'
import { makeTwin } from './tenant-twin.ts'
import type { Answer } from './test-client.ts'

let t: TestApp
let own: Ids
/** Everything is set up before there is a twin, so that the twin has all of it. */
const acts = new Map<Scenario, () => Promise<unknown>>()
let alone: readonly { readonly path: string; readonly answer: Answer }[]
let twin: TestTenant
let looks = 0

const changes = scenarios.filter((scenario) => !scenario.by.startsWith('muster-server'))
const headers = { 'x-atlan-request-id': 'twin' }

before(async () => {
  t = await startTestApp()
  own = await makeIds(t, t.acme)
  await t.post(`/api/service/users/${own.user}`, { persona: [own.persona] })
  for (const path of [`/api/service/personas/${own.persona}`, `/api/muster/purposes/${own.purpose}`]) {
    await t.post(`${path}/subjects`, { users: [own.user], groups: [own.group] })
  }
  await t.post(`/api/service/groups/${own.group}`, { attributes: { isDefault: ['true'] } })
  await actInConsole(t, own.user, 'made-by-hand')
  for (const scenario of changes) acts.set(scenario, await scenario.arrange(t))
  alone = await Promise.all(readings().map(async (path) => ({ path, answer: await t.get(path, { headers }) })))
  twin = await makeTwin(t)
})

after(async () => {
  console.log(`twins: ${looks} looks at a tenant with the same ids`)
  await t[Symbol.asyncDispose]()
  assert.ok(looks > 0)
})

/** Every address that reads, with filters and sorts that take other ways through the database. */
function readings(): string[] {
  const filter = (value: unknown) => `filter=${encodeURIComponent(JSON.stringify(value))}`
  const service = [
    'users?maxLoginEvents=100',
    'users?sort=-email',
    `users?${filter({ groups: own.group })}`,
    `users?${filter({ email: { $ilike: '%example%' } })}`,
    `users?${filter({ workspaceRole: '$member' })}`,
    `users?${filter({ groupCount: { $gte: 1 } })}`,
    `users/${own.user}`,
    `users/${own.user}/groups`,
    'groups',
    'v2/groups',
    `groups?${filter({ alias: { $ilike: '%new%' } })}`,
    `groups/${own.group}/members`,
    `groups/${own.group}/members?${filter({ username: { $like: 'new%' } })}`,
    'roles',
    'personas',
    `personas/${own.persona}`,
    'purposes',
    `purposes/${own.purpose}`,
    'apikeys',
    'events/main?max=1000',
    `events/main?resourcePath=groups/${own.group}`,
    'events/login',
    'whoami',
    'users/current',
    `identity/users?${filter({ id: own.user })}&columns=groups`,
    `identity/groups?${filter({ id: own.group })}`,
  ]
  const muster = [
    'invitations?limit=100',
    `invitations/${own.invitation}`,
    'outbox?limit=100&columns=id,kind,subjectId,to,state',
    `outbox/${own.outboxItem}`,
  ]
  return [...service.map((path) => `/api/service/${path}`), ...muster.map((path) => `/api/muster/${path}`)]
}

test('of two tenants with the same ids, names and addresses each is answered from its own rows', async () => {
  for (const { path, answer } of alone) {
    looks += 1
    assert.equal(answer.status, 200, answer.text)
    const theirs = await t.get(path, { headers, token: twin.token, host: twin.host })
    // Links in mails carry the address of the workspace.
    const text = theirs.text.replaceAll(`${twin.host}:${t.port}`, `127.0.0.1:${t.port}`)
    assert.equal(text, answer.text, path)
  }
})

for (const scenario of changes) {
  test(`${scenario.by}, ${scenario.what}: does nothing to a tenant with the same ids`, async () => {
    const [untouched, mine] = [await hashTenant(t.db, twin.id), await hashTenant(t.db, t.acme.id)]
    await acts.get(scenario)?.()
    looks += 1
    assert.equal(await hashTenant(t.db, twin.id), untouched)
    assert.notEqual(await hashTenant(t.db, t.acme.id), mine, 'nothing happened at all')
  })
}

test('delivering mails and noting the use of a token do nothing to a tenant with the same ids', async () => {
  // What is held in the twin is not due there.
  const settled = { state: 'held', lease_until: 0 }
  await t.db.engine.transact((trx) => trx.updateTable('outbox').set(settled).where('tenant_id', '=', twin.id).execute())
  const untouched = await hashTenant(t.db, twin.id)
  t.clock.advance(61_000)
  await t.get('/api/service/whoami')
  const outcome = await t.post(`/api/muster/outbox/${own.outboxItem}/retry`)
  assert.equal(outcome.status, 200, outcome.text)
  assert.ok((await t.deliverOutbox()) > 0)
  looks += 1
  assert.equal(await hashTenant(t.db, twin.id), untouched)
})
