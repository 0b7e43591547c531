import { holdsSql, withInstant } from '../bounds/bounds-sql.ts'
import { dialectOf, rawRows, type DialectName, type Queryable } from '../db/db.ts'
import { jsonArraySql, jsonRowSql } from '../db/dialects/json.ts'
import { SqlTexts } from '../db/sql-texts.ts'
import { presentRoleSql, presentSubRolesSql } from '../user-roles/present-role-rules.ts'
import { readLinkCatalogue, type LinkCatalogue, type SharedLinks } from './link-catalogue.queries.ts'
import { hasActedSql } from './document-versions.queries.ts'
import type { DecentralizedRoleLink, DocumentVersion, NamedLink, UserView } from './users.schema.ts'
import { holdsIfBoundSql, lastBoundSql } from './user-time-rules.ts'
import { toUser, userRowColumns, type UserRow } from './user-row-rules.ts'

interface ViewRow extends UserRow {
  readonly catalogue_version: number
  readonly has_acted: number
  /** JSON arrays of ids. */
  readonly group_ids: string
  readonly persona_ids: string
  readonly purpose_ids: string
  readonly present_role_id: string
  readonly last_bound_at: number
  /** JSON arrays; null for users who were never given a role beside the workspace role. */
  readonly sub_role_ids: string | null
  readonly decentralized_roles: string | null
}

interface Asked {
  readonly ids: readonly string[]
  readonly now: Date
}

interface Shown {
  /** Without them users seem to be in no group and to hold nothing, and nobody can tell for how long that is true. */
  readonly withLinks: boolean
  /** Whether somebody did anything as an admin, which no view shows but a document's version does. */
  readonly withActed: boolean
}

/** Users with everything their documents show at this instant, in one statement and one state of the database; links on demand. */
export function selectUserViews(db: Queryable, tenantId: string, asked: Asked, withLinks = true): Promise<UserView[]> {
  return selectViews(db, tenantId, asked, { withLinks, withActed: false })
}

/** One user with the version that the view is true for. */
export async function findUserView(
  db: Queryable,
  tenantId: string,
  id: string,
  now: Date,
): Promise<(UserView & DocumentVersion) | undefined> {
  return (await selectViews(db, tenantId, { ids: [id], now }, { withLinks: true, withActed: true }))[0]
}

async function selectViews(
  db: Queryable,
  tenantId: string,
  { ids, now }: Asked,
  shown: Shown,
): Promise<(UserView & DocumentVersion)[]> {
  if (ids.length === 0) return []
  const text = viewText(dialectOf(db), ids.length, shown)
  const rows = await rawRows<ViewRow>(db, text, [now.getTime(), tenantId, ...ids])
  const held = rows.map((row) => ({ personas: readIds(row.persona_ids), purposes: readIds(row.purpose_ids) }))
  const all = { personas: held.flatMap(({ personas }) => personas), purposes: held.flatMap(({ purposes }) => purposes) }
  const catalogue = await readLinkCatalogue(db, tenantId, rows[0]?.catalogue_version ?? 0, all)
  return rows.map((row, index) => {
    const groupIds = readIds(row.group_ids).toSorted()
    return {
      ...toUser(row),
      ...rolesOf(row, catalogue),
      lastBoundAt: row.last_bound_at,
      catalogueVersion: row.catalogue_version,
      hasActed: row.has_acted === 1,
      groupIds,
      personas: heldLinks(catalogue.personas, held[index]?.personas ?? [], groupIds),
      purposes: heldLinks(catalogue.purposes, held[index]?.purposes ?? [], groupIds),
    }
  })
}

function rolesOf(
  row: ViewRow,
  catalogue: LinkCatalogue,
): Pick<UserView, 'workspaceRole' | 'subRoles' | 'decentralizedRoles'> {
  const workspaceRole = catalogue.roleName(row.present_role_id)
  const subRoles = readIds(row.sub_role_ids ?? '[]').map((id) => ({ id, name: catalogue.subRoleName(id) }))
  const held: (readonly [string, string, string])[] = JSON.parse(row.decentralized_roles ?? '[]')
  return {
    workspaceRole,
    subRoles: workspaceRole === '$member' ? subRoles.toSorted((a, b) => (a.name < b.name ? -1 : 1)) : [],
    decentralizedRoles: held
      .map(([level, roleId, privilege]): DecentralizedRoleLink => ({ roleId, level, privilege }))
      .toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1)),
  }
}

function orderOf({ level, roleId, privilege }: DecentralizedRoleLink): string {
  return JSON.stringify([level, roleId, privilege])
}

function readIds(json: string): string[] {
  return JSON.parse(json)
}

const texts = new SqlTexts()

/** A few hundred texts: no page is longer than 100. */
function viewText(dialect: DialectName, count: number, { withLinks, withActed }: Shown): string {
  return texts.get(`${dialect} ${count} ${withLinks} ${withActed}`, () => {
    const links = (sql: string) => (withLinks ? sql : `'[]'`)
    const held = (kind: string) =>
      jsonArraySql(
        dialect,
        `s.${kind}_id`,
        `${kind}_subjects s where s.tenant_id = users.tenant_id and s.subject_kind = 'user' and s.subject_id = users.id`,
      )
    const decentralized = jsonArraySql(
      dialect,
      jsonRowSql(dialect, ['d.level', 'd.role_id', 'd.privilege']),
      `decentralized_roles d where d.tenant_id = users.tenant_id and d.user_id = users.id and ${holdsSql('d')}`,
    )
    const memberships = jsonArraySql(
      dialect,
      'm.group_id',
      `group_members m where m.tenant_id = users.tenant_id and m.user_id = users.id and ${holdsIfBoundSql('m')}`,
    )
    return `${withInstant} select ${userRowColumns.join(', ')},
      (select t.catalogue_version from tenants t where t.id = users.tenant_id) as catalogue_version,
      ${withActed ? hasActedSql : '0'} as has_acted,
      ${links(memberships)} as group_ids,
      ${links(held('persona'))} as persona_ids,
      ${links(held('purpose'))} as purpose_ids,
      ${presentRoleSql('users')} as present_role_id,
      ${withLinks ? `case when users.has_time_bounds = 1 then ${lastBoundSql} else 0 end` : '0'} as last_bound_at,
      case when users.has_more_roles = 1 then ${jsonArraySql(dialect, 's.role_id', presentSubRolesSql('users'))} end as sub_role_ids,
      case when users.has_more_roles = 1 then ${decentralized} end as decentralized_roles
      from users where users.tenant_id = (select ?) and users.id in (${Array.from({ length: count }, () => '?').join(', ')})`
  })
}

/** What is held directly or through a group, each once, by name. */
function heldLinks(shared: SharedLinks, direct: readonly string[], groupIds: readonly string[]): NamedLink[] {
  const ids = new Set(direct)
  for (const groupId of groupIds) for (const id of shared.byGroup.get(groupId) ?? []) ids.add(id)
  if (ids.size === 0) return []
  const links = [...ids].flatMap((id) => shared.byId.get(id) ?? [])
  return links.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id < b.id ? -1 : 1))
}
