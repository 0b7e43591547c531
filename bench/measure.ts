import { fork, type ChildProcess } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { DatabaseCpu } from './database-cpu.ts'
import type { Round, RoundResult } from './driver.ts'
import type { AnyOperationName } from './any-operation.ts'
import type { OperationName } from './operations.ts'
import type { RunningServer } from './servers.ts'
import type { Settings } from './settings.ts'

/** What one server did in one round. */
export interface Figures {
  readonly requests: number
  readonly requestsPerSecond: number
  /** Requests per second of CPU time that the server and the database's processes spent. */
  readonly requestsPerCpuSecond: number
  readonly cpuMsPerRequest: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly bodyBytesPerAnswer: number
  readonly headerBytesPerAnswer: number
  /** CPU time of the server in cores, and of the load driver. */
  readonly serverCores: number
  readonly driverCores: number
}

export interface RoundPair {
  readonly muster: Figures
  readonly limit: Figures
}

export interface Servers {
  readonly muster: RunningServer
  readonly limit: RunningServer
  readonly databaseCpu: DatabaseCpu
}

/** What creating a user promises (mails) is done up to a second later: that cost is part of it. */
const outboxPollMs = 1_500
const promisesMails: ReadonlySet<AnyOperationName> = new Set(['create', 'invite100'])

export type LoadSettings = Pick<Settings, 'connections' | 'rounds' | 'roundSeconds' | 'warmUpSeconds'>

export class LoadDriver {
  readonly #child: ChildProcess
  readonly #settings: LoadSettings
  #seed = 1
  #firstNumber: number

  /** @param material file with the token and the people */
  constructor(settings: LoadSettings, material: string, firstNumber: number) {
    this.#settings = settings
    this.#firstNumber = firstNumber
    this.#child = fork(fileURLToPath(new URL('driver.ts', import.meta.url)), [material], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
  }

  /** Rounds of one operation, after a warm-up of each server; who goes first changes from round to round. */
  async measure(servers: Servers, operation: OperationName): Promise<RoundPair[]> {
    const { rounds, roundSeconds, warmUpSeconds } = this.#settings
    const { muster, limit, databaseCpu } = servers
    for (const server of [muster, limit])
      await this.round({ server, databaseCpu }, operation, { seconds: warmUpSeconds, seed: this.#seed++ })
    const pairs: RoundPair[] = []
    for (let number = 0; number < rounds; number += 1) {
      const plan = { seconds: roundSeconds, seed: this.#seed++ }
      const first = await this.round({ server: number % 2 === 0 ? muster : limit, databaseCpu }, operation, plan)
      const second = await this.round({ server: number % 2 === 0 ? limit : muster, databaseCpu }, operation, plan)
      pairs.push(number % 2 === 0 ? { muster: first, limit: second } : { muster: second, limit: first })
    }
    return pairs
  }

  /** A round outside the measurement. */
  extraRound(servers: Servers, server: RunningServer, operation: OperationName): Promise<Figures> {
    const plan = { seconds: this.#settings.roundSeconds, seed: this.#seed++ }
    return this.round({ server, databaseCpu: servers.databaseCpu }, operation, plan)
  }

  /** Load of one kind on one server; what goes on behind the answers is waited for and counted. */
  async round(
    { server, databaseCpu }: { readonly server: RunningServer; readonly databaseCpu: DatabaseCpu },
    operation: AnyOperationName,
    { seconds, seed }: { readonly seconds: number; readonly seed: number },
  ): Promise<Figures> {
    const { connections } = this.#settings
    const before = (await server.cpuMs()) + (await databaseCpu.readMs())
    const result = await this.#drive({
      port: server.port,
      operation,
      connections,
      seconds,
      seed,
      firstNumber: this.#firstNumber,
    })
    const during = (await server.cpuMs()) + (await databaseCpu.readMs()) - before
    if (promisesMails.has(operation)) await wait(outboxPollMs)
    await settled(server)
    const cpuMs = (await server.cpuMs()) + (await databaseCpu.readMs()) - before
    this.#firstNumber = result.lastNumber
    if (result.failures > 0)
      throw new Error(
        `${operation}: ${result.failures} of ${result.requests} answers of ${server.name} were not 200, the first:\n${result.firstFailure}`,
      )
    return {
      requests: result.requests,
      requestsPerSecond: result.requests / result.seconds,
      requestsPerCpuSecond: (result.requests / cpuMs) * 1000,
      cpuMsPerRequest: cpuMs / result.requests,
      p50Ms: result.p50Ms,
      p99Ms: result.p99Ms,
      bodyBytesPerAnswer: result.bodyBytes / result.requests,
      headerBytesPerAnswer: result.headerBytes / result.requests,
      serverCores: during / 1000 / result.seconds,
      driverCores: result.cpuMs / 1000 / result.seconds,
    }
  }

  #drive(round: Round): Promise<RoundResult> {
    return new Promise((resolve, reject) => {
      const onExit = () => reject(new Error('the load driver ended'))
      this.#child.once('exit', onExit)
      this.#child.once('message', (result) => {
        this.#child.off('exit', onExit)
        resolve(result as RoundResult) // only driver.ts speaks on this channel
      })
      this.#child.send(round)
    })
  }

  stop(): void {
    this.#child.kill()
  }
}

const quietMs = 50
const quietShare = 0.2
const settleMaxMs = 60_000

/** Work that goes on behind the answers ends before anybody else is measured, and counts for the round that caused it. */
async function settled(server: RunningServer): Promise<void> {
  const end = performance.now() + settleMaxMs
  let last = await server.cpuMs()
  while (performance.now() < end) {
    await wait(quietMs)
    const now = await server.cpuMs()
    if (now - last < quietMs * quietShare) return
    last = now
  }
}
