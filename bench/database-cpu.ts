import { readFileSync } from 'node:fs'
import pg from 'pg'
import type { DatabaseLocation } from '../server/src/db/open.ts'

/** CPU time of the database's own processes, which belongs to the cost of a request. */
export interface DatabaseCpu {
  /** Whether it can be read: always with SQLite, where it is part of the server's; else only for PostgreSQL on this Linux machine. */
  readonly isCounted: boolean
  readMs(): Promise<number>
  close(): Promise<void>
}

/** Clock ticks in which Linux reports times of processes. */
const tickMs = 10

export async function openDatabaseCpu(location: DatabaseLocation): Promise<DatabaseCpu> {
  if (location.kind === 'sqlite') return { isCounted: true, readMs: async () => 0, close: async () => {} }
  // As the server's own role: of others' sessions PostgreSQL does not say what they are.
  const client = new pg.Client({ connectionString: location.url })
  await client.connect()
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const isCounted = isPostgres(rows[0]?.pid ?? 0)
  const seen = new Map<number, number>()
  let totalMs = 0
  return {
    isCounted,
    readMs: async () => {
      // Pools close idle connections: what a process had spent when it was last seen stays in the sum.
      for (const pid of isCounted ? await clientBackends(client) : []) {
        const ms = processMs(pid)
        totalMs += ms - (seen.get(pid) ?? 0)
        seen.set(pid, ms)
      }
      return totalMs
    },
    close: () => client.end(),
  }
}

async function clientBackends(client: pg.Client): Promise<number[]> {
  const { rows } = await client.query<{ pid: number }>(
    `select pid from pg_stat_activity
     where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`,
  )
  return rows.map(({ pid }) => pid)
}

/** A server elsewhere has process ids that mean something else here. */
function isPostgres(pid: number): boolean {
  return /\(postgres\)/.test(statOf(pid))
}

/** User and system time, fields 14 and 15; the name in brackets before them may hold anything. */
function processMs(pid: number): number {
  const stat = statOf(pid)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * tickMs
}

function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return ''
    throw error
  }
}
