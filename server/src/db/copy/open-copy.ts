import { requireOwner, type DatabaseLocation } from '../open.ts'
import type { Filling, Snapshot } from './copy.ts'
import { openPostgresFilling } from './postgres-filling.ts'
import { openPostgresSnapshot } from './postgres-snapshot.ts'
import { openSqliteFilling } from './sqlite-filling.ts'
import { openSqliteSnapshot } from './sqlite-snapshot.ts'

/** Takes hold of the database's present state, for reading it while everybody else goes on. */
export async function openSnapshot(location: DatabaseLocation): Promise<Snapshot> {
  return location.kind === 'sqlite'
    ? openSqliteSnapshot(location.file)
    : openPostgresSnapshot(requireOwner(location, 'only who owns the tables reads the rows of all tenants'))
}

/**
 * Begins to fill a database that is empty or not there, with the schema these migrations made.
 *
 * @throws TargetNotEmpty
 * @throws MigrationError where the schema there, or the one wanted, is a newer one
 */
export function openFilling(location: DatabaseLocation, migrations: readonly string[]): Promise<Filling> {
  return location.kind === 'sqlite'
    ? openSqliteFilling(location.file, migrations)
    : openPostgresFilling(location, migrations)
}
