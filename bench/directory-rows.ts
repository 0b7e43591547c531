import { hashSecret } from '../server/src/secrets/secrets.ts'
import type { Insertable } from 'kysely'
import { toKey } from '../server/src/db/normal-key.ts'
import type { Database } from '../server/src/db/database.ts'
import { groupAlias, jobTitle, personName, setName } from './names.ts'
import { orderedId, seededRandom, type Random } from './random.ts'

/** A row to insert: what the database fills in by itself may be left out. */
export type NewRow<T extends keyof Database> = Readonly<Omit<Insertable<Database[T]>, 'seq'>>

export type UserRow = NewRow<'users'>
export type GroupRow = NewRow<'groups'>

/** 1 March 2025: the first person; one more every ten seconds. */
const firstDay = Date.UTC(2025, 2, 1)
const userEveryMs = 10_000
const inviterName = 'Ada Steward'
const pendingLifetimeMs = 7 * 24 * 3_600_000

export interface RoleIds {
  readonly admin: string
  readonly member: string
  readonly guest: string
}

/** One in a hundred is an admin, one in ten a guest; six in ten come from an identity provider, two in a hundred have not accepted yet. */
export function userRow(tenantId: string, number: number, roles: RoleIds, now: number): UserRow {
  const random = seededRandom(number)
  const createdAt = firstDay + number * userEveryMs
  const id = orderedId(random, createdAt)
  const { first, last, login } = personName(random, number)
  const email = `${login}@example.com`
  const isInvited = random() < 0.4
  const isPending = isInvited && random() < 0.05
  const role = number % 100 === 0 ? roles.admin : number % 10 === 1 ? roles.guest : roles.member
  const isDisabled = random() < 0.03
  const title = jobTitle(random)
  return {
    tenant_id: tenantId,
    id,
    username: login,
    username_key: toKey(login),
    email,
    email_key: toKey(email),
    first_name: first,
    first_name_key: toKey(first),
    last_name: last,
    last_name_key: toKey(last),
    enabled: isDisabled ? 0 : 1,
    email_verified: isPending ? 0 : 1,
    source: isInvited ? 'local' : 'scim',
    workspace_role_id: role,
    attributes: JSON.stringify({ designation: [title], slack: [`@${login}`] }),
    locked_until: 0,
    // Those who have not accepted were invited lately, or their invitation would have run out.
    invited_at: isPending ? now - Math.floor(random() * 0.5 * pendingLifetimeMs) : isInvited ? createdAt : 0,
    invited_by: isInvited ? 'ada.steward' : '',
    invited_by_name: isInvited ? inviterName : '',
    accepted_at: isInvited && !isPending ? createdAt + 3_600_000 : 0,
    last_login_at: isPending || random() < 0.3 ? 0 : createdAt + 86_400_000,
    created_at: createdAt,
    modified_at: createdAt,
    version: 1,
    links_version: 1,
  }
}

/** The invitation behind a user who was invited; null for the others. */
export function invitationRow(user: UserRow, inviterId: string): NewRow<'invitations'> | null {
  if (user.invited_at === 0) return null
  return {
    tenant_id: user.tenant_id,
    id: derivedId(user.id, 'invitation'),
    user_id: user.id,
    email: user.email,
    role_id: user.workspace_role_id,
    token_hash: hashSecret(`${user.id} invitation`),
    inviter_kind: 'api_token',
    inviter_id: inviterId,
    inviter_name: inviterName,
    created_at: user.invited_at,
    expires_at: user.invited_at + pendingLifetimeMs,
    last_sent_at: user.invited_at,
    accepted_at: user.accepted_at,
    revoked_at: 0,
  }
}

export function createdEvent(user: UserRow, role: string): NewRow<'events'> {
  return {
    tenant_id: user.tenant_id,
    id: derivedId(user.id, 'event'),
    at: user.created_at,
    type: 'user.created',
    category: 'admin',
    actor_kind: 'system',
    actor_id: 'system',
    actor_name: 'system',
    subject_kind: 'user',
    subject_id: user.id,
    object_id: '',
    door: 'system',
    address: '',
    request_id: derivedId(user.id, 'request'),
    data: JSON.stringify({ role }),
    personal: JSON.stringify({ email: user.email, username: user.username }),
  }
}

export function groupRow(tenantId: string, number: number): GroupRow {
  const random = seededRandom(10_000_000 + number)
  const createdAt = firstDay + number
  const id = orderedId(random, createdAt)
  const alias = groupAlias(random, number)
  const name = alias.toLowerCase().replaceAll(' ', '_')
  return {
    tenant_id: tenantId,
    id,
    name,
    name_key: toKey(name),
    alias,
    alias_key: toKey(alias),
    attributes: JSON.stringify({ description: [`People of ${alias}`] }),
    is_default: 0,
    source: 'local',
    member_count: 0,
    created_at: createdAt,
    created_by: 'ada.steward',
    updated_at: 0,
    updated_by: '',
    version: 1,
    links_version: 1,
  }
}

export function personaRow(tenantId: string, number: number): NewRow<'personas'> {
  const random = seededRandom(20_000_000 + number)
  const policies = JSON.stringify({ metadataPolicies: [], dataPolicies: [], glossaryPolicies: [] })
  return { ...setColumns(tenantId, 'persona', random, number), is_enabled: 1, policies, readme: '' }
}

export function purposeRow(tenantId: string, number: number): NewRow<'purposes'> {
  const random = seededRandom(30_000_000 + number)
  return {
    ...setColumns(tenantId, 'purpose', random, number),
    is_active: 1,
    tags: JSON.stringify([`tag-${number}`]),
    revision: '',
  }
}

/** What personas and purposes have in common. */
function setColumns(tenantId: string, kind: 'persona' | 'purpose', random: Random, number: number) {
  const at = firstDay + number
  const id = orderedId(random, at)
  const name = setName(random, kind, number)
  return {
    tenant_id: tenantId,
    id,
    name,
    name_key: toKey(name),
    qualified_name: `default/${id.replaceAll('-', '').slice(-16)}`,
    display_name: name,
    description: `What ${name} is for`,
    created_at: at,
    created_by: 'ada.steward',
    updated_at: at,
    updated_by: 'ada.steward',
    version: 1,
    links_version: 1,
  }
}

/** Another id for what belongs to one user, in the same order. */
function derivedId(id: string, what: string): string {
  const hex = Buffer.from(hashSecret(`${id} ${what}`), 'base64url').toString('hex')
  return `${id.slice(0, 14)}7${hex.slice(0, 3)}-a${hex.slice(3, 6)}-${hex.slice(6, 18)}`
}
