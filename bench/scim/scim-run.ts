import { currentLoad, describeMachine } from '../machine.ts'
import { startMuster } from '../servers.ts'
import { ScimClient } from './scim-client.ts'
import { makeScimDirectory } from './scim-directory.ts'
import {
  askQuestion,
  joined,
  patchMembers,
  questions,
  sync,
  walk,
  type Question,
  type Target,
  type Times,
} from './scim-measures.ts'
import { toScimReport, type OfSize, type ScimReport } from './scim-report.ts'
import type { ScimSettings } from './scim-settings.ts'

type Say = (sentence: string) => void

const connections = 16
const patchTimes = 12
const warmUpRequests = 30

/** Directories of all sizes are served at once and asked in turn, so that slow drifts of the machine meet all of them. */
export async function runScimBench(settings: ScimSettings, say: Say): Promise<ScimReport> {
  const loadBefore = currentLoad()
  await using resources = new AsyncDisposableStack()
  const targets: Target[] = []
  for (const users of settings.sizes) {
    say(`generating ${users} users …`)
    const directory = resources.adopt(await makeScimDirectory(users, settings.postgres), (made) => made.remove())
    const server = resources.adopt(await startMuster(directory), (running) => running.stop())
    const client = resources.adopt(new ScimClient(server.port, directory.token, connections), (open) => open.close())
    targets.push({ directory, server, client })
  }
  const asked = await askAll(targets, settings, say)
  const sizes: OfSize[] = []
  for (const target of targets) sizes.push(await measureRest(target, asked, say))
  const [smallest] = targets
  if (smallest === undefined) throw new Error('no size was asked for')
  say(`syncing ${settings.syncUsers} users and ${settings.syncGroups} groups …`)
  const synced = await sync(smallest, settings.syncUsers, settings.syncGroups)
  return toScimReport(sizes, synced, await describeMachine(smallest.directory.location, loadBefore))
}

type Asked = ReadonlyMap<Target, ReadonlyMap<Question, readonly Times[]>>

async function askAll(targets: readonly Target[], settings: ScimSettings, say: Say): Promise<Asked> {
  const asked = new Map(
    targets.map((target) => [target, new Map(questions.map((question) => [question, [] as Times[]]))]),
  )
  for (let round = 0; round <= settings.rounds; round += 1) {
    say(round === 0 ? 'warming up …' : `round ${round} of ${settings.rounds} …`)
    for (const question of questions) {
      for (const [target, times] of asked) {
        const requests = round === 0 ? warmUpRequests : settings.requests
        const measured = await askQuestion(target, question, round, requests)
        if (round > 0) times.get(question)?.push(measured)
      }
    }
  }
  return asked
}

async function measureRest(target: Target, asked: Asked, say: Say): Promise<OfSize> {
  const { directory } = target
  say(`walking over ${directory.users} users, and patching groups …`)
  const answered = asked.get(target) ?? new Map<Question, readonly Times[]>()
  const timesOf = (question: Question) => joined(answered.get(question) ?? [])
  const walked = await walk(target)
  await patchMembers(target, directory.emptyGroup, 2)
  const patch256Empty = await patchMembers(target, directory.emptyGroup, patchTimes)
  const patch256 = await patchMembers(target, directory.largeGroup, patchTimes)
  return {
    users: directory.users,
    questions: {
      userNameEq: timesOf('userNameEq'),
      workEmail: timesOf('workEmail'),
      userNameCo: timesOf('userNameCo'),
      externalIdEq: timesOf('externalIdEq'),
      firstPage: timesOf('firstPage'),
    },
    walk: walked,
    largeGroupMembers: Math.min(100_000, directory.people.length - directory.outsiders.length),
    patch256,
    patch256Empty,
  }
}
