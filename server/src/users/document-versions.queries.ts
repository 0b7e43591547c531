import { withInstant } from '../bounds/bounds-sql.ts'
import { rawRows, type Queryable } from '../db/db.ts'
import { SqlTexts } from '../db/sql-texts.ts'
import { lastBoundSql } from './user-time-rules.ts'
import type { DocumentVersion } from './users.schema.ts'

/**
 * SQL for 1 when events exist in which the user of the row is the admin who acted, else 0.
 * Not `exists`: PostgreSQL 15 may answer that for all rows at once by hashing the whole table, limit or not.
 */
export const hasActedSql = `coalesce((select 1 from events e
  where e.tenant_id = users.tenant_id and e.actor_id = users.id and e.category = 'admin' limit 1), 0)`

interface VersionRow extends Omit<DocumentVersion, 'id' | 'hasActed' | 'lastBoundAt'> {
  readonly hasActed: number
  readonly hasTimeBounds: number
}

const versionById = `
select users.version, users.links_version as "linksVersion", t.catalogue_version as "catalogueVersion",
  users.has_time_bounds as "hasTimeBounds", ${hasActedSql} as "hasActed"
from users join tenants t on t.id = users.tenant_id where users.tenant_id = (select ?) and users.id = (select ?)`

/** The hottest read: decides whether a document kept in memory is still true. */
export async function findDocumentVersion(
  db: Queryable,
  tenantId: string,
  id: string,
  now: Date,
): Promise<DocumentVersion | undefined> {
  const [row] = await rawRows<VersionRow>(db, versionById, [tenantId, id])
  if (row === undefined) return undefined
  const { version, linksVersion, catalogueVersion } = row
  const lastBoundAt = row.hasTimeBounds === 0 ? 0 : ((await selectLastBounds(db, tenantId, [id], now)).get(id) ?? 0)
  return { id, version, linksVersion, catalogueVersion, lastBoundAt, hasActed: row.hasActed === 1 }
}

const texts = new SqlTexts()

/** The newest passed bounds of users who have any in time; asked of those alone. */
export async function selectLastBounds(
  db: Queryable,
  tenantId: string,
  ids: readonly string[],
  now: Date,
): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map()
  const text = texts.get(`${ids.length}`, () => {
    const places = Array.from({ length: ids.length }, () => '?').join(', ')
    return `${withInstant} select users.id, ${lastBoundSql} as at
      from users where users.tenant_id = (select ?) and users.id in (${places})`
  })
  const rows = await rawRows<{ id: string; at: number }>(db, text, [now.getTime(), tenantId, ...ids])
  return new Map(rows.map((row) => [row.id, row.at]))
}

export async function getCatalogueVersion(db: Queryable, tenantId: string): Promise<number> {
  const [row] = await rawRows<{ version: number }>(
    db,
    'select catalogue_version as version from tenants where id = ?',
    [tenantId],
  )
  return row?.version ?? 0
}
