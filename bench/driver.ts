import { readFileSync } from 'node:fs'
import { createHistogram } from 'node:perf_hooks'
import { LoadConnection, type Counted } from './load-connection.ts'
import { requestOf, type AnyOperationName } from './any-operation.ts'
import type { Material, Person } from './requests.ts'
import { seededRandom } from './random.ts'

/** One round of load, as the bench orders it from the driver's process. */
export interface Round {
  readonly port: number
  readonly operation: AnyOperationName
  readonly connections: number
  readonly seconds: number
  readonly seed: number
  /** The first number not yet given; those from here on are this round's. */
  readonly firstNumber: number
}

export interface RoundResult {
  readonly requests: number
  readonly seconds: number
  readonly bodyBytes: number
  readonly headerBytes: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuMs: number
  readonly lastNumber: number
  /** Answers other than 200, with the first of them in full. */
  readonly failures: number
  readonly firstFailure: string | null
}

/** What the bench leaves for its driver. */
export interface DriverMaterial {
  readonly token: string
  readonly people: readonly Person[]
  readonly users: number
  readonly deepCursor: string | null
}

const { token, ...known }: DriverMaterial = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))

process.on('message', (round: Round) => void drive(round).then((result) => process.send?.(result)))
process.on('disconnect', () => process.exit(0))

/** A fixed number of connections, one request at a time on each, the next as soon as the answer is there. */
async function drive({ port, operation, connections, seconds, seed, firstNumber }: Round): Promise<RoundResult> {
  let number = firstNumber
  const material: Material = { ...known, random: seededRandom(seed), nextNumber: () => number++ }
  const request = requestOf(operation)
  const latencies = createHistogram()
  const counted: Counted = { requests: 0, failures: 0, firstFailure: null, bodyBytes: 0, headerBytes: 0, latencies }
  const open = await Promise.all(
    Array.from({ length: connections }, () => LoadConnection.open({ port, token, counted })),
  )
  const cpuBefore = process.cpuUsage()
  const started = performance.now()
  const end = started + seconds * 1000
  await Promise.all(open.map((connection) => connection.sendUntil(end, () => request(material))))
  const elapsed = performance.now() - started
  const { user, system } = process.cpuUsage(cpuBefore)
  for (const connection of open) connection.close()
  return {
    requests: counted.requests,
    seconds: elapsed / 1000,
    bodyBytes: counted.bodyBytes,
    headerBytes: counted.headerBytes,
    p50Ms: latencies.percentile(50) / 1e6,
    p99Ms: latencies.percentile(99) / 1e6,
    cpuMs: (user + system) / 1000,
    lastNumber: number,
    failures: counted.failures,
    firstFailure: counted.firstFailure,
  }
}
