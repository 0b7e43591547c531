import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { withPostgres } from '../../scripts/postgres.ts'
import { RunError } from '../run-error.ts'
import { Broken, remove, type Check, type Scim } from './check.ts'
import { checks } from './checks.ts'
import { describe } from './client.ts'
import { startOwnWorkspace, type OwnWorkspace } from './own-workspace.ts'

const root = join(import.meta.dirname, '..', '..')

const usage = `npm run test:scim [-- --url URL --token TOKEN] [--database postgres] [part of a number or rule…]

Holds a SCIM server against the numbered rules of the contract, over plain HTTP. URL is the base of SCIM, such as
https://acme.example.com/api/scim/v2. Without it a server of this clone is started for the run; DATABASE_URL makes it
use an empty PostgreSQL database, --database postgres one that is made for the run.`

interface Arguments {
  readonly url: string | undefined
  readonly token: string | undefined
  readonly database: string | undefined
  readonly wanted: readonly Check[]
}

async function main(): Promise<number> {
  const given = readArguments()
  if (given === undefined) {
    process.stdout.write(`${usage}\n`)
    return 0
  }
  if (given.database !== 'postgres') return runAgainst(given)
  return withPostgres(async ({ url, ownerUrl }) => {
    Object.assign(process.env, { DATABASE_URL: url, DATABASE_OWNER_URL: ownerUrl })
    return runAgainst(given)
  })
}

function readArguments(): Arguments | undefined {
  const { values, positionals } = parse()
  if (values.help) return undefined
  const { url, token, database } = values
  if ((url === undefined) !== (token === undefined)) throw new RunError(usage)
  if (database !== undefined && database !== 'sqlite' && database !== 'postgres') throw new RunError(usage)
  const isWanted = ({ item, rule }: Check) =>
    positionals.length === 0 || positionals.some((part) => String(item) === part || rule.includes(part))
  return { url: url?.replace(/\/+$/, ''), token, database, wanted: checks.filter(isWanted) }
}

function parse() {
  try {
    return parseArgs({
      options: {
        url: { type: 'string' },
        token: { type: 'string' },
        database: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    })
  } catch (error) {
    throw new RunError(usage, { cause: error })
  }
}

async function runAgainst({ url, token, wanted }: Arguments): Promise<number> {
  if (url !== undefined && token !== undefined) return runChecks(scimOf(url, token, undefined), wanted)
  const own = await startOwnWorkspace(root)
  try {
    return await runChecks(scimOf(`${own.url}/api/scim/v2`, own.scimToken, own), wanted)
  } finally {
    await own.stop()
  }
}

function scimOf(base: string, token: string, own: OwnWorkspace | undefined): Scim {
  const run = `cf${randomBytes(4).toString('hex')}`
  return { base, token, own, run, made: [], exchanges: [], counter: { value: 0 } }
}

async function runChecks(scim: Scim, wanted: readonly Check[]): Promise<number> {
  process.stdout.write(`SCIM at ${scim.base}\n`)
  const able = wanted.filter(({ isOwn }) => scim.own !== undefined || !isOwn)
  let failed = 0
  for (const one of able) if (!(await holds(scim, one))) failed += 1
  await clear(scim)
  const left = wanted.length - able.length
  if (left > 0) process.stdout.write(`\n${left} checks need a server of their own and were not made.\n`)
  process.stdout.write(`\n${able.length - failed} passed, ${failed} failed\n`)
  return failed === 0 && able.length > 0 ? 0 : 1
}

async function holds(scim: Scim, { item, rule, run }: Check): Promise<boolean> {
  scim.exchanges.length = 0
  try {
    await run(scim)
    return true
  } catch (error) {
    const what = error instanceof Broken ? error.message : error instanceof Error ? error.stack : String(error)
    const last = scim.exchanges.at(-1)
    process.stdout.write(`\n✗ ${item} ${rule}\n  ${what}\n${last === undefined ? '' : `${describe(last)}\n`}`)
    // The client is told nothing of what went wrong inside; whoever owns the server may know.
    if (last !== undefined && last.status >= 500)
      process.stdout.write(`${scim.own?.printed().trimEnd().split('\n').slice(-5).join('\n') ?? ''}\n`)
    return false
  }
}

/** What a run made is no use to anybody after it. */
async function clear(scim: Scim): Promise<void> {
  for (const path of scim.made.toReversed()) await remove(scim, path)
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof RunError)) throw error
  process.stderr.write(`${error.message}\n\n0 passed, 1 failed\n`)
  process.exitCode = 1
}
