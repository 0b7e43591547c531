import type { Command } from 'commander'
import { listMigrations } from '../db/migrate.ts'
import { migrateDatabase, withMigrationHandle } from '../db/open.ts'
import { print, readEnvironment } from './with-database.ts'

export function addDatabaseCommands(program: Command): void {
  const db = program.command('db').description('the schema of the database')
  db.command('migrate').description('bring the schema up to date').action(migrate)
  db.command('status').description('list migrations, and which are done').action(status)
}

async function migrate(_options: unknown, command: Command): Promise<void> {
  const applied = await migrateDatabase(readEnvironment().location)
  print(
    command,
    { applied },
    applied.length === 0 ? ['The schema is up to date.'] : applied.map((name) => `applied ${name}`),
  )
}

async function status(_options: unknown, command: Command): Promise<void> {
  const migrations = await withMigrationHandle(readEnvironment().location, listMigrations)
  const lines = migrations.map(
    ({ name, executedAt }) => `${name}\t${executedAt === null ? 'pending' : executedAt.toISOString()}`,
  )
  print(command, migrations, lines)
}
