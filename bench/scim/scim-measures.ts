import { below, seededRandom, type Random } from '../random.ts'
import type { RunningServer } from '../servers.ts'
import type { ScimClient } from './scim-client.ts'
import type { ScimDirectory } from './scim-directory.ts'

export const questions = ['userNameEq', 'workEmail', 'userNameCo', 'externalIdEq', 'firstPage'] as const
export type Question = (typeof questions)[number]

/** Times of one kind of request. */
export interface Times {
  readonly p50Ms: number
  readonly p95Ms: number
  /** Of the server, database included on SQLite. */
  readonly cpuMsPerRequest: number
  readonly requests: number
}

/** A server on one directory. */
export interface Target {
  readonly directory: ScimDirectory
  readonly server: RunningServer
  readonly client: ScimClient
}

/** One request after another; what a question finds is checked, since an empty answer is always quick. */
export async function askQuestion(target: Target, question: Question, round: number, requests: number): Promise<Times> {
  const random = seededRandom(1_000 * round + questions.indexOf(question))
  return timed(target, requests, async () => {
    const { totalResults } = await target.client.send('GET', pathOf(question, target, random))
    if (typeof totalResults !== 'number' || totalResults < 1) throw new Error(`${question} found nothing`)
  })
}

function pathOf(question: Question, { directory: { people } }: Target, random: Random): string {
  const person = people[below(random, people.length)]
  if (person === undefined) throw new Error('a directory without people')
  const login = person.email.slice(0, person.email.indexOf('@'))
  const filter = (text: string) => `Users?filter=${encodeURIComponent(text)}`
  switch (question) {
    case 'userNameEq':
      return filter(`userName eq "${login}"`)
    case 'workEmail':
      return filter(`emails[type eq "work" and value eq "${person.email}"]`)
    case 'userNameCo':
      return filter(`userName co "${login.slice(2)}"`)
    case 'externalIdEq':
      return filter(`externalId eq "ext-${person.id}"`)
    case 'firstPage':
      return 'Users?count=100&cursor'
  }
}

async function timed(target: Target, requests: number, act: (index: number) => Promise<void>): Promise<Times> {
  const times: number[] = []
  const cpuBefore = await target.server.cpuMs()
  for (let index = 0; index < requests; index += 1) {
    const before = performance.now()
    await act(index)
    times.push(performance.now() - before)
  }
  return { ...percentiles(times), cpuMsPerRequest: ((await target.server.cpuMs()) - cpuBefore) / requests, requests }
}

function percentiles(times: readonly number[]): { p50Ms: number; p95Ms: number } {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { p50Ms: at(0.5), p95Ms: at(0.95) }
}

/** Walks over all users, a hundred at a time; the first and the last tenth of the pages are compared. */
export async function walk({ client }: Target): Promise<{ pages: number; firstMs: number; lastMs: number }> {
  const times: number[] = []
  let path = 'Users?count=100&cursor'
  for (;;) {
    const before = performance.now()
    const { nextCursor } = await client.send('GET', path)
    times.push(performance.now() - before)
    if (typeof nextCursor !== 'string') break
    path = `Users?count=100&cursor=${encodeURIComponent(nextCursor)}`
  }
  const tenth = Math.max(1, Math.floor(times.length / 10))
  return {
    pages: times.length,
    firstMs: percentiles(times.slice(0, tenth)).p50Ms,
    lastMs: percentiles(times.slice(-tenth)).p50Ms,
  }
}

const patchSize = 256
const patchUrn = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

/** Adds 256 members to a group, and takes the same ones out again, one PATCH each. */
export async function patchMembers(
  target: Target,
  group: string,
  times: number,
): Promise<{ add: Times; remove: Times }> {
  const { client, directory } = target
  const ids = directory.outsiders
  const partOf = (index: number) =>
    Array.from({ length: Math.min(patchSize, ids.length) }, (_, at) => ids[(index * patchSize + at) % ids.length])
  const send = (op: string, index: number) =>
    client.send('PATCH', `Groups/${group}?excludedAttributes=members`, {
      schemas: [patchUrn],
      Operations: [{ op, path: 'members', value: partOf(index).map((value) => ({ value })) }],
    })
  const add: Times[] = []
  const remove: Times[] = []
  for (let index = 0; index < times; index += 1) {
    add.push(await timed(target, 1, async () => void (await send('add', index))))
    remove.push(await timed(target, 1, async () => void (await send('remove', index))))
  }
  return { add: joined(add), remove: joined(remove) }
}

/** Several rounds as one. */
export function joined(parts: readonly Times[]): Times {
  const medians = percentiles(parts.map(({ p50Ms }) => p50Ms))
  return {
    p50Ms: medians.p50Ms,
    p95Ms: percentiles(parts.map(({ p95Ms }) => p95Ms)).p95Ms,
    cpuMsPerRequest: percentiles(parts.map(({ cpuMsPerRequest }) => cpuMsPerRequest)).p50Ms,
    requests: parts.reduce((sum, { requests }) => sum + requests, 0),
  }
}

export interface Sync {
  readonly users: number
  readonly groups: number
  readonly usersPerSecond: number
  /** Of the server's CPU time: what it would be with a core of its own. */
  readonly usersPerCpuSecond: number
  readonly resourcesPerSecond: number
}

const userUrn = 'urn:ietf:params:scim:schemas:core:2.0:User'
const groupUrn = 'urn:ietf:params:scim:schemas:core:2.0:Group'
const atOnce = 16

/** What an identity provider does first: everybody, then the groups with their members, some requests at a time. */
export async function sync({ client, server }: Target, users: number, groups: number): Promise<Sync> {
  const ids: string[] = []
  const cpuBefore = await server.cpuMs()
  const begin = performance.now()
  await inParallel(users, async (number) => {
    const userName = `sync.${number}@example.com`
    const { id } = await client.send('POST', 'Users', {
      schemas: [userUrn],
      userName,
      externalId: `sync-${number}`,
      name: { givenName: 'Given', familyName: `Family ${number}` },
      displayName: `Given Family ${number}`,
      title: 'Engineer',
      active: true,
      emails: [{ value: userName, type: 'work', primary: true }],
    })
    ids.push(String(id))
  })
  const betweenMs = performance.now() - begin
  const cpuMs = (await server.cpuMs()) - cpuBefore
  const perGroup = Math.floor(users / groups)
  await inParallel(groups, async (number) => {
    const members = ids.slice(number * perGroup, (number + 1) * perGroup).map((value) => ({ value }))
    await client.send('POST', 'Groups', { schemas: [groupUrn], displayName: `Sync ${number}`, members })
  })
  const allMs = performance.now() - begin
  return {
    users,
    groups,
    usersPerSecond: (users / betweenMs) * 1_000,
    usersPerCpuSecond: (users / cpuMs) * 1_000,
    resourcesPerSecond: ((users + groups) / allMs) * 1_000,
  }
}

async function inParallel(count: number, act: (number: number) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) await act(next++)
    }),
  )
}
