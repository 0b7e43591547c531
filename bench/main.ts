import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openDatabaseCpu } from './database-cpu.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { currentLoad, describeMachine } from './machine.ts'
import { writeMaterial } from './material-file.ts'
import { LoadDriver, type RoundPair, type Servers } from './measure.ts'
import type { OperationName } from './operations.ts'
import type { Material } from './requests.ts'
import { summarise } from './profile-summary.ts'
import { seededRandom } from './random.ts'
import { toReport, toTable, type Report } from './report.ts'
import { requireSameBytes } from './same-bytes.ts'
import { toScimTable } from './scim/scim-report.ts'
import { runScimBench } from './scim/scim-run.ts'
import { readScimSettings, scimUsage } from './scim/scim-settings.ts'
import { fillCompileCache, startLimit, startMuster } from './servers.ts'
import { measureScale } from './scale/measure-scale.ts'
import { toScaleTable } from './scale/scale-report.ts'
import { readSettings, usage, WrongUse, type Settings } from './settings.ts'

async function main(): Promise<void> {
  if (process.argv.includes('--scim')) return scimMain()
  const settings = readSettings(process.argv.slice(2), process.env)
  if (settings === null) {
    process.stdout.write(`${usage}\n`)
    return
  }
  const loadBefore = currentLoad()
  fillCompileCache()
  const print = (report: object, table: string) =>
    process.stdout.write(`${settings.asJson ? JSON.stringify(report) : table}\n`)
  if (settings.scale !== null) {
    const report = await measureScale(settings, settings.scale, { loadBefore, say, stopped: stopped() })
    print(report, toScaleTable(report))
    return
  }
  const fixture = await openFixture({ ...settings, withLimit: true }, say)
  if (fixture.wasReused) say(`reusing the directory of ${settings.users} users that an earlier run generated.`)
  try {
    const report = await Promise.race([measureAll(settings, fixture, loadBefore), stopped()])
    print(report, toTable(report))
  } finally {
    await fixture.remove()
  }
}

/** SCIM is measured by itself: no server without it could answer the same. */
async function scimMain(): Promise<void> {
  const settings = readScimSettings(process.argv.slice(2), process.env)
  if (settings === null) {
    process.stdout.write(`${scimUsage}\n`)
    return
  }
  const report = await Promise.race([runScimBench(settings, say), stopped()])
  process.stdout.write(`${settings.asJson ? JSON.stringify(report) : toScimTable(report)}\n`)
}

async function measureAll(settings: Settings, fixture: Fixture, loadBefore: number): Promise<Report> {
  await using resources = new AsyncDisposableStack()
  const muster = resources.adopt(await startMuster(fixture), (server) => server.stop())
  const limit = resources.adopt(await startLimit(fixture), (server) => server.stop())
  const databaseCpu = resources.adopt(await openDatabaseCpu(fixture.location), (cpu) => cpu.close())
  say('comparing the answers of both servers …')
  let number = 1
  const known = { people: fixture.people, users: settings.users, deepCursor: null }
  const material: Material = { ...known, random: seededRandom(0), nextNumber: () => number++ }
  await requireSameBytes({ muster, limit, token: fixture.token }, settings.operations, material)
  const materialFile = writeMaterial(fixture, { ...known, token: fixture.token })
  const driver = resources.adopt(new LoadDriver(settings, materialFile, number), (child) => child.stop())
  const servers = { muster, limit, databaseCpu }
  const pairs = new Map<OperationName, readonly RoundPair[]>()
  for (const operation of settings.operations) {
    say(`measuring ${operation} …`)
    pairs.set(operation, await driver.measure(servers, operation))
    if (settings.profileFolder !== null) await profile(settings.profileFolder, driver, servers, operation)
  }
  const machine = await describeMachine(fixture.location, loadBefore)
  return toReport({ settings, machine, databaseCpuCounted: databaseCpu.isCounted, pairs })
}

/** One more round of each server, which counts nowhere: profiling slows them down. */
async function profile(folder: string, driver: LoadDriver, servers: Servers, operation: OperationName): Promise<void> {
  mkdirSync(folder, { recursive: true })
  for (const server of [servers.muster, servers.limit]) {
    const file = join(folder, `${operation}.${server.name}.cpuprofile`)
    await server.startProfile()
    const { requests } = await driver.extraRound(servers, server, operation)
    await server.stopProfile(file)
    process.stderr.write(
      `\n${operation}, ${server.name}: ${requests} requests (${file})\n${summarise(file, requests)}\n`,
    )
  }
}

/** Progress goes to standard error: the last line of standard output is the result. */
function say(sentence: string): void {
  process.stderr.write(`bench: ${sentence}\n`)
}

/** Rejects on a signal, so that the copied database does not stay behind. */
function stopped(): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => reject(new Error(`stopped by ${signal}`)))
  })
}

main().catch((error: unknown) => {
  const isOurs = error instanceof WrongUse
  process.stderr.write(
    `bench: ${isOurs ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  )
  // Servers and driver end with this process.
  process.exit(isOurs ? 2 : 1)
})
