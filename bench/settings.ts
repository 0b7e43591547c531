import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { PostgresLocation } from '../server/src/db/location.ts'
import { readPostgres } from './postgres-place.ts'
import { operationNames, type OperationName } from './operations.ts'
import { scaleOperationNames, type ScaleOperationName } from './scale/scale-operations.ts'

export interface Settings {
  readonly users: number
  readonly connections: number
  /** Rounds of each operation, Muster and the limit in turn. */
  readonly rounds: number
  readonly roundSeconds: number
  readonly warmUpSeconds: number
  readonly operations: readonly OperationName[]
  /** What `--scale` measures at which numbers of users; null compares with the limit server. */
  readonly scale: { readonly sizes: readonly number[]; readonly operations: readonly ScaleOperationName[] } | null
  /** Null means SQLite. */
  readonly postgres: PostgresLocation | null
  readonly asJson: boolean
  /** Where CPU profiles go; null takes none. */
  readonly profileFolder: string | null
}

/** What was asked for cannot be measured; the message says why. */
export class WrongUse extends Error {}

export const usage = `Measures Muster against the least a server on the same database could do. See bench/README.md.

  npm run -s bench -- [options]          with DATABASE_URL and DATABASE_OWNER_URL on PostgreSQL

  --users <n>          users in the directory (100000)
  --connections <n>    connections of the load driver (16)
  --rounds <n>         rounds of each operation, Muster and the limit in turn (5)
  --seconds <s>        length of a round (2)
  --warm-up <s>        length of the warm-up before the rounds (2)
  --only <names>       some operations only, comma-separated: ${operationNames.join(', ')}
  --profile <folder>   one more round of each operation and server with a CPU profile, summarised on standard error
  --quick              a smoke run of a few seconds: 1,000 users, one short round; its figures mean nothing
  --scale              Muster alone at several numbers of users, start and memory included; --only then takes
                       ${scaleOperationNames.join(', ')}
  --sizes <ns>         users of --scale, comma-separated (1000,100000,1000000)
  --json               one JSON object as the last line of standard output`

const options = {
  users: { type: 'string' },
  connections: { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  'warm-up': { type: 'string' },
  only: { type: 'string' },
  profile: { type: 'string' },
  quick: { type: 'boolean', default: false },
  scale: { type: 'boolean', default: false },
  sizes: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

/** Null when help was asked for. @throws WrongUse */
export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv): Settings | null {
  const { values } = parseOrRefuse(args)
  if (values.help) return null
  const fallback = { ...(values.scale ? scaled : thorough), ...(values.quick ? quick : {}) }
  if (availableParallelism() < 2)
    throw new WrongUse('the load driver needs a core beside the server’s; this machine has one.')
  return {
    users: readNumber('users', values.users, fallback.users, { min: 100, max: 5_000_000, whole: true }),
    connections: readNumber('connections', values.connections, fallback.connections, {
      min: 1,
      max: 1_000,
      whole: true,
    }),
    rounds: readNumber('rounds', values.rounds, fallback.rounds, { min: 1, max: 100, whole: true }),
    roundSeconds: readNumber('seconds', values.seconds, fallback.roundSeconds, { min: 0.1, max: 600 }),
    warmUpSeconds: readNumber('warm-up', values['warm-up'], fallback.warmUpSeconds, { min: 0.1, max: 600 }),
    operations: values.scale ? [] : readOperations(values.only, operationNames),
    scale: values.scale
      ? {
          sizes: readSizes(values.sizes ?? (values.quick ? '200,1000' : '1000,100000,1000000')),
          operations: readOperations(values.only, scaleOperationNames),
        }
      : null,
    postgres: readPostgres(env),
    asJson: values.json,
    profileFolder: values.profile ?? null,
  }
}

const thorough = { users: 100_000, connections: 16, rounds: 5, roundSeconds: 2, warmUpSeconds: 2 }
/** Each server's rounds come after those of the others: enough of them even out a machine that others use. */
const scaled = { ...thorough, connections: 4, rounds: 5, roundSeconds: 1, warmUpSeconds: 0.5 }
const quick = { users: 1_000, connections: 4, rounds: 1, roundSeconds: 0.25, warmUpSeconds: 0.1 }

function parseOrRefuse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new WrongUse(`${error.message}; --help lists the options.`)
  }
}

interface Range {
  readonly min: number
  readonly max: number
  readonly whole?: true
}

function readNumber(name: string, text: string | undefined, fallback: number, { min, max, whole }: Range): number {
  if (text === undefined) return fallback
  const value = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max) || (whole === true && !Number.isInteger(value))) {
    throw new WrongUse(
      `--${name} is "${text}"; it must be a ${whole === true ? 'whole ' : ''}number from ${min} to ${max}.`,
    )
  }
  return value
}

function readSizes(text: string): number[] {
  return text
    .split(',')
    .map((size) => readNumber('sizes', size, 0, { min: 100, max: 5_000_000, whole: true }))
    .toSorted((a, b) => a - b)
}

function readOperations<Name extends string>(text: string | undefined, all: readonly Name[]): readonly Name[] {
  if (text === undefined) return all
  const names = text.split(',')
  const unknown = names.find((name) => !all.some((known) => known === name))
  if (unknown !== undefined) throw new WrongUse(`--only names "${unknown}"; use ${all.join(', ')}.`)
  // In our own order: writes come last, so that reads see the directory as it was generated.
  return all.filter((name) => names.includes(name))
}
