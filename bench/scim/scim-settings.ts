import { parseArgs } from 'node:util'
import type { PostgresLocation } from '../../server/src/db/location.ts'
import { readPostgres } from '../postgres-place.ts'
import { WrongUse } from '../settings.ts'

export interface ScimSettings {
  /** Users of each directory, ascending. */
  readonly sizes: readonly number[]
  /** Requests of each kind and size in one round. */
  readonly requests: number
  /** Rounds over all sizes in turn. */
  readonly rounds: number
  readonly syncUsers: number
  readonly syncGroups: number
  /** Null means SQLite. */
  readonly postgres: PostgresLocation | null
  readonly asJson: boolean
}

export const scimUsage = `Measures SCIM over HTTP, as an identity provider uses it. See bench/README.md.

  npm run -s bench -- --scim [options]   with DATABASE_URL and DATABASE_OWNER_URL on PostgreSQL

  --users <n,n>        users of the directories that are compared (1000,100000)
  --requests <n>       requests of each kind and directory in a round (60)
  --rounds <n>         rounds over all directories in turn (5)
  --sync <n>           users of the initial sync, with one group for every hundred (10000)
  --quick              a smoke run of a few seconds; its figures mean nothing
  --json               one JSON object as the last line of standard output`

const options = {
  scim: { type: 'boolean' },
  users: { type: 'string' },
  requests: { type: 'string' },
  rounds: { type: 'string' },
  sync: { type: 'string' },
  quick: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

/** Null when help was asked for. @throws WrongUse */
export function readScimSettings(args: readonly string[], env: NodeJS.ProcessEnv): ScimSettings | null {
  const { values } = parseOrRefuse(args)
  if (values.help) return null
  const sizes = (values.users ?? (values.quick ? '500,1000' : '1000,100000')).split(',')
  const syncUsers = readWhole('sync', values.sync ?? (values.quick ? '200' : '10000'), 100, 1_000_000)
  return {
    sizes: sizes.map((size) => readWhole('users', size, 500, 5_000_000)).toSorted((a, b) => a - b),
    requests: readWhole('requests', values.requests ?? (values.quick ? '10' : '60'), 1, 100_000),
    rounds: readWhole('rounds', values.rounds ?? (values.quick ? '1' : '5'), 1, 1_000),
    syncUsers,
    syncGroups: Math.max(1, Math.floor(syncUsers / 100)),
    postgres: readPostgres(env),
    asJson: values.json,
  }
}

function parseOrRefuse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new WrongUse(`${error.message}; --scim --help lists the options.`)
  }
}

function readWhole(name: string, text: string, min: number, max: number): number {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max))
    throw new WrongUse(`--${name} has "${text}"; it takes whole numbers from ${min} to ${max}.`)
  return value
}
