import assert from 'node:assert/strict'
import { sql } from 'kysely'
import type { TestApp } from '../start-test-app.ts'
import { groupsOf, invitationOutcome, personasOf, type Side, type TenantState } from './tenant-state.ts'

/** Throws where what the lists of a tenant show is not what the model says; answers the lists' whole text. */
export async function compareWithModel(t: TestApp, { tenant, state }: Side): Promise<string> {
  const now = t.clock.now().getTime()
  const texts: string[] = []
  const list = async (path: string) => {
    const answer = await t.get(`${path}?limit=100`, { token: tenant.token, host: tenant.host })
    assert.equal(answer.status, 200, answer.text)
    texts.push(answer.text)
    const { records, totalRecord, filterRecord, count } = answer.json
    assert.deepEqual([totalRecord, filterRecord, count], [records.length, records.length, records.length], path)
    return records
  }
  assert.deepEqual(byId((await list('/api/service/users')).map(userAsShown)), byId(usersOf(state)), 'users')
  assert.deepEqual(byId((await list('/api/service/groups')).map(groupAsShown)), byId(groupRows(state)), 'groups')
  assert.deepEqual(
    byId((await list('/api/service/personas')).map(personaAsShown)),
    byId(personaRows(state)),
    'personas',
  )
  assert.deepEqual(byId((await list('/api/service/apikeys')).map(tokenAsShown)), byId(tokenRows(state)), 'tokens')
  const clients = await list('/api/service/oauth-clients')
  assert.deepEqual(byId(clients.map(clientAsShown)), byId(clientRows(state)), 'OAuth clients')
  const invitations = await list('/api/muster/invitations')
  assert.deepEqual(byId(invitations.map(invitationAsShown)), byId(invitationRows(state, now)), 'invitations')
  const roles: { name: string; memberCount: string; userCount: string }[] = await list('/api/service/roles')
  for (const { name, memberCount, userCount } of roles) {
    const members = [...state.users.values()].filter((user) => user.role === name).length
    assert.deepEqual([memberCount, userCount], [String(members), String(members)], name)
  }
  return texts.join('\n')
}

interface Identified {
  readonly id: string
}

function byId<T extends Identified>(rows: readonly T[]): T[] {
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

// Records as they came.
// oxlint-disable-next-line typescript/no-explicit-any
type Shown = any

function userAsShown(record: Shown) {
  const { id, username, email, firstName, lastName, enabled, emailVerified, workspaceRole, status, groupCount } = record
  assert.deepEqual(record.roles, ['default-roles-default', workspaceRole])
  return {
    id,
    username,
    email,
    firstName,
    lastName,
    enabled,
    emailVerified,
    workspaceRole,
    status,
    groupCount,
    designation: record.attributes.designation ?? [],
    groups: record.groups.toSorted(),
    persona: record.persona.toSorted(),
    personas: record.personas.map(({ name }: { name: string }) => name).toSorted(),
  }
}

function usersOf(state: TenantState) {
  return [...state.users.values()].map((user) => {
    const { id, username, email, firstName, lastName, enabled } = user
    const groups = groupsOf(state, id).map((group) => group.id)
    const personas = personasOf(state, id)
    return {
      id,
      username,
      email,
      firstName,
      lastName,
      enabled,
      emailVerified: user.verified,
      workspaceRole: user.role,
      status: !enabled ? 'Disabled' : user.accepted ? 'Enabled' : 'Pending',
      groupCount: groups.length,
      designation: user.designation === '' ? [] : [user.designation],
      groups: groups.toSorted(),
      persona: personas.map((persona) => persona.id).toSorted(),
      personas: personas.map(({ name }) => name).toSorted(),
    }
  })
}

function groupAsShown({ id, name, alias, attributes, userCount, memberCount, personas }: Shown) {
  return {
    id,
    name,
    alias,
    userCount,
    memberCount,
    description: attributes.description ?? [],
    isDefault: attributes.isDefault,
    personas: personas.map((persona: Identified) => persona.id).toSorted(),
  }
}

function groupRows(state: TenantState) {
  return [...state.groups.values()].map(({ id, name, alias, description, isDefault, members }) => ({
    id,
    name,
    alias,
    userCount: members.size,
    memberCount: members.size,
    description: description === '' ? [] : [description],
    isDefault: [String(isDefault)],
    personas: [...state.personas.values()]
      .filter(({ groups }) => groups.has(id))
      .map((persona) => persona.id)
      .toSorted(),
  }))
}

function personaAsShown({ id, name, description, qualifiedName, users, groups }: Shown) {
  return { id, name, description, qualifiedName, users: users.toSorted(), groups: groups.toSorted() }
}

function personaRows(state: TenantState) {
  return [...state.personas.values()].map(({ id, name, description, qualifiedName, users, groups }) => ({
    id,
    name,
    description,
    qualifiedName,
    users: [...users].toSorted(),
    groups: [...groups].toSorted(),
  }))
}

function tokenAsShown({ id, displayName, attributes }: Shown) {
  return { id, displayName, lifetime: attributes['access.token.lifespan'], secret: attributes.accessToken }
}

function tokenRows(state: TenantState) {
  return [...state.tokens.values()].map(({ id, displayName, lifetimeSeconds }) => ({
    id,
    displayName,
    lifetime: String(lifetimeSeconds),
    secret: undefined,
  }))
}

function clientAsShown({ id, clientId, displayName, role, clientSecret }: Shown) {
  return { id, clientId, displayName, role, secret: clientSecret }
}

function clientRows(state: TenantState) {
  return [...state.clients.values()].map(({ id, clientId, displayName, role }) => ({
    id,
    clientId,
    displayName,
    role,
    secret: undefined,
  }))
}

function invitationAsShown({ id, userId, email, role, state, expiresAt }: Shown) {
  return { id, userId, email, role, state, expiresAt }
}

function invitationRows(state: TenantState, now: number) {
  return [...state.invitations.values()].map((invitation) => {
    const { id, userId, email, role, expiresAt } = invitation
    return { id, userId, email, role, state: invitationOutcome(invitation, now), expiresAt }
  })
}

/** Maintained numbers, and the rows that each of them counts. */
const counted = ['users', 'groups', 'personas', 'purposes', 'invitations', 'api_tokens', 'oauth_clients'] as const

/** Throws where a counter is not the number of rows, or where no enabled admin who accepted is left. */
export async function checkRows(t: TestApp, { tenant }: Side): Promise<void> {
  const pairs = counted.map((name) => {
    const rows = sql`(select count(*) from ${sql.table(name)} where tenant_id = ${tenant.id} ${
      name === 'api_tokens' ? sql`and revoked_at = 0` : sql``
    })`
    const kept = sql`(select coalesce(max(value), 0) from counters where tenant_id = ${tenant.id} and name = ${name})`
    return sql`select cast(${name} as text) as name, ${rows} as "rows", ${kept} as kept`
  })
  const { rows: counters } = await sql<{ name: string; rows: number; kept: number }>`
    ${sql.join(pairs, sql` union all `)}`.execute(t.db)
  for (const { name, rows, kept } of counters) assert.equal(kept, rows, `counter of ${name}`)
  const wrong = await sql<{ name: string }>`
    select name from groups g where tenant_id = ${tenant.id} and member_count <>
      (select count(*) from group_members m where m.tenant_id = g.tenant_id and m.group_id = g.id)
    union all
    select name from roles r where tenant_id = ${tenant.id} and member_count <>
      (select count(*) from users u where u.tenant_id = r.tenant_id and u.workspace_role_id = r.id)`.execute(t.db)
  assert.deepEqual(wrong.rows, [], 'member counts')
  const admins = await sql<{ n: number }>`
    select count(*) as n from users u join roles r on r.tenant_id = u.tenant_id and r.id = u.workspace_role_id
    where u.tenant_id = ${tenant.id} and r.name = '$admin' and u.enabled = 1 and u.accepted_at > 0`.execute(t.db)
  assert.ok((admins.rows[0]?.n ?? 0) > 0, 'no enabled admin is left')
}
