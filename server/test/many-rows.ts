import { sql } from 'kysely'
import { forever } from '../src/bounds/bounds.ts'
import { addToCounter } from '../src/db/counters.ts'
import type { Trx } from '../src/db/db.ts'
import type { TestApp, TestTenant } from './start-test-app.ts'

const manyUsers = 3_000
const manyGroups = 1_000
const rowsPerInsert = 500

/** What requests are made about: things in the middle of many. */
export interface Landmarks {
  readonly userId: string
  readonly groupId: string
  readonly personaId: string
}

/** Fills a tenant with thousands of rows, straight into the database: over HTTP it would take a minute. */
export async function addManyRows(t: TestApp, tenant: TestTenant): Promise<Landmarks> {
  const prefix = tenant.id
  const id = (kind: string, index: number) => `${prefix}-${kind}-${index}`
  const role = await t.roleId('$member', tenant)
  const otherRole = await t.roleId('$guest', tenant)
  const subRole = await t.roleId('$governance-admin', tenant)
  const at = t.clock.now().getTime()
  const common = { tenant_id: tenant.id }
  await insert(t, 'users', manyUsers, (index) => ({
    ...common,
    id: id('user', index),
    username: `person${index}`,
    username_key: `person${index}`,
    email: `person${index}@example.com`,
    email_key: `person${index}@example.com`,
    first_name: `First${index % 97}`,
    first_name_key: `first${index % 97}`,
    last_name: `Last${index % 89}`,
    last_name_key: `last${index % 89}`,
    enabled: index % 10 === 0 ? 0 : 1,
    email_verified: 1,
    source: 'local',
    workspace_role_id: role,
    attributes: '{}',
    created_at: at + index,
    modified_at: at + index,
    last_login_at: index % 7,
    has_time_bounds: index % 3 === 0 ? 1 : 0,
    has_more_roles: index % 3 === 0 ? 1 : 0,
  }))
  await insert(t, 'groups', manyGroups, (index) => ({
    ...common,
    id: id('group', index),
    name: `team${index}`,
    name_key: `team${index}`,
    alias: `Team ${index}`,
    alias_key: `team ${index}`,
    attributes: '{}',
    is_default: 0,
    source: 'local',
    // More than there are: changes here only move it.
    member_count: 1_000,
    timed_members: index % 4 === 0 ? 3 : 0,
    created_at: at + index,
    created_by: 'somebody',
  }))
  const memberships = Array.from({ length: manyUsers }, (_, index) =>
    [index, index * 7, index * 13].map((group) => ({ user: index, group: group % manyGroups })),
  ).flat()
  const unique = [
    ...new Map(memberships.map((membership) => [`${membership.user} ${membership.group}`, membership])).values(),
  ]
  await insert(t, 'group_members', unique.length, (index) => {
    const { user, group } = unique[index] ?? { user: 0, group: 0 }
    const bounds = group % 4 === 0 ? boundsOf(at, user) : { valid_from: 0, expires_at: forever, is_timed: 0 }
    return {
      ...common,
      group_id: id('group', group),
      user_id: id('user', user),
      source: 'local',
      added_at: at,
      ...bounds,
    }
  })
  await insertHeldRoles(t, { common, id, at, role: otherRole, subRole })
  for (const kind of ['persona', 'purpose'] as const) {
    const own =
      kind === 'persona'
        ? { policies: '{"metadataPolicies":[],"dataPolicies":[],"glossaryPolicies":[]}' }
        : { tags: '[]' }
    await insert(t, `${kind}s`, manyGroups, (index) => ({
      ...common,
      ...own,
      id: id(kind, index),
      name: `${kind}${index}`,
      name_key: `${kind}${index}`,
      qualified_name: `default/${kind}${index}`,
      display_name: `${kind} ${index}`,
      description: '',
      created_at: at + index,
      created_by: `person${index % 11}`,
      updated_at: at + index,
      updated_by: `person${index % 13}`,
    }))
    await insert(t, `${kind}_subjects`, manyGroups, (index) => ({
      ...common,
      [`${kind}_id`]: id(kind, index),
      subject_kind: 'group',
      subject_id: id('group', index),
    }))
  }
  await insert(t, 'api_tokens', manyUsers, (index) => ({
    ...common,
    id: id('token', index),
    client_id: `apikey-${id('token', index)}`,
    token_hash: id('hash', index),
    last_four: 'abcd',
    display_name: `token ${index % 101}`,
    description: '',
    owner_id: id('user', index),
    rights: '[]',
    personas: '[]',
    lifetime_seconds: 60,
    created_at: at + index,
    created_by: 'somebody',
    expires_at: 0,
  }))
  await insert(t, 'oauth_clients', manyUsers, (index) => ({
    ...common,
    id: id('client', index),
    client_id: `oauth-client-${id('client', index)}`,
    secret_hash: id('secret', index),
    display_name: `client ${index % 101}`,
    description: '',
    role_id: role,
    personas: '[]',
    created_at: at + index,
    created_by: 'somebody',
  }))
  await insert(t, 'access_tokens', manyUsers, (index) => ({
    ...common,
    token_hash: id('access', index),
    oauth_client_id: id('client', index % 100),
    issued_at: at,
    expires_at: at + index,
  }))
  await insert(t, 'sso_mappers', manyGroups, (index) => ({
    ...common,
    alias: index % 100 === 0 ? 'okta' : `alias-${index % 100}`,
    id: id('mapper', index),
    name: `${id('group', index)}--1`,
    kind: 'group',
    group_id: id('group', index),
    attribute_name: 'memberOf',
    attribute_value: `team${index}`,
    created_at: at + index,
    created_by: 'somebody',
  }))
  await insert(t, 'invitations', manyUsers, (index) => ({
    ...common,
    id: id('invitation', index),
    user_id: id('user', index),
    email: `person${index}@example.com`,
    role_id: role,
    token_hash: id('link', index),
    inviter_kind: 'system',
    inviter_id: 'system',
    inviter_name: 'system',
    created_at: at + index,
    expires_at: at + index,
    accepted_at: at,
  }))
  await insert(t, 'events', manyUsers * 2, (index) => ({
    ...common,
    id: id('event', index),
    at: at - index,
    type: index % 2 === 0 ? 'user.created' : 'group.created',
    category: 'admin',
    actor_kind: 'user',
    actor_id: id('user', index % 50),
    actor_name: `person${index % 50}`,
    subject_kind: index % 2 === 0 ? 'user' : 'group',
    subject_id: index % 2 === 0 ? id('user', index % manyUsers) : id('group', index % manyGroups),
    door: 'rest',
    address: `192.0.2.${index % 250}`,
    request_id: 'many',
    data: '{}',
    personal: '{}',
  }))
  await insert(t, 'sessions', manyUsers, (index) => ({
    ...common,
    id: id('session', index),
    id_hash: id('cookie', index),
    user_id: id('user', index),
    csrf_token: 'x',
    method: 'password',
    started_at: at + index,
    last_seen_at: at + index,
    confirmed_at: at,
    idle_ms: 3_600_000,
    ends_at: at + 86_400_000 + index,
    address: '192.0.2.7',
    user_agent: '',
  }))
  await insert(t, 'session_tokens', manyUsers, (index) => ({
    ...common,
    token_hash: id('session-token', index),
    session_id: id('session', index),
    expires_at: at + index,
  }))
  await insert(t, 'single_use_tokens', manyUsers, (index) => ({
    ...common,
    id: id('single', index),
    token_hash: id('single-hash', index),
    purpose: 'password_reset',
    user_id: id('user', index),
    address: `person${index}@example.com`,
    created_at: at,
    expires_at: at + index,
  }))
  await insert(t, 'sign_in_counters', manyUsers, (index) => ({
    ...common,
    subject_key: `user:${id('user', index)}`,
    failures: 1,
    window_start: at,
    in_window: 1,
    last_at: at + index,
  }))
  await insert(t, 'pending_sign_ins', manyUsers, (index) => ({
    ...common,
    token_hash: id('pending', index),
    purpose: 'second_factor',
    user_id: id('user', index),
    expires_at: at + 86_400_000 + index,
  }))
  await insert(t, 'known_devices', manyUsers, (index) => ({
    ...common,
    user_id: id('user', index),
    device_hash: id('device', index),
    created_at: at,
    last_seen_at: at,
  }))
  await insert(t, 'outbox', manyUsers, (index) => ({
    ...common,
    id: id('mail', index),
    kind: 'invitation-mail',
    subject_id: id('invitation', index),
    dedupe_key: id('mail', index),
    payload: '{}',
    state: 'sent',
    due_at: at,
    created_at: at + index,
  }))
  await addScimRows(t, tenant, id)
  await addToCounters(t, tenant, role)
  return { userId: id('user', 1_500), groupId: id('group', 500), personaId: id('persona', 500) }
}

/** Time-bound: some are over, some hold, some are yet to come. */
function boundsOf(at: number, index: number) {
  const validFrom = at + ((index % 5) - 3) * 1_000_000
  return { valid_from: validFrom, expires_at: validFrom + 2_000_000, is_timed: 1 }
}

interface Holders {
  readonly common: { readonly tenant_id: string }
  readonly id: (kind: string, index: number) => string
  readonly at: number
  readonly role: string
  readonly subRole: string
}

/** One user in three holds roles beside the workspace role. */
async function insertHeldRoles(t: TestApp, { common, id, at, role, subRole }: Holders): Promise<void> {
  const holders = manyUsers / 3
  const given = (index: number) => ({ ...common, user_id: id('user', index * 3), given_at: at, given_by: 'somebody' })
  const untimed = (index: number) => {
    const { is_timed: _counted, ...bounds } = boundsOf(at, index)
    return bounds
  }
  await insert(t, 'role_grants', holders, (index) => ({ ...given(index), role_id: role, ...untimed(index) }))
  await insert(t, 'user_sub_roles', holders, (index) => ({ ...given(index), role_id: subRole, ...boundsOf(at, index) }))
  await insert(t, 'decentralized_roles', holders, (index) => ({
    ...given(index),
    ...untimed(index),
    id: id('held', index),
    role_id: role,
    level: 'connection',
    privilege: 'admin',
    object_id: '',
  }))
}

/** What SCIM keeps beside users and groups, and its log. */
async function addScimRows(t: TestApp, tenant: TestTenant, id: (kind: string, index: number) => string): Promise<void> {
  const common = { tenant_id: tenant.id }
  const at = t.clock.now().getTime()
  await insert(t, 'scim_users', manyUsers, (index) => ({
    ...common,
    user_id: id('user', index),
    external_id: `ext${index}`,
    display_name: `Person ${index}`,
    display_key: `person ${index}`,
    has_emails: 1,
    document: '{}',
  }))
  await insert(t, 'scim_values', manyUsers, (index) => ({
    ...common,
    user_id: id('user', index),
    attribute: 'emails',
    ordinal: 0,
    value_key: `person${index}@example.com`,
    type_key: 'work',
    is_primary: 1,
  }))
  await insert(t, 'scim_groups', manyGroups, (index) => ({
    ...common,
    group_id: id('group', index),
    external_id: `ext${index}`,
  }))
  await insert(t, 'scim_log', manyUsers, (index) => ({
    ...common,
    at: at - index * 1_000,
    request_id: id('request', index),
    token_id: '',
    token_label: '',
    address: '192.0.2.7',
    user_agent: '',
    client: '',
    method: 'PATCH',
    path: '/api/scim/v2/Users',
    query: '',
    status: 200,
    scim_type: '',
    detail: '',
    cause: '',
    duration_ms: 1,
    request_bytes: 0,
    response_bytes: 0,
    request_body: '',
    response_body: '',
  }))
  const numbers = await t.db.selectFrom('scim_log').select('seq').where('tenant_id', '=', tenant.id).execute()
  await insert(t, 'scim_log_steps', numbers.length, (index) => ({
    ...common,
    seq: numbers[index]?.seq,
    step: 0,
    subject_kind: 'user',
    subject_id: id('user', index),
    external_id: `ext${index}`,
    outcome: index % 50 === 0 ? 'refused' : 'changed',
    operation: 'patch',
    attribute: 'title',
    note: '',
    before_text: '',
    after_text: '',
  }))
}

/** What the services keep in step with every row they write. */
async function addToCounters(t: TestApp, tenant: TestTenant, roleId: string): Promise<void> {
  await t.db.engine.transact(async (trx) => {
    for (const [name, by] of [
      ['users', manyUsers],
      ['groups', manyGroups],
      ['personas', manyGroups],
      ['purposes', manyGroups],
      ['api_tokens', manyUsers],
      ['oauth_clients', manyUsers],
      ['invitations', manyUsers],
      ['sso_mappers', manyGroups],
    ] as const) {
      await addToCounter(trx, tenant.id, name, by)
    }
    await trx
      .updateTable('roles')
      .set({ member_count: manyUsers })
      .where('tenant_id', '=', tenant.id)
      .where('id', '=', roleId)
      .execute()
  })
}

async function insert(
  t: TestApp,
  table: string,
  count: number,
  rowOf: (index: number) => Record<string, unknown>,
): Promise<void> {
  for (let start = 0; start < count; start += rowsPerInsert) {
    const rows = Array.from({ length: Math.min(rowsPerInsert, count - start) }, (_, index) => rowOf(start + index))
    // The rows are whole by the database's own judgement; Kysely's types would need one function per table.
    await t.db.engine.transact((trx) =>
      trx
        .insertInto(table as 'users')
        .values(rows as never)
        .execute(),
    )
  }
}

/** PostgreSQL plans by what it knows of the tables; in production its own workers see to that. */
export async function refreshStatistics(t: TestApp): Promise<void> {
  if (t.location.kind === 'postgres') await t.db.engine.transact(settle)
}

/** What autovacuum does sooner or later: rows that wait in front of an index over parts of texts make it look dear. */
async function settle(trx: Trx): Promise<void> {
  await sql`select gin_clean_pending_list(i.indexrelid) from pg_index i
    join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam where a.amname = 'gin'`.execute(trx)
  await sql`analyze`.execute(trx)
}
