import { copyFileSync, existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { asServer } from '../../scripts/postgres.ts'
import type { Db } from '../src/db/db.ts'
import { defaultLimits, type Limits } from '../src/limits/limits.ts'
import { migrateDatabase, openDatabase, type DatabaseLocation } from '../src/db/open.ts'

/** A fresh, migrated database for one test app. */
export interface TestDatabase extends AsyncDisposable {
  /** The server's. */
  readonly db: Db
  /** Sees the rows of all tenants: on PostgreSQL the owner's, on SQLite the same. */
  readonly all: Db
  readonly location: DatabaseLocation
}

export const usesPostgres = process.env['MUSTER_TEST_DATABASE'] === 'postgres'

/** SQLite: a copy of a migrated file. PostgreSQL: a clone of a migrated template. */
export function openTestDatabase(limits: Limits = defaultLimits): Promise<TestDatabase> {
  return usesPostgres ? openPostgresClone(limits) : openSqliteCopy(limits)
}

const roomyMinBytes = 2 ** 30
const folder = mkdtempSync(join(findMemoryFolder() ?? tmpdir(), 'muster-test-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** Linux' disk in memory, where it is roomy: no test waits for a sync there. What outlives a crash is tested on real files (main-kill). */
function findMemoryFolder(): string | undefined {
  const path = '/dev/shm'
  if (!existsSync(path)) return undefined
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize > roomyMinBytes ? path : undefined
}

let counter = 0
let sqliteTemplate: Promise<string> | undefined

async function openSqliteCopy(limits: Limits): Promise<TestDatabase> {
  sqliteTemplate ??= makeSqliteTemplate()
  const template = await sqliteTemplate
  const file = join(folder, `${(counter += 1)}.db`)
  copyFileSync(template, file)
  const location = { kind: 'sqlite', file } as const
  const db = openDatabase(location, limits)
  return {
    db,
    all: db,
    location,
    async [Symbol.asyncDispose]() {
      await db.engine.close()
      for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true })
    },
  }
}

async function makeSqliteTemplate(): Promise<string> {
  const file = join(folder, 'template.db')
  await migrateDatabase({ kind: 'sqlite', file })
  return file
}

let postgresTemplate: Promise<string> | undefined

async function openPostgresClone(limits: Limits): Promise<TestDatabase> {
  const url = requireUrl()
  postgresTemplate ??= makePostgresTemplate(url)
  const template = await postgresTemplate
  const name = `muster_test_${process.pid}_${(counter += 1)}`
  // A template is small and rests: copying its files takes half as long as writing them through the log.
  await runSql(url, `create database ${name} template ${template} strategy file_copy`)
  const location = locationOf(withDatabase(url, name))
  const db = openDatabase(location, limits)
  const all = openDatabase({ ...location, url: location.ownerUrl }, limits)
  return {
    db,
    all,
    location,
    async [Symbol.asyncDispose]() {
      await db.engine.close()
      await all.engine.close()
      await dropDatabase(url, name)
    },
  }
}

async function makePostgresTemplate(url: string): Promise<string> {
  const name = `muster_template_${process.pid}_${crypto.randomUUID().slice(0, 8)}`
  await runSql(url, `create database ${name}`)
  await migrateDatabase(locationOf(withDatabase(url, name)))
  return name
}

function locationOf(ownerUrl: string) {
  return { kind: 'postgres', url: asServer(ownerUrl), ownerUrl } as const
}

/** Closed connections take a moment to go, and ending them by force would reach this process as an error of nobody's. */
async function dropDatabase(url: string, name: string): Promise<void> {
  try {
    // The server itself waits up to five seconds for the others.
    await runSql(url, `drop database if exists ${name}`)
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '55006') throw error
    await runSql(url, `drop database if exists ${name} with (force)`)
  }
}

function requireUrl(): string {
  const url = process.env['MUSTER_TEST_DATABASE_URL']
  if (url === undefined)
    throw new Error('MUSTER_TEST_DATABASE_URL is not set; npm run test:postgres starts a server and sets it')
  return url
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}

/** Database names are made here, from letters, digits and the process id. */
async function runSql(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}
