import type { Machine } from '../machine.ts'
import type { Figures } from '../measure.ts'
import { median, medians, rounded } from '../report.ts'
import { table } from '../table.ts'
import type { Settings } from '../settings.ts'
import type { Measured } from './measure-scale.ts'
import { scaleOperationNames, type ScaleOperationName } from './scale-operations.ts'

interface SizeReport {
  readonly users: number
  /** From the start of the process to ready: median, and CPU time until then. */
  readonly readyMs: number
  readonly readyCpuMs: number
  readonly rssMb: { readonly atStart: number; readonly afterReads: number; readonly atEnd: number }
  readonly operations: Readonly<Partial<Record<ScaleOperationName, Figures>>>
}

interface Mark {
  readonly about: string
  readonly limit: number
  readonly value: number
  readonly isReached: boolean
}

export interface ScaleReport {
  readonly sizes: readonly SizeReport[]
  /** CPU time per request, as a multiple of the smallest directory's. */
  readonly ratios: Readonly<Partial<Record<ScaleOperationName, Readonly<Record<string, number>>>>>
  readonly marks: readonly Mark[]
  readonly machine: Machine
  readonly settings: Pick<Settings, 'connections' | 'rounds' | 'roundSeconds'> & {
    readonly databaseCpuCounted: boolean
  }
  readonly notes: readonly string[]
}

interface Input {
  readonly settings: Settings
  readonly machine: Machine
  readonly measured: readonly Measured[]
  readonly databaseCpuCounted: boolean
}

export function toScaleReport({ settings, machine, measured, databaseCpuCounted }: Input): ScaleReport {
  const { connections, rounds, roundSeconds } = settings
  return {
    sizes: measured.map(toSize),
    ratios: toRatios(measured),
    marks: toMarks(measured),
    machine,
    settings: { connections, rounds, roundSeconds, databaseCpuCounted },
    notes: [
      ...(machine.loadBefore > 0.5 ? [`The machine was busy: load ${machine.loadBefore} before the first round.`] : []),
      ...(databaseCpuCounted
        ? []
        : ['CPU time of PostgreSQL could not be read from here: only the server’s own counts.']),
    ],
  }
}

function toSize({ users, starts, rssBytes, rounds }: Measured): SizeReport {
  const mb = (bytes: number) => Math.round(bytes / 1e6)
  return {
    users,
    readyMs: Math.round(median(starts.map(({ readyMs }) => readyMs))),
    readyCpuMs: Math.round(median(starts.map(({ cpuMs }) => cpuMs))),
    rssMb: { atStart: mb(rssBytes.atStart), afterReads: mb(rssBytes.afterReads), atEnd: mb(rssBytes.atEnd) },
    operations: Object.fromEntries([...rounds].map(([name, figures]) => [name, medians(figures)])),
  }
}

/** Within each round, then the median over the rounds. */
function ratioOf(one: readonly Figures[] | undefined, other: readonly Figures[] | undefined): number | null {
  if (one === undefined || other === undefined) return null
  return rounded(
    median(one.map(({ cpuMsPerRequest }, round) => cpuMsPerRequest / (other[round]?.cpuMsPerRequest ?? 0))),
  )
}

function toRatios(measured: readonly Measured[]): ScaleReport['ratios'] {
  const ratios: Partial<Record<ScaleOperationName, Record<string, number>>> = {}
  for (const name of scaleOperationNames) {
    const [smallest, ...others] = measured.filter(({ rounds }) => rounds.has(name))
    for (const { users, rounds } of others) {
      const ratio = ratioOf(rounds.get(name), smallest?.rounds.get(name))
      if (ratio !== null) ratios[name] = { ...ratios[name], [`${users}/${smallest?.users}`]: ratio }
    }
  }
  return ratios
}

/** What issue 3 asks for; left out where the sizes were not measured. */
function toMarks(measured: readonly Measured[]): Mark[] {
  const at = (users: number) => measured.find((subject) => subject.users === users)
  const [small, middle, large] = [at(1_000), at(100_000), at(1_000_000)]
  const marks: Mark[] = []
  const add = (about: string, limit: number, value: number | null | undefined) => {
    if (value !== null && value !== undefined) marks.push({ about, limit, value, isReached: value <= limit })
  }
  for (const [name, about] of [
    ['get', 'by id'],
    ['eq', 'one address'],
    ['first', 'first page'],
  ] as const)
    add(`${about}: 1,000,000 users / 1,000 users`, 1.5, ratioOf(large?.rounds.get(name), small?.rounds.get(name)))
  add(
    'offset 50,000 / first page, 100,000 users',
    4,
    ratioOf(middle?.rounds.get('offset50k'), middle?.rounds.get('first')),
  )
  for (const subject of measured) {
    const { readyMs, rssMb } = toSize(subject)
    add(`start to ready, ms, ${subject.users.toLocaleString('en')} users`, 1_500, readyMs)
    if (subject.users <= 100_000)
      add(`memory after all reads, MB, ${subject.users.toLocaleString('en')} users`, 200, rssMb.afterReads)
  }
  return marks
}

/** For people, on a terminal. */
export function toScaleTable({ sizes, ratios, marks, machine, settings, notes }: ScaleReport): string {
  const names = scaleOperationNames.filter((name) => sizes.some(({ operations }) => operations[name] !== undefined))
  const cell = (figures: Figures | undefined) =>
    figures === undefined
      ? ''
      : `${figures.cpuMsPerRequest.toFixed(3)} (${figures.p50Ms.toFixed(1)}/${figures.p99Ms.toFixed(1)})`
  const lines = [
    ['CPU ms per request (p50/p99 ms)', ...sizes.map(({ users }) => users.toLocaleString('en')), 'largest/smallest'],
    ...names.map((name) => [
      name,
      ...sizes.map(({ operations }) => cell(operations[name])),
      Object.values(ratios[name] ?? {})
        .at(-1)
        ?.toFixed(2) ?? '',
    ]),
    ['start to ready, ms (CPU)', ...sizes.map(({ readyMs, readyCpuMs }) => `${readyMs} (${readyCpuMs})`), ''],
    [
      'MB at start, after reads, at end',
      ...sizes.map(({ rssMb }) => `${rssMb.atStart} ${rssMb.afterReads} ${rssMb.atEnd}`),
      '',
    ],
  ]
  const head = `${machine.database}; ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; ${settings.connections} connections, ${settings.rounds} rounds of ${settings.roundSeconds} s`
  const marked = marks.map(
    ({ about, limit, value, isReached }) =>
      `${about}: ${value}, mark ${limit}: ${isReached ? 'reached' : 'NOT reached'}`,
  )
  return [head, '', ...table(lines), '', ...marked, ...notes.map((note) => `Note: ${note}`)].join('\n')
}
