/** Run by migrations.test.ts, to be killed: half a migration, a word on standard output, and then nothing more. */
import { sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { listMigrations } from '../../src/db/migrate.ts'
import { withMigrationHandle, type DatabaseLocation } from '../../src/db/open.ts'

const location: DatabaseLocation = JSON.parse(process.argv[2] ?? '')

await withMigrationHandle(location, async (db) => {
  const done = Object.fromEntries((await listMigrations(db)).map(({ name }) => [name, { up: async () => {} }]))
  const half = {
    up: async (trx: typeof db) => {
      await sql`create table half_done (id text)`.execute(trx)
      await sql`drop view every_outbox_item`.execute(trx)
      await sql`drop table outbox`.execute(trx)
      process.stdout.write('half done\n')
      await new Promise((resolve) => setTimeout(resolve, 60_000))
    },
  }
  await new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...done, '9999_half': half }) },
  }).migrateToLatest()
})
