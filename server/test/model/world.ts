import { issueServiceToken, issueTokenFor } from '../../src/api-tokens/api-tokens.service.ts'
import type { WorkspaceRole } from '../../src/access/permissions.ts'
import { operatorCtx } from '../../src/commands/operator.ts'
import { createTenant } from '../../src/tenants/tenants.service.ts'
import type { TestApp, TestTenant } from '../start-test-app.ts'
import { emptyState, everSeconds, type Side } from './tenant-state.ts'

const people: readonly { readonly username: string; readonly role: WorkspaceRole }[] = [
  { username: 'old-admin', role: '$admin' },
  { username: 'other-admin', role: '$admin' },
  { username: 'old-member', role: '$member' },
  { username: 'old-guest', role: '$guest' },
]

/** Two tenants of one server, each with its model. */
export interface World {
  readonly t: TestApp
  readonly sides: readonly [Side, Side]
}

let made = 0

/** Both get a service token and a few people who accepted, with the same names, addresses and roles. */
export async function makeWorld(t: TestApp): Promise<World> {
  return { t, sides: [await makeSide(t), await makeSide(t)] }
}

async function makeSide(t: TestApp): Promise<Side> {
  made += 1
  const slug = `model-${made}`
  const { id } = await createTenant(operatorCtx(t.serverDb, '', t.clock.now()), {
    slug,
    name: slug,
    plan: 'enterprise',
  })
  const tokenName = 'test admin'
  const issued = { displayName: tokenName, role: '$admin', rights: [], lifetimeSeconds: null, secret: null } as const
  const { token, secret } = await issueServiceToken(operatorCtx(t.serverDb, id, t.clock.now()), issued)
  const tenant = { id, host: `${slug}.localhost`, token: secret }
  const roles = await t.get('/api/service/roles', { token: secret, host: tenant.host })
  const roleIds = new Map<string, string>(
    roles.json.records.map((role: { name: string; id: string }) => [role.name, role.id]),
  )
  const side: Side = { tenant, roleIds, state: emptyState() }
  side.state.tokens.set(token.id, {
    id: token.id,
    secret,
    displayName: tokenName,
    ownerId: null,
    role: '$admin',
    lifetimeSeconds: everSeconds,
    expiresAt: Number.POSITIVE_INFINITY,
  })
  await addAccepted(t, side)
  await addThings(t, side)
  return side
}

/** People who accepted, two admins among them, without the price of a password: only the step "accept" pays it. */
async function addAccepted(t: TestApp, side: Side): Promise<void> {
  const { tenant, state } = side
  const auth = { token: tenant.token, host: tenant.host }
  const users = people.map(({ role, username }) => ({ email: `${username}@example.com`, roleName: role }))
  const { json } = await t.post('/api/service/users', { users }, auth)
  const accepted = { accepted_at: t.clock.now().getTime() }
  await t.db.engine.transact(async (trx) => {
    const change = { ...accepted, email_verified: 1 }
    await trx.updateTable('users').set(change).where('tenant_id', '=', tenant.id).execute()
    await trx.updateTable('invitations').set(accepted).where('tenant_id', '=', tenant.id).execute()
  })
  const invitations = (await t.get('/api/muster/invitations', auth)).json.records
  for (const { role, username } of people) {
    const email = `${username}@example.com`
    const id = json.createdUsers[email]
    const base = { id, username, email, firstName: '', lastName: '', designation: '', role }
    state.users.set(id, { ...base, enabled: true, verified: true, accepted: true })
    const { id: invitationId, expiresAt } = invitations.find(({ userId }: { userId: string }) => userId === id)
    const inviter = { tokenId: [...state.tokens.keys()][0] ?? '' }
    const invitation = { userId: id, email, role, inviter, expiresAt, outcome: 'accepted', link: null } as const
    state.invitations.set(invitationId, { ...invitation, id: invitationId })
    await addPersonalToken(t, side, id)
  }
}

/** Something of each kind, so that the first steps find more than people. */
async function addThings(t: TestApp, { tenant, state }: Side): Promise<void> {
  const auth = { token: tenant.token, host: tenant.host }
  const [first] = state.users.keys()
  const members = new Set(first === undefined ? [] : [first])
  const group = await t.post('/api/service/groups', { group: { name: 'first' }, users: [...members] }, auth)
  const fields = { name: 'first', alias: 'first', description: '', isDefault: false, members }
  state.groups.set(group.json.group, { ...fields, id: group.json.group })
  const { id, qualifiedName } = (await t.post('/api/service/personas', { name: 'first' }, auth)).json
  state.personas.set(id, { id, qualifiedName, name: 'first', description: '', users: new Set(), groups: new Set() })
}

/** The invitations of a user as the list shows them. */
// oxlint-disable-next-line typescript/no-explicit-any
export async function invitationsOf(t: TestApp, tenant: TestTenant, userId: string): Promise<any[]> {
  const filter = encodeURIComponent(JSON.stringify({ userId }))
  const { json } = await t.get(`/api/muster/invitations?limit=100&filter=${filter}`, {
    token: tenant.token,
    host: tenant.host,
  })
  return json.records
}

/** The host operator gives a user a token; it works once the user may act. */
export async function addPersonalToken(t: TestApp, { tenant, state }: Side, userId: string): Promise<void> {
  const displayName = 'personal'
  const input = { displayName, description: '', personas: [], lifetimeSeconds: null }
  const { token, secret } = await issueTokenFor(t.operator(tenant), userId, input)
  state.tokens.set(token.id, {
    id: token.id,
    secret,
    displayName,
    ownerId: userId,
    role: null,
    lifetimeSeconds: everSeconds,
    expiresAt: t.clock.now().getTime() + everSeconds * 1_000,
  })
}
