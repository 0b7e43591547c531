import type { Database } from '../server/src/db/database.ts'
import type { DatabaseLocation } from '../server/src/db/open.ts'
import type { NewRow } from './directory-rows.ts'
import { openPostgresBulkWriter } from './bulk-postgres.ts'
import { openSqliteBulkWriter } from './bulk-sqlite.ts'

/**
 * Fills a migrated database fast: what is derived from rows (indexes, foreign keys' checks, the search index) is left out
 * while they come and made once at the end, as the migrations would have it. Nobody else may use the database meanwhile.
 */
export interface BulkWriter {
  insert<T extends keyof Database>(table: T, rows: readonly NewRow<T>[]): Promise<void>
  /** Sets one number of one row of the tenant, found by its id. */
  setNumber(
    where: { readonly table: 'groups' | 'roles'; readonly tenantId: string; readonly id: string },
    column: string,
    value: number,
  ): Promise<void>
  /** Makes what was left out, and closes. */
  finish(): Promise<void>
}

export function openBulkWriter(location: DatabaseLocation): Promise<BulkWriter> {
  return location.kind === 'sqlite'
    ? openSqliteBulkWriter(location.file)
    : openPostgresBulkWriter(location.ownerUrl ?? location.url)
}
