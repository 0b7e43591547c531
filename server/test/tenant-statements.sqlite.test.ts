import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { flows } from './statements/flows.ts'
import { scenarios } from './event-scenarios.ts'
import { makeIds } from './foreign-ids.ts'
import { makeObject } from './authz-world.ts'
import { scimTokenOf } from './scim-scenarios.ts'
import { startTestApp, type TestApp } from './start-test-app.ts'
import { StatementProbe } from './statements/probe.ts'
import { readings, scimReadings } from './twin-readings.ts'

/** What is asked of no tenant, or of all. */
const ofNoTenant: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: 'whose address this is', pattern: /^select .* from "every_tenant" where "slug" = \?$/ },
  {
    what: 'what the one index over all words finds; it is joined with rows of a tenant',
    pattern: /^select seq from \(select rowid as seq from "\w+_search" /,
  },
  {
    what: 'the next tenant whose events are to be sealed',
    pattern: /^select tenant_id as "tenantId" from every_unsealed_event where tenant_id > /,
  },
  {
    what: 'tenants with mail that waits for a mail server',
    pattern: /^select distinct "tenant_id" from "every_outbox_item" where "state" = \?$/,
  },
  {
    what: 'tenants with mail to be sent',
    pattern: /^select "tenants"\."id" from "every_tenant" as "tenants" where exists \(select "outbox"/,
  },
]
const asked = new Set<string>()

let t: TestApp
let probe: StatementProbe

before(async () => {
  t = await startTestApp()
  probe = new StatementProbe(t.acme.id)
})

after(async () => {
  probe[Symbol.dispose]()
  await t[Symbol.asyncDispose]()
  const { untold } = probe
  console.log(
    `statements: ${probe.statements} of one tenant; in ${probe.told} tables of them rows made a difference, in ${untold.length} none`,
  )
  if (process.env['MUSTER_UNTOLD'] === 'list') console.log(untold.join('\n'))
  assert.ok(probe.statements > 300)
  assert.ok(untold.length < probe.told / 5, 'flows have to find what they look for: MUSTER_UNTOLD=list names the rest')
})

/** What was sent names its tenant, and told it from another. */
function expectToldApart(): void {
  const mixtures = probe.takeMixtures().filter(({ text }) => {
    const known = ofNoTenant.find(({ pattern }) => pattern.test(text))
    if (known !== undefined) asked.add(known.what)
    return known === undefined
  })
  assert.deepEqual(mixtures, [])
}

test('what is read', async () => {
  const own = await makeIds(t, t.acme)
  const granted = await t.addUser('granted')
  const mapper = await makeObject(t, 'sso-mapper')
  const { secret } = await scimTokenOf(t)
  for (const path of readings({ ...own, mapper, granted: granted.id })) await t.get(path)
  for (const path of scimReadings(own)) await t.get(path, { token: secret })
  expectToldApart()
})

for (const { what, act } of flows) {
  test(`${what}: every statement is about one tenant (V-T1)`, async () => {
    await act(t)
    expectToldApart()
  })
}

for (const { by, what, arrange } of scenarios) {
  test(`${by}, ${what}: every statement is about one tenant (V-T1)`, async () => {
    const act = await arrange(t)
    await act()
    await t.settleScim()
    expectToldApart()
  })
}

test('what is said to be asked of no tenant is asked', () => {
  assert.deepEqual(
    ofNoTenant.map(({ what }) => what).filter((what) => !asked.has(what)),
    [],
  )
})
