/** Runs one program beside each database, both at the same time; it says by messages what came out. */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { withPostgres } from './postgres.ts'

const root = path.dirname(import.meta.dirname)
const databases = ['sqlite', 'postgres'] as const
type DatabaseName = (typeof databases)[number]

/** What a program tells when it is done. */
export interface LaneReport {
  readonly counts: Readonly<Record<string, number>>
  readonly failures: readonly string[]
}

export interface Lane extends LaneReport {
  readonly database: DatabaseName
  readonly seconds: number
}

/** A database the caller named, or both. */
export function chosenDatabases(name: string | undefined): readonly DatabaseName[] {
  const known = databases.filter((database) => name === undefined || database === name)
  if (known.length === 0) throw new Error(`--database is "${name}"; it must be sqlite or postgres`)
  return known
}

export function runBeside(
  names: readonly DatabaseName[],
  program: string,
  args: (database: DatabaseName) => readonly string[],
): Promise<Lane[]> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))
  return Promise.all(
    names.map((database) =>
      database === 'sqlite'
        ? runOne(database, program, args(database), {})
        : withPostgres(({ ownerUrl }) =>
            runOne(database, program, args(database), { MUSTER_TEST_DATABASE_URL: ownerUrl }),
          ),
    ),
  )
}

/** A program that ends without a report has failed, whatever its exit code says. */
function runOne(
  database: DatabaseName,
  program: string,
  args: readonly string[],
  more: Readonly<Record<string, string>>,
): Promise<Lane> {
  const started = performance.now()
  const child = spawn(process.execPath, [path.join(root, program), ...args], {
    cwd: root,
    env: { ...process.env, MUSTER_TEST_DATABASE: database, ...more },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const kill = (): boolean => child.kill()
  process.on('exit', kill)
  let report: LaneReport | undefined
  child.on('message', (message: LaneReport) => (report = message))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      process.off('exit', kill)
      const seconds = (performance.now() - started) / 1000
      const gone = { counts: {}, failures: [`ended without a report (${signal ?? `exit code ${code}`})`] }
      resolve({ ...(report ?? gone), database, seconds })
    })
  })
}

/** Prints every failure, and answers how many parts of the lane went well. */
export function printLanes(lanes: readonly Lane[]): { readonly passed: number; readonly failed: number } {
  for (const { database, counts, failures, seconds } of lanes) {
    for (const failure of failures) console.log(`✗ ${database}: ${failure}`)
    const numbers = Object.entries(counts).map(([what, count]) => `${count.toLocaleString('en')} ${what}`)
    console.log(`${database}: ${[...numbers, `${failures.length} failures`, `${seconds.toFixed(0)} s`].join(', ')}`)
  }
  const failed = lanes.filter(({ failures }) => failures.length > 0).length
  return { passed: lanes.length - failed, failed }
}

export function sumOf(lanes: readonly Lane[], what: string): number {
  return lanes.reduce((sum, { counts }) => sum + (counts[what] ?? 0), 0)
}
