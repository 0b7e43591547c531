import assert from 'node:assert/strict'
import { renewCheckpoint } from '../../src/audit-chain/sealing.service.ts'
import { releaseHeldMails } from '../../src/mail/outbox.service.ts'
import { addDomain } from '../../src/domains/domains.service.ts'
import { makeObject, newText } from '../authz-world.ts'
import { actInConsole } from '../console-act.ts'
import type { TestApp } from '../start-test-app.ts'
import { dayMs, expectStatus, sent, type Flow } from './flow.ts'
import { scimFlows } from './scim-flows.ts'
import { signInFlows } from './sign-in-flows.ts'

const roles: Flow = {
  what: 'roles, groups and subjects of somebody who has some of everything, for a time',
  act: async (t) => {
    const bounds = { validFrom: new Date(t.clock.now().getTime() + 60_000), expiresAt: '2030-01-01T00:00:00Z' }
    const { id, token } = await t.addUser(newText())
    const [admin, subRole] = [await t.roleId('$admin'), await t.roleId('$governance-admin')]
    const group = await t.addGroup(newText(), [id])
    const later = await t.addGroup(newText())
    await sent(t.post(`/api/muster/groups/${later}/members`, { members: [{ userId: id, ...bounds }] }))
    await sent(t.post(`/api/muster/users/${id}/role-grants`, { roleId: admin, ...bounds }))
    await sent(
      t.post(`/api/muster/users/${id}/sub-roles`, { roleId: subRole, ...bounds, expiresAt: '2029-01-01T00:00:00Z' }),
    )
    const held = { roleId: admin, level: 'connection', privilege: 'admin' }
    await sent(t.post(`/api/muster/users/${id}/decentralized-roles`, held))
    for (const path of [
      `/api/service/personas/${await makeObject(t, 'persona')}`,
      `/api/muster/purposes/${await makeObject(t, 'purpose')}`,
    ])
      await sent(t.post(`${path}/subjects`, { users: [id], groups: [group, later] }))
    await sent(t.post(`/api/service/groups/${group}`, { attributes: { isDefault: ['true'] } }))
    await actInConsole(t, id, newText())
    await readEverything(t, id, group)
    t.clock.advance(120_000)
    await readEverything(t, id, group)
    for (const as of [token, await t.sessionToken(id)]) await t.get('/api/service/whoami', { token: as })
    await sent(t.post('/api/service/users', { emails: [`${newText()}@example.com`], roleName: '$member' }))
    await sent(t.post(`/api/service/users/${id}`, { workspaceRole: '$guest' }))
    await sent(t.post(`/api/service/users/${id}/delete`))
  },
}

async function readEverything(t: TestApp, id: string, group: string): Promise<void> {
  const filter = (value: unknown) => `filter=${encodeURIComponent(JSON.stringify(value))}`
  for (const path of [
    'service/users?limit=100',
    'service/users?sort=-email&limit=100',
    `service/users?${filter({ id })}`,
    `service/users?${filter({ workspaceRole: '$admin' })}&limit=100`,
    `service/users?${filter({ roles: '$governance-admin' })}&limit=100`,
    `service/users?${filter({ groupCount: { $gte: 1 } })}&limit=100`,
    `service/users?${filter({ groups: group })}&limit=100`,
    `service/users?columns=groupCount&columns=personas`,
    `service/users/${id}`,
    `service/users/${id}/groups`,
    `service/groups?limit=100`,
    ...[1, 2].map((least) => `service/groups?${filter({ userCount: { $gte: least } })}&sort=-userCount`),
    `service/groups/${group}/members`,
    `service/roles`,
    `service/identity/users?${filter({ id })}&columns=groups`,
    'muster/users?limit=100',
    ...['role-grants', 'sub-roles', 'decentralized-roles'].map((kind) => `muster/users/${id}/${kind}`),
  ])
    await expectStatus(t.get(`/api/${path}`), 200)
}

/** The first one: whoever is an admin besides would do for any of these. */
const admins: Flow = {
  what: 'an admin who is the last one, for another is a guest for now',
  act: async (t) => {
    const [one, two] = [await t.addUser(newText(), '$admin'), await t.addUser(newText(), '$admin')]
    const bounds = { expiresAt: '2030-01-01T00:00:00Z' }
    const grants = `/api/muster/users/${two.id}/role-grants`
    const guest = await t.roleId('$guest')
    await sent(t.post(grants, { roleId: guest, ...bounds }))
    await expectStatus(t.post(`/api/service/users/${one.id}`, { workspaceRole: '$member' }), 409)
    await sent(t.delete(`${grants}/${guest}`))
    await sent(t.post(`/api/service/users/${one.id}`, { workspaceRole: '$member' }))
  },
}

const housekeeping: Flow = {
  what: 'what is sealed, signed, tried again and out of date',
  act: async (t) => {
    const client = await t.addOAuthClient('$guest')
    const credentials = { clientId: client.clientId, clientSecret: client.secret }
    for (let times = 0; times < 3; times += 1) {
      await t.post('/api/service/oauth-clients/token', credentials, { token: null })
      await t.sealEvents()
      await renewCheckpoint(t.sealing(), t.acme.id)
      t.clock.advance(dayMs)
    }
    const name = `${newText()}.example`
    await addDomain(t.operator(), name)
    await assert.rejects(addDomain(t.operator(), name))
    const taken = await t.addUser(newText())
    await t.invite(`${taken.username}@elsewhere.example`)
    await t.deliverOutbox()
    await holdMail(t)
    await releaseHeldMails(t.serverDb, t.clock.now())
  },
}

/** As the dispatcher leaves a mail where no mail server is set. */
async function holdMail(t: TestApp): Promise<void> {
  await t.invite(`${newText()}@example.com`)
  await t.db.engine.transact((trx) =>
    trx
      .updateTable('outbox')
      .set({ state: 'held' })
      .where('tenant_id', '=', t.acme.id)
      .where('state', '=', 'waiting')
      .execute(),
  )
}

export const flows: readonly Flow[] = [admins, roles, ...signInFlows, ...scimFlows, housekeeping]
