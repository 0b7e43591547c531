import type { Machine } from '../machine.ts'
import { questions, type Question, type Sync, type Times } from './scim-measures.ts'

/** What was measured on one directory. */
export interface OfSize {
  readonly users: number
  readonly questions: Readonly<Record<Question, Times>>
  readonly walk: { readonly pages: number; readonly firstMs: number; readonly lastMs: number }
  readonly largeGroupMembers: number
  readonly patch256: { readonly add: Times; readonly remove: Times }
  readonly patch256Empty: { readonly add: Times; readonly remove: Times }
}

interface Mark {
  readonly name: string
  readonly value: number
  readonly mark: number
  readonly isReached: boolean
}

export interface ScimReport {
  readonly sizes: readonly OfSize[]
  readonly sync: Sync
  readonly marks: readonly Mark[]
  readonly machine: Machine
  readonly notes: readonly string[]
}

const flatMax = 1.5
const patchMaxMs = 100
const patchRatioMax = 2
const depthMax = 1.5
const syncMin = 300

export function toScimReport(sizes: readonly OfSize[], sync: Sync, machine: Machine): ScimReport {
  const [small] = sizes
  const large = sizes.at(-1)
  if (small === undefined || large === undefined) throw new Error('nothing was measured')
  const flat = (['userNameEq', 'workEmail', 'externalIdEq', 'userNameCo'] as const).map((question) =>
    atMost(
      `cost of ${question}, ${large.users} against ${small.users} users`,
      costOf(large.questions[question], machine) / costOf(small.questions[question], machine),
      flatMax,
    ),
  )
  const marks = [
    ...flat,
    atMost(`last pages against first, ${large.users} users`, large.walk.lastMs / large.walk.firstMs, depthMax),
    atMost(`add 256 members to ${large.largeGroupMembers}, ms at the median`, large.patch256.add.p50Ms, patchMaxMs),
    atMost('the same against an empty group', large.patch256.add.p50Ms / large.patch256Empty.add.p50Ms, patchRatioMax),
    ...(isSqlite(machine) ? [atLeast('initial sync, users per second', sync.usersPerSecond, syncMin)] : []),
  ]
  const notes =
    machine.loadBefore > 0.5
      ? [`The machine was busy: load ${machine.loadBefore} before the first round. Take ratios from it, not times.`]
      : []
  return { sizes, sync, marks, machine, notes }
}

/** With SQLite all work is the server's own, and its CPU time says more than the clock; PostgreSQL works elsewhere. */
function costOf({ cpuMsPerRequest, p50Ms }: Times, { database }: Machine): number {
  return isSqlite({ database }) ? cpuMsPerRequest : p50Ms
}

function isSqlite({ database }: Pick<Machine, 'database'>): boolean {
  return database.startsWith('SQLite')
}

function atMost(name: string, value: number, mark: number): Mark {
  return { name, value, mark, isReached: value <= mark }
}

function atLeast(name: string, value: number, mark: number): Mark {
  return { name, value, mark, isReached: value >= mark }
}

/** For people, on a terminal. */
export function toScimTable({ sizes, sync, marks, machine, notes }: ScimReport): string {
  const ms = ({ p50Ms, p95Ms }: Times) => `${p50Ms.toFixed(2)} / ${p95Ms.toFixed(2)}`
  const lines = sizes.flatMap((size) => [
    `${size.users} users, ms at p50 / p95`,
    ...questions.map((question) => `  ${question.padEnd(26)}${ms(size.questions[question])}`),
    `  ${'a walk, first / last pages'.padEnd(26)}${size.walk.firstMs.toFixed(2)} / ${size.walk.lastMs.toFixed(2)} (${size.walk.pages} pages)`,
    `  ${'add 256, large group'.padEnd(26)}${ms(size.patch256.add)} (${size.largeGroupMembers} members)`,
    `  ${'add 256, empty group'.padEnd(26)}${ms(size.patch256Empty.add)}`,
    `  ${'remove 256, large group'.padEnd(26)}${ms(size.patch256.remove)}`,
    '',
  ])
  return [
    `${machine.database}; ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`,
    '',
    ...lines,
    `initial sync: ${sync.users} users, ${sync.groups} groups: ${sync.usersPerSecond.toFixed(0)} users/s (${sync.usersPerCpuSecond.toFixed(0)} for each second of CPU), ${sync.resourcesPerSecond.toFixed(0)} resources/s`,
    '',
    ...marks.map(
      ({ name, value, mark, isReached }) =>
        `${name}: ${value.toFixed(2)}, mark ${mark}: ${isReached ? 'reached' : 'NOT reached'}`,
    ),
    ...notes.map((note) => `Note: ${note}`),
  ].join('\n')
}
