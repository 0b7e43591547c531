import { readFileSync } from 'node:fs'
import type { CpuProfile } from './inside-server.ts'

const linesMax = 25

/** Waiting, and the profiler's own work. */
const notOfRequests = ['(idle)', 'node:inspector', 'node:inspector/promises']

/** Where the CPU time of one request went, in microseconds: by place of the code, then by function of ours with all it calls. */
export function summarise(file: string, requests: number): string {
  const profile: CpuProfile = JSON.parse(readFileSync(file, 'utf8'))
  const self = selfTimes(profile)
  const byPlace = new Map<string, number>()
  for (const node of profile.nodes) add(byPlace, placeOf(node.callFrame), self.get(node.id) ?? 0)
  const byFunction = inclusiveTimes(profile, self)
  const table = (times: Map<string, number>) =>
    [...times]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, linesMax)
      .map(([name, time]) => `${(time / requests).toFixed(1).padStart(9)}  ${name}`)
  for (const place of notOfRequests) byPlace.delete(place)
  return [
    '  µs/request  itself, by place',
    ...table(byPlace),
    '  µs/request  with all it calls, functions of server/src',
    ...table(byFunction),
  ].join('\n')
}

type ProfileNode = CpuProfile['nodes'][number]

/** Microseconds each node was on top of the stack. */
function selfTimes({ samples = [], timeDeltas = [] }: CpuProfile): Map<number, number> {
  const times = new Map<number, number>()
  samples.forEach((id, index) => times.set(id, (times.get(id) ?? 0) + (timeDeltas[index] ?? 0)))
  return times
}

function inclusiveTimes({ nodes }: CpuProfile, self: Map<number, number>): Map<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const times = new Map<string, number>()
  /** Each function once per stack, however often it recurs. */
  const visit = (node: ProfileNode, above: ReadonlySet<string>): void => {
    const name = ownName(node.callFrame)
    const names = name === undefined || above.has(name) ? above : new Set([...above, name])
    for (const onStack of names) add(times, onStack, self.get(node.id) ?? 0)
    for (const child of node.children ?? []) {
      const found = byId.get(child)
      if (found !== undefined) visit(found, names)
    }
  }
  const [root] = nodes
  if (root !== undefined) visit(root, new Set())
  return times
}

function add(times: Map<string, number>, name: string, time: number): void {
  times.set(name, (times.get(name) ?? 0) + time)
}

type CallFrame = ProfileNode['callFrame']

function ownName({ url, functionName }: CallFrame): string | undefined {
  const path = /\/server\/src\/(.+)$/.exec(url)?.[1]
  return path === undefined ? undefined : `${functionName === '' ? '(anonymous)' : functionName} ${path}`
}

/** Our folder, a package, Node's own module, or a native function by name. */
function placeOf({ url, functionName }: CallFrame): string {
  const own = /\/server\/src\/(.+)$/.exec(url)?.[1]
  if (own !== undefined) return own
  const dependency = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]
  if (dependency !== undefined) return `package ${dependency}`
  if (url.startsWith('node:')) return url
  return functionName.startsWith('(') ? functionName : `native ${functionName === '' ? '(anonymous)' : functionName}`
}
