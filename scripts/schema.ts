/** `npm run schema` writes one readable page per database of what the migrations make; with --check it only says which are stale. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { migrateToLatest } from '../server/src/db/migrate.ts'
import { withMigrationHandle, type DatabaseLocation } from '../server/src/db/open.ts'
import { schemaPage } from '../server/test/schema-page.ts'
import { withPostgres } from './postgres.ts'

const folder = path.join(path.dirname(import.meta.dirname), 'server/src/db')

export const schemaFiles: Readonly<Record<DatabaseLocation['kind'], string>> = {
  sqlite: path.join(folder, 'schema.sqlite.sql'),
  postgres: path.join(folder, 'schema.postgres.sql'),
}

if (import.meta.main) process.exitCode = await run(process.argv.includes('--check'))

async function run(onlyChecks: boolean): Promise<number> {
  const pages = {
    sqlite: await sqlitePage(),
    postgres: await withPostgres(({ url, ownerUrl }) => freshPage({ kind: 'postgres', url, ownerUrl })),
  }
  let stale = 0
  for (const kind of ['sqlite', 'postgres'] as const) {
    const isFresh = readIfThere(schemaFiles[kind]) === pages[kind]
    if (!isFresh && onlyChecks) stale += 1
    if (!isFresh && !onlyChecks) writeFileSync(schemaFiles[kind], pages[kind])
    console.log(
      `schema: ${path.basename(schemaFiles[kind])} ${isFresh ? 'fresh' : onlyChecks ? 'is stale: run npm run schema' : 'written'}`,
    )
  }
  return stale === 0 ? 0 : 1
}

async function sqlitePage(): Promise<string> {
  const temporary = mkdtempSync(path.join(tmpdir(), 'muster-schema-'))
  try {
    return await freshPage({ kind: 'sqlite', file: path.join(temporary, 'schema.db') })
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

function freshPage(location: DatabaseLocation): Promise<string> {
  return withMigrationHandle(location, async (db) => {
    await migrateToLatest(db)
    return schemaPage(db)
  })
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
