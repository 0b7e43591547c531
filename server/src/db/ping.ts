import { rawRows, type Db } from './db.ts'

/** Asks the database for anything; throws when it does not answer. */
export async function pingDatabase(db: Db): Promise<void> {
  await rawRows(db, 'select 1 as one', [])
}
