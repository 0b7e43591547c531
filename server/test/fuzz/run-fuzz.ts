import { randomInt } from 'node:crypto'
import fc, { type Arbitrary } from 'fast-check'
import { listOperations, resolve, type ContractPage, type Operation } from '../contract-page.ts'
import type { TestApp } from '../start-test-app.ts'
import { Callers } from './callers.ts'
import { requestsOf, type DrawnRequest } from './draw-request.ts'
import { KnownValues } from './known-values.ts'
import { learnExamples, learnFrom, makeReady, send, type ReadyRequest } from './send-request.ts'
import { sweep } from './sweep.ts'
import { unseenCodes, unseenStatuses } from './unseen-statuses.ts'

export interface FuzzPlan {
  readonly requests: number
  readonly seed: number
  /** How many more requests an operation gets while one of its statuses has not been seen. */
  readonly extraMax: number
}

export interface FuzzRun {
  readonly requests: number
  readonly operations: readonly string[]
  /** Declared statuses that were seen, of all that are declared. */
  readonly statuses: { readonly seen: number; readonly declared: number }
  /** `GET /x 409`: declared, not seen, and not listed in unseen-statuses.ts. */
  readonly unseen: readonly string[]
  readonly failures: readonly string[]
}

/** Failures after which nobody reads on. */
const failuresMax = 20

export function newSeed(): number {
  return randomInt(1, 2 ** 31 - 100_000)
}

/** Requests drawn from the contract page, one after the other, each answer held against it. */
export async function runFuzz(t: TestApp, { requests, seed, extraMax }: FuzzPlan): Promise<FuzzRun> {
  const page: ContractPage = JSON.parse(JSON.stringify(t.http.swagger()))
  const operations = listOperations(page)
  const arbitraries = new Map(operations.map((operation) => [operation, requestsOf(page, operation)]))
  const fuzzer = new Fuzzer(t, page, operations)
  await sweep(arbitraries, seed, (drawn, change) => fuzzer.ask(drawn, change))
  const left = Math.max(0, requests - fuzzer.sent)
  for (const drawn of fc.sample(fc.oneof(...arbitraries.values()), { numRuns: left, seed })) await fuzzer.ask(drawn)
  const any = fc.oneof(...arbitraries.values())
  for (const [operation, arbitrary] of arbitraries) {
    await insist(fuzzer, operation, fc.oneof(arbitrary, any), { seed, extraMax })
  }
  const unseen = operations.flatMap((operation) => fuzzer.unseen(operation))
  const declared = operations.reduce((sum, { spec }) => sum + Object.keys(spec.responses).length, 0)
  return {
    requests: fuzzer.sent,
    operations: operations.map(({ name }) => name).filter((name) => fuzzer.hasSeen(name)),
    statuses: { seen: fuzzer.statusesSeen(), declared },
    unseen,
    failures: fuzzer.failures,
  }
}

/** What chance has left out so far gets more chances, among others that make what it needs. */
async function insist(
  fuzzer: Fuzzer,
  operation: Operation,
  arbitrary: Arbitrary<DrawnRequest>,
  { seed, extraMax }: Pick<FuzzPlan, 'seed' | 'extraMax'>,
): Promise<void> {
  if (extraMax === 0 || fuzzer.unseen(operation).length === 0) return
  for (const drawn of fc.sample(arbitrary, { numRuns: extraMax, seed })) {
    if (fuzzer.unseen(operation).length === 0) return
    await fuzzer.ask(drawn)
  }
}

/** Sends what was drawn, and keeps what came of it. */
class Fuzzer {
  readonly #t: TestApp
  readonly #page: ContractPage
  readonly #known = new KnownValues()
  readonly #callers: Callers
  /** Operation → statuses. */
  readonly #seen = new Map<string, Set<number>>()
  readonly failures: string[] = []
  sent = 0

  constructor(t: TestApp, page: ContractPage, operations: readonly Operation[]) {
    this.#t = t
    this.#page = page
    this.#callers = new Callers(t, this.#known)
    learnExamples(this.#known, operations)
  }

  async ask(drawn: DrawnRequest, change: (ready: ReadyRequest) => ReadyRequest = (ready) => ready): Promise<void> {
    if (this.failures.length >= failuresMax) return
    const ready = change(makeReady(drawn, this.#known, await this.#callers.secretOf(drawn.caller)))
    this.sent += 1
    try {
      const answer = await send(this.#t, ready)
      const { name } = drawn.operation
      this.#seen.set(name, (this.#seen.get(name) ?? new Set()).add(answer.status))
      learnFrom(this.#known, drawn, answer)
      if (answer.status === 401) await this.#callers.renew(drawn.caller)
    } catch (error) {
      this.failures.push(`${describe(ready)}\n${error instanceof Error ? error.message : String(error)}`)
    }
  }

  hasSeen(name: string): boolean {
    return this.#seen.has(name)
  }

  statusesSeen(): number {
    return [...this.#seen.values()].reduce((sum, statuses) => sum + statuses.size, 0)
  }

  unseen({ name, spec }: Operation): string[] {
    const missing = Object.keys(spec.responses)
      .map(Number)
      .filter((status) => this.#seen.get(name)?.has(status) !== true)
    const isListed = (status: number): boolean =>
      unseenStatuses.some((row) => row.status === status && (row.op === undefined || row.op === name)) ||
      this.#isBeyondReach(spec.responses[status])
    return missing.filter((status) => !isListed(status)).map((status) => `${name} ${status}`)
  }

  /** Whether all that a status can mean needs more than one request after the other. */
  #isBeyondReach(response: Operation['spec']['responses'][string] | undefined): boolean {
    const codes = response === undefined ? undefined : resolve(this.#page, response)['x-error-codes']
    return codes !== undefined && codes.every((code) => code in unseenCodes)
  }
}

function describe({ method, path, options: { headers, rawBody } }: ReadyRequest): string {
  const body = rawBody === undefined ? '' : ` ${rawBody.toString().slice(0, 1_000)}`
  return `${method} ${path.slice(0, 1_000)} ${JSON.stringify(headers).slice(0, 500)}${body}`
}
