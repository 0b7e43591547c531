import { sql } from 'kysely'
import { rawRows, type Queryable } from '../db/db.ts'
import { isWorkspaceRole } from '../access/permissions.ts'
import type { DocumentVersion, NamedLink, User, UserLinks, UserSource, UserView } from './users.schema.ts'
import type { UsersTable } from './users.table.ts'

const columns = [
  'users.id',
  'users.username',
  'users.email',
  'users.first_name',
  'users.last_name',
  'users.enabled',
  'users.email_verified',
  'users.source',
  'users.workspace_role_id',
  'users.attributes',
  'users.locked_until',
  'users.invited_at',
  'users.invited_by',
  'users.invited_by_name',
  'users.accepted_at',
  'users.last_login_at',
  'users.created_at',
  'users.version',
  'users.links_version',
] as const

type UserRow = Omit<UsersTable, 'seq' | 'tenant_id' | 'username_key' | 'email_key' | 'first_name_key' | 'last_name_key'>

export async function findUser(db: Queryable, tenantId: string, id: string): Promise<User | undefined> {
  const row = await db.selectFrom('users').select(columns).where('tenant_id', '=', tenantId).where('id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : toUser(row)
}

export async function selectUsersByEmail(db: Queryable, tenantId: string, emailKeys: readonly string[]): Promise<User[]> {
  if (emailKeys.length === 0) return []
  const rows = await db
    .selectFrom('users')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('email_key', 'in', [...emailKeys])
    .execute()
  return rows.map(toUser)
}

export async function findIdByName(db: Queryable, tenantId: string, key: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('users')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where((eb) => eb.or([eb('username_key', '=', key), eb('email_key', '=', key)]))
    .executeTakeFirst()
  return row?.id
}

/** Of these ids, those that are users of the tenant. */
export async function selectExistingIds(db: Queryable, tenantId: string, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await db.selectFrom('users').select('id').where('tenant_id', '=', tenantId).where('id', 'in', [...ids]).execute()
  return new Set(rows.map((row) => row.id))
}

const versionById = `
select u.version, u.links_version as "linksVersion", t.catalogue_version as "catalogueVersion"
from users u join tenants t on t.id = u.tenant_id where u.tenant_id = ? and u.id = ?`

/** The hottest read: decides whether a document kept in memory is still true. */
export async function findDocumentVersion(db: Queryable, tenantId: string, id: string): Promise<DocumentVersion | undefined> {
  const [row] = await rawRows<Omit<DocumentVersion, 'id'>>(db, versionById, [tenantId, id])
  return row === undefined ? undefined : { id, ...row }
}

export async function getCatalogueVersion(db: Queryable, tenantId: string): Promise<number> {
  const row = await db.selectFrom('tenants').select('catalogue_version').where('id', '=', tenantId).executeTakeFirstOrThrow()
  return row.catalogue_version
}

/**
 * Loads users with everything their documents show, in a fixed number of statements.
 * The users' own rows are read first: what is read after is at least as new as the versions they carry.
 */
export async function selectUserViews(db: Queryable, tenantId: string, ids: readonly string[]): Promise<UserView[]> {
  if (ids.length === 0) return []
  const rows = await db
    .selectFrom('users')
    .innerJoin('roles', (join) => join.onRef('roles.tenant_id', '=', 'users.tenant_id').onRef('roles.id', '=', 'users.workspace_role_id'))
    .select([...columns, 'roles.name as role_name'])
    .where('users.tenant_id', '=', tenantId)
    .where('users.id', 'in', [...ids])
    .execute()
  const links = await selectLinks(db, tenantId, rows.map((row) => row.id))
  return rows.map((row) => {
    if (!isWorkspaceRole(row.role_name)) throw new Error(`user ${row.id} has the role ${row.role_name}, which is no workspace role`)
    return { ...toUser(row), workspaceRole: row.role_name, ...(links.get(row.id) ?? noLinks) }
  })
}

const noLinks: UserLinks = { groupIds: [], personas: [], purposes: [] }

async function selectLinks(db: Queryable, tenantId: string, userIds: readonly string[]): Promise<Map<string, UserLinks>> {
  if (userIds.length === 0) return new Map()
  const memberships = await db
    .selectFrom('group_members')
    .select(['user_id', 'group_id'])
    .where('tenant_id', '=', tenantId)
    .where('user_id', 'in', [...userIds])
    .orderBy('group_id')
    .execute()
  const personas = await selectHeld(db, tenantId, userIds, 'persona')
  const purposes = await selectHeld(db, tenantId, userIds, 'purpose')
  const groupIds = Map.groupBy(memberships, (row) => row.user_id)
  return new Map(
    userIds.map((id) => [
      id,
      {
        groupIds: (groupIds.get(id) ?? []).map((row) => row.group_id),
        personas: personas.get(id) ?? [],
        purposes: purposes.get(id) ?? [],
      },
    ]),
  )
}

interface HeldRow extends NamedLink {
  readonly userId: string
}

/** Personas or purposes held directly or through a group, each once, by name. */
async function selectHeld(
  db: Queryable,
  tenantId: string,
  userIds: readonly string[],
  kind: 'persona' | 'purpose',
): Promise<Map<string, NamedLink[]>> {
  const table = sql.table(`${kind}s`)
  const subjects = sql.table(`${kind}_subjects`)
  const ownerId = sql.ref(`${kind}_id`)
  const ids = sql.join(userIds.map((id) => sql`${id}`))
  const { rows } = await sql<HeldRow>`
    select h.user_id as "userId", o.id, o.name, o.display_name as "displayName", o.qualified_name as "qualifiedName"
    from (
      select s.subject_id as user_id, s.${ownerId} as owner_id from ${subjects} s
      where s.tenant_id = ${tenantId} and s.subject_kind = 'user' and s.subject_id in (${ids})
      union
      select m.user_id, s.${ownerId} from group_members m
      join ${subjects} s on s.tenant_id = m.tenant_id and s.subject_kind = 'group' and s.subject_id = m.group_id
      where m.tenant_id = ${tenantId} and m.user_id in (${ids})
    ) h
    join ${table} o on o.tenant_id = ${tenantId} and o.id = h.owner_id
    order by o.name, o.id`.execute(db)
  return Map.groupBy(rows, (row) => row.userId)
}

/** Says whether an enabled admin other than this user exists who has accepted. */
export async function hasOtherAdmin(db: Queryable, tenantId: string, adminRoleId: string, userId: string): Promise<boolean> {
  const row = await db
    .selectFrom('users')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('workspace_role_id', '=', adminRoleId)
    .where('id', '<>', userId)
    .where('enabled', '=', 1)
    .where((eb) => eb.or([eb('invited_at', '=', 0), eb('accepted_at', '>', 0)]))
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

export function toUser(row: UserRow): User {
  return {
    id: row.id,
    username: row.username,
    email: row.email,
    firstName: row.first_name,
    lastName: row.last_name,
    enabled: row.enabled === 1,
    emailVerified: row.email_verified === 1,
    source: toSource(row.source),
    workspaceRoleId: row.workspace_role_id,
    attributes: JSON.parse(row.attributes),
    lockedUntil: row.locked_until,
    invitedAt: row.invited_at,
    invitedBy: row.invited_by,
    invitedByName: row.invited_by_name,
    acceptedAt: row.accepted_at,
    lastLoginAt: row.last_login_at,
    createdAt: row.created_at,
    version: row.version,
    linksVersion: row.links_version,
  }
}

function toSource(source: string): UserSource {
  return source === 'jit' || source === 'scim' ? source : 'local'
}
