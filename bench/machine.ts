import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import pg from 'pg'
import type { DatabaseLocation } from '../server/src/db/open.ts'
import Connection from 'better-sqlite3'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGib: number
  readonly system: string
  readonly node: string
  readonly database: string
  readonly date: string
  /** Processes that wanted a core, over the minute before the first round. */
  readonly loadBefore: number
}

export async function describeMachine(location: DatabaseLocation, loadBefore: number): Promise<Machine> {
  return {
    cpu: (cpus()[0]?.model ?? 'unknown').trim(),
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch} ${release()}`,
    node: process.version,
    database: location.kind === 'sqlite' ? describeSqlite() : await describePostgres(location.url),
    date: new Date().toISOString(),
    loadBefore: Math.round(loadBefore * 100) / 100,
  }
}

export function currentLoad(): number {
  return loadavg()[0] ?? 0
}

function describeSqlite(): string {
  const raw = new Connection(':memory:')
  const version = raw.prepare<[], string>('select sqlite_version()').pluck().get()
  raw.close()
  return `SQLite ${version}, WAL, synchronous=FULL`
}

/** Settings that decide what a durable change costs belong to the name. */
async function describePostgres(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ name: string; setting: string }>(
    `select name, current_setting(name) as setting from pg_settings
     where name in ('server_version', 'fsync', 'synchronous_commit', 'shared_buffers') order by name`,
  )
  await client.end()
  const settings = new Map(rows.map(({ name, setting }) => [name, setting]))
  const rest = [...settings]
    .filter(([name]) => name !== 'server_version')
    .map(([name, setting]) => `${name}=${setting}`)
  return `PostgreSQL ${settings.get('server_version')}, ${rest.join(', ')}`
}
