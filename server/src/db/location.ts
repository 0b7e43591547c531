import { join } from 'node:path'

export interface SqliteLocation {
  readonly kind: 'sqlite'
  readonly file: string
}

export interface PostgresLocation {
  readonly kind: 'postgres'
  /** The role of the running server: it owns nothing, and sees the rows of one tenant at a time. */
  readonly url: string
  /** The role that owns the tables: for migrations, backup and restore. Null where others see to those. */
  readonly ownerUrl: string | null
}

/** Where the data is. */
export type DatabaseLocation = SqliteLocation | PostgresLocation

export function databaseLocation(
  dataDir: string,
  { databaseUrl, databaseOwnerUrl }: { readonly databaseUrl: string | null; readonly databaseOwnerUrl: string | null },
): DatabaseLocation {
  return databaseUrl === null
    ? { kind: 'sqlite', file: join(dataDir, 'muster.db') }
    : { kind: 'postgres', url: databaseUrl, ownerUrl: databaseOwnerUrl }
}
