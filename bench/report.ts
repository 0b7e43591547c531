import type { Machine } from './machine.ts'
import type { Figures, RoundPair } from './measure.ts'
import type { OperationName } from './operations.ts'
import type { Settings } from './settings.ts'
import { table } from './table.ts'

/** Requests per second of CPU time, Muster's divided by the limit's: 1 would be the limit itself. */
interface Ratios {
  readonly get: number | null
  readonly getCold: number | null
  readonly list20: number | null
  readonly filterEq: number | null
  readonly create: number | null
  readonly update: number | null
}

interface OperationReport {
  readonly ratio: number
  readonly ratioWallClock: number
  readonly muster: Figures
  readonly limit: Figures
  readonly ratioOfEachRound: readonly number[]
}

export interface Report {
  readonly ratios: Ratios
  readonly ratiosWallClock: Ratios
  readonly operations: Readonly<Partial<Record<OperationName, OperationReport>>>
  readonly machine: Machine & { readonly users: number }
  readonly settings: {
    readonly connections: number
    readonly rounds: number
    readonly roundSeconds: number
    readonly warmUpSeconds: number
    readonly databaseCpuCounted: boolean
  }
  readonly notes: readonly string[]
}

/** First marks to reach; below them a profile is due. */
const marks: Partial<Record<keyof Ratios, number>> = { get: 0.25, list20: 0.15 }

interface Measured {
  readonly settings: Settings
  readonly machine: Machine
  readonly databaseCpuCounted: boolean
  readonly pairs: ReadonlyMap<OperationName, readonly RoundPair[]>
}

export function toReport({ settings, machine, databaseCpuCounted, pairs }: Measured): Report {
  const operations: Partial<Record<OperationName, OperationReport>> = {}
  for (const [name, rounds] of pairs) operations[name] = toOperation(rounds)
  const { connections, rounds, roundSeconds, warmUpSeconds, users } = settings
  return {
    ratios: toRatios(operations, ({ ratio }) => ratio),
    ratiosWallClock: toRatios(operations, ({ ratioWallClock }) => ratioWallClock),
    operations,
    machine: { ...machine, users },
    settings: { connections, rounds, roundSeconds, warmUpSeconds, databaseCpuCounted },
    notes: toNotes({ settings, machine, databaseCpuCounted, pairs }),
  }
}

/** Ratios are taken within each pair of neighbouring rounds, then their median: slow drifts of the machine cancel out. */
function toOperation(pairs: readonly RoundPair[]): OperationReport {
  const ratios = pairs.map(({ muster, limit }) => muster.requestsPerCpuSecond / limit.requestsPerCpuSecond)
  const wallClock = pairs.map(({ muster, limit }) => muster.requestsPerSecond / limit.requestsPerSecond)
  return {
    ratio: rounded(median(ratios)),
    ratioWallClock: rounded(median(wallClock)),
    muster: medians(pairs.map(({ muster }) => muster)),
    limit: medians(pairs.map(({ limit }) => limit)),
    ratioOfEachRound: ratios.map(rounded),
  }
}

function toRatios(operations: Report['operations'], read: (report: OperationReport) => number): Ratios {
  const of = (name: OperationName): number | null => (operations[name] === undefined ? null : read(operations[name]))
  const filters = [of('filterEqRql'), of('filterEqScim')].filter((ratio) => ratio !== null)
  return {
    get: of('get'),
    getCold: of('getCold'),
    list20: of('list20'),
    // The slower of the two spellings.
    filterEq: filters.length === 0 ? null : Math.min(...filters),
    create: of('create'),
    update: of('update'),
  }
}

function toNotes({ machine, databaseCpuCounted, pairs }: Measured): string[] {
  const notes: string[] = []
  if (machine.loadBefore > 0.5) notes.push(`The machine was busy: load ${machine.loadBefore} before the first round.`)
  if (!databaseCpuCounted)
    notes.push('CPU time of PostgreSQL could not be read from here: ratios count the servers’ own processes only.')
  for (const [name, rounds] of pairs) {
    const idle = rounds.filter(({ limit }) => limit.driverCores > limit.serverCores).length
    if (idle > rounds.length / 2)
      notes.push(`${name}: the load driver needed more CPU than the limit server, whose wall-clock figure is too low.`)
  }
  return notes
}

/** For people, on a terminal. */
export function toTable(report: Report): string {
  const lines = [
    [
      '',
      'ratio',
      'wall clock',
      'Muster req/s',
      'limit req/s',
      'Muster CPU ms',
      'limit CPU ms',
      'Muster p50/p99 ms',
      'limit p50/p99 ms',
      'body bytes',
    ],
    ...Object.entries(report.operations).map(([name, { ratio, ratioWallClock, muster, limit }]) => [
      name,
      ratio.toFixed(3),
      ratioWallClock.toFixed(3),
      muster.requestsPerSecond.toFixed(0),
      limit.requestsPerSecond.toFixed(0),
      muster.cpuMsPerRequest.toFixed(3),
      limit.cpuMsPerRequest.toFixed(3),
      `${muster.p50Ms.toFixed(2)} / ${muster.p99Ms.toFixed(2)}`,
      `${limit.p50Ms.toFixed(2)} / ${limit.p99Ms.toFixed(2)}`,
      muster.bodyBytesPerAnswer.toFixed(0),
    ]),
  ]
  const { machine, settings } = report
  const head = `${machine.users} users, ${machine.database}; ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; ${settings.connections} connections, ${settings.rounds} rounds of ${settings.roundSeconds} s`
  return [head, '', ...table(lines), '', ...markLines(report), ...report.notes.map((note) => `Note: ${note}`)].join(
    '\n',
  )
}

function markLines({ ratios }: Report): string[] {
  return Object.entries(marks).flatMap(([name, mark]) => {
    const ratio = ratios[name === 'get' ? 'get' : 'list20']
    return ratio === null
      ? []
      : [`${name}: ${ratio.toFixed(3)}, mark ${mark}: ${ratio >= mark ? 'reached' : 'NOT reached'}`]
  })
}

export function medians(figures: readonly Figures[]): Figures {
  const of = (name: keyof Figures) => rounded(median(figures.map((figure) => figure[name])))
  return {
    requests: of('requests'),
    requestsPerSecond: of('requestsPerSecond'),
    requestsPerCpuSecond: of('requestsPerCpuSecond'),
    cpuMsPerRequest: of('cpuMsPerRequest'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    bodyBytesPerAnswer: of('bodyBytesPerAnswer'),
    headerBytesPerAnswer: of('headerBytesPerAnswer'),
    serverCores: of('serverCores'),
    driverCores: of('driverCores'),
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2
}

export function rounded(value: number): number {
  return Number(value.toPrecision(4))
}
