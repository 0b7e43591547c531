import { sql } from 'kysely'
import type { Queryable } from '../../db/db.ts'

/** Those that SCIM manages; there is no counter of them, since hardly anybody asks. */
export async function countVisible(db: Queryable, tenantId: string, table: 'users' | 'groups'): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.table(table)}
    where tenant_id = ${tenantId} and source = 'scim'`.execute(db)
  return rows[0]?.count ?? 0
}
