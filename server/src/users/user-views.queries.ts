import { dialectOf, rawRows, type DialectName, type Queryable } from '../db/db.ts'
import { jsonArraySql } from '../db/dialects/json.ts'
import { SqlTexts } from '../db/sql-texts.ts'
import { readLinkCatalogue, type SharedLinks } from './link-catalogue.queries.ts'
import type { NamedLink, UserView } from './users.schema.ts'
import { toUser, userRowColumns, type UserRow } from './user-row-rules.ts'

interface ViewRow extends UserRow {
  readonly catalogue_version: number
  /** JSON arrays of ids. */
  readonly group_ids: string
  readonly persona_ids: string
  readonly purpose_ids: string
}

/** Users with everything their documents show, in one statement and one state of the database. */
export async function selectUserViews(db: Queryable, tenantId: string, ids: readonly string[]): Promise<UserView[]> {
  if (ids.length === 0) return []
  const rows = await rawRows<ViewRow>(db, viewText(dialectOf(db), ids.length), [tenantId, ...ids])
  const held = rows.map((row) => ({ personas: readIds(row.persona_ids), purposes: readIds(row.purpose_ids) }))
  const all = { personas: held.flatMap(({ personas }) => personas), purposes: held.flatMap(({ purposes }) => purposes) }
  const catalogue = await readLinkCatalogue(db, tenantId, rows[0]?.catalogue_version ?? 0, all)
  return rows.map((row, index) => {
    const groupIds = readIds(row.group_ids).toSorted()
    return {
      ...toUser(row),
      workspaceRole: catalogue.roleName(row.workspace_role_id),
      groupIds,
      personas: heldLinks(catalogue.personas, held[index]?.personas ?? [], groupIds),
      purposes: heldLinks(catalogue.purposes, held[index]?.purposes ?? [], groupIds),
    }
  })
}

function readIds(json: string): string[] {
  return JSON.parse(json)
}

const texts = new SqlTexts()

/** At most 100 texts: no page is longer. */
function viewText(dialect: DialectName, count: number): string {
  return texts.get(`${dialect} ${count}`, () => {
    const held = (kind: string) =>
      jsonArraySql(
        dialect,
        `s.${kind}_id`,
        `${kind}_subjects s where s.tenant_id = users.tenant_id and s.subject_kind = 'user' and s.subject_id = users.id`,
      )
    return `select ${userRowColumns.join(', ')},
      (select t.catalogue_version from tenants t where t.id = users.tenant_id) as catalogue_version,
      ${jsonArraySql(dialect, 'm.group_id', 'group_members m where m.tenant_id = users.tenant_id and m.user_id = users.id')} as group_ids,
      ${held('persona')} as persona_ids,
      ${held('purpose')} as purpose_ids
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
