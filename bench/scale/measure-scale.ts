import { openDatabaseCpu, type DatabaseCpu } from '../database-cpu.ts'
import { openFixture, type Fixture } from '../fixture.ts'
import { describeMachine } from '../machine.ts'
import { writeMaterial } from '../material-file.ts'
import { LoadDriver, type Figures } from '../measure.ts'
import { send } from '../send.ts'
import { startMuster, type RunningServer } from '../servers.ts'
import type { Settings } from '../settings.ts'
import { deepOffset, isMeasured, scaleOperations, type ScaleOperationName } from './scale-operations.ts'
import { profileOne } from './scale-profile.ts'
import { toScaleReport, type ScaleReport } from './scale-report.ts'

/** One directory with the server on it. */
interface Subject {
  readonly users: number
  readonly fixture: Fixture
  readonly starts: readonly Start[]
  readonly server: RunningServer
  readonly databaseCpu: DatabaseCpu
  readonly driver: LoadDriver
}

export interface Start {
  readonly readyMs: number
  readonly cpuMs: number
}

export interface Measured {
  readonly users: number
  readonly starts: readonly Start[]
  readonly rssBytes: { readonly atStart: number; readonly afterReads: number; readonly atEnd: number }
  readonly rounds: ReadonlyMap<ScaleOperationName, readonly Figures[]>
}

interface Run {
  readonly loadBefore: number
  readonly say: (sentence: string) => void
  /** Rejects when the bench is to end. */
  readonly stopped: Promise<never>
}

const startsMeasured = 5

/**
 * Muster at each size, asked the same. All servers run side by side and take turns in every round,
 * so that a ratio between sizes is taken between neighbours in time.
 */
export async function measureScale(
  settings: Settings,
  scale: NonNullable<Settings['scale']>,
  run: Run,
): Promise<ScaleReport> {
  await using resources = new AsyncDisposableStack()
  const work = async (): Promise<ScaleReport> => {
    const subjects: Subject[] = []
    for (const users of scale.sizes) subjects.push(await prepare(users, settings, { resources, run }))
    const measured = await measureSubjects(subjects, settings, { operations: scale.operations, run })
    const machine = await describeMachine(subjects[0]!.fixture.location, run.loadBefore) // a size is there: settings.ts
    return toScaleReport({
      settings,
      machine,
      measured,
      databaseCpuCounted: subjects.every(({ databaseCpu }) => databaseCpu.isCounted),
    })
  }
  return await Promise.race([work(), run.stopped])
}

async function prepare(
  users: number,
  settings: Settings,
  { resources, run }: { readonly resources: AsyncDisposableStack; readonly run: Run },
): Promise<Subject> {
  const wish = { users, postgres: settings.postgres, withLimit: false }
  const fixture = resources.adopt(await openFixture(wish, run.say), (made) => made.remove())
  const starts: Start[] = []
  for (let number = 0; number < startsMeasured; number += 1) starts.push(await measureStart(fixture))
  const server = resources.adopt(await startMuster(fixture), (started) => started.stop())
  const databaseCpu = resources.adopt(await openDatabaseCpu(fixture.location), (cpu) => cpu.close())
  const needsCursor = settings.scale?.operations.includes('cursor50k') === true && isMeasured('cursor50k', users)
  const deepCursor = needsCursor ? await walkTo(deepOffset, server.port, fixture.token) : null
  const file = writeMaterial(fixture, { token: fixture.token, people: fixture.people, users, deepCursor })
  const driver = resources.adopt(new LoadDriver(settings, file, 1), (child) => child.stop())
  return { users, fixture, starts, server, databaseCpu, driver }
}

async function measureStart(fixture: Fixture): Promise<Start> {
  const server = await startMuster(fixture)
  const cpuMs = await server.cpuMs()
  await server.stop()
  return { readyMs: server.readyMs, cpuMs }
}

/** The cursor behind so many users. */
async function walkTo(place: number, port: number, token: string): Promise<string> {
  const limit = 100
  let cursor = ''
  for (let seen = 0; seen < place; seen += limit) {
    const path = `/api/muster/users?columns=id&limit=${limit}&cursor=${cursor}`
    const page: { nextCursor: string | null } = JSON.parse(await send(port, token, { method: 'GET', path }))
    if (page.nextCursor === null) throw new Error(`the walk ended before the ${place}th user`)
    cursor = page.nextCursor
  }
  return cursor
}

async function measureSubjects(
  subjects: readonly Subject[],
  settings: Settings,
  { operations, run }: { readonly operations: readonly ScaleOperationName[]; readonly run: Run },
): Promise<Measured[]> {
  const atStart = await memoryOf(subjects)
  const rounds = new Map(subjects.map(({ users }) => [users, new Map<ScaleOperationName, Figures[]>()]))
  let afterReads = atStart
  for (const operation of operations) {
    run.say(`measuring ${operation}: ${scaleOperations[operation].about} …`)
    const asked = subjects.filter(({ users }) => isMeasured(operation, users))
    for (const subject of asked)
      await subject.driver.round(subject, operation, { seconds: settings.warmUpSeconds, seed: 0 })
    for (let round = 1; round <= settings.rounds; round += 1) {
      for (const subject of round % 2 === 0 ? asked : asked.toReversed()) {
        const figures = await subject.driver.round(subject, operation, { seconds: settings.roundSeconds, seed: round })
        const own = rounds.get(subject.users)
        own?.set(operation, [...(own.get(operation) ?? []), figures])
      }
    }
    if (settings.profileFolder !== null) for (const subject of asked) await profileOne(settings, subject, operation)
    if (operation !== 'invite100') afterReads = await memoryOf(subjects)
  }
  const atEnd = await memoryOf(subjects)
  return subjects.map(({ users, starts }, index) => ({
    users,
    starts,
    rssBytes: { atStart: atStart[index] ?? 0, afterReads: afterReads[index] ?? 0, atEnd: atEnd[index] ?? 0 },
    rounds: rounds.get(users) ?? new Map(),
  }))
}

function memoryOf(subjects: readonly Subject[]): Promise<number[]> {
  return Promise.all(subjects.map(({ server }) => server.rssBytes()))
}
