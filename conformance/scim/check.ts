import type { OwnWorkspace } from './own-workspace.ts'
import { send, type Answer, type Client, type SendOptions } from './client.ts'

/** One rule of contract/scim.md section 5, and what shows from outside whether it holds. */
export interface Check {
  /** The number of the rule. */
  readonly item: number
  /** What is true where the rule holds. */
  readonly rule: string
  readonly run: (scim: Scim) => Promise<void>
  /** Whether it needs what only the owner of the server can do. */
  readonly isOwn: boolean
}

/** What checks are given: the server, and a name no other run uses. */
export interface Scim extends Client {
  /** Begins every name that the run makes. */
  readonly run: string
  /** What the run made, newest last, to be removed in the end. */
  readonly made: string[]
  readonly counter: { value: number }
  readonly own: OwnWorkspace | undefined
}

/** A rule that does not hold. */
export class Broken extends Error {}

export function check(item: number, rule: string, run: Check['run']): Check {
  return { item, rule, run, isOwn: false }
}

/** A check that is left out where the server is somebody else's. */
export function ownCheck(item: number, rule: string, run: (scim: Scim, own: OwnWorkspace) => Promise<void>): Check {
  return {
    item,
    rule,
    isOwn: true,
    run: (scim) => {
      if (scim.own === undefined) throw new Broken('this check needs a server of its own')
      return run(scim, scim.own)
    },
  }
}

export const userUrn = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const groupUrn = 'urn:ietf:params:scim:schemas:core:2.0:Group'
export const enterpriseUrn = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
const patchUrn = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const errorUrn = 'urn:ietf:params:scim:api:messages:2.0:Error'
export const listUrn = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'
const searchUrn = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest'
const bulkUrn = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest'
/** An id that nothing has. */
export const nobody = '00000000-0000-4000-8000-000000000000'

export function get(scim: Scim, path: string, options: SendOptions = {}): Promise<Answer> {
  return send(scim, 'GET', path, options)
}

/** Sends a POST, and notes what it made. */
export async function post(scim: Scim, path: string, body: unknown, options: SendOptions = {}): Promise<Answer> {
  const answer = await send(scim, 'POST', path, { body, ...options })
  if (answer.status === 201) note(scim, answer.headers.location)
  return answer
}

export function put(scim: Scim, path: string, body: unknown, options: SendOptions = {}): Promise<Answer> {
  return send(scim, 'PUT', path, { body, ...options })
}

/** Sends a PatchOp message with these operations. */
export function patch(
  scim: Scim,
  path: string,
  operations: readonly unknown[],
  options: SendOptions = {},
): Promise<Answer> {
  return send(scim, 'PATCH', path, { body: { schemas: [patchUrn], Operations: operations }, ...options })
}

export function remove(scim: Scim, path: string, options: SendOptions = {}): Promise<Answer> {
  return send(scim, 'DELETE', path, options)
}

export async function bulk(scim: Scim, operations: readonly object[], more: object = {}): Promise<Answer> {
  const body = { schemas: [bulkUrn], Operations: operations, ...more }
  const answer = await send(scim, 'POST', '/Bulk', { body })
  if (answer.status === 200)
    for (const { status, location } of answer.json.Operations) if (status === '201') note(scim, location)
  return answer
}

function note(scim: Scim, location: string | undefined): void {
  const path = /\/(?:Users|Groups)\/[^/]+$/.exec(location ?? '')?.[0]
  if (path !== undefined) scim.made.push(path)
}

/** Asks for what matches a filter. */
export function find(scim: Scim, type: string, filter: string, more = ''): Promise<Answer> {
  return get(scim, `/${type}?filter=${encodeURIComponent(filter)}${more}`)
}

/** Asks by a SearchRequest. */
export function search(scim: Scim, path: string, body: object): Promise<Answer> {
  return send(scim, 'POST', path, { body: { schemas: [searchUrn], ...body } })
}

/** The names that match among those of this check, which all begin with `stem`. */
export async function namesOf(scim: Scim, stem: string, filter: string): Promise<string[]> {
  const answer = await find(scim, 'Users', `userName sw "${stem}" and (${filter})`, '&count=200')
  status(answer, 200)
  return answer.json.Resources.map(({ userName }: { userName: string }) => userName.slice(stem.length)).toSorted()
}

/** A name nobody has. */
export function fresh(scim: Scim): string {
  scim.counter.value += 1
  return `${scim.run}-${scim.counter.value}`
}

/** Makes a user; answers the resource. */
// oxlint-disable-next-line typescript/no-explicit-any
export async function newUser(scim: Scim, more: object = {}): Promise<any> {
  const answer = await post(scim, '/Users', { schemas: [userUrn], userName: fresh(scim), ...more })
  status(answer, 201)
  return answer.json
}

/** Makes a group; answers the resource. */
// oxlint-disable-next-line typescript/no-explicit-any
export async function newGroup(scim: Scim, more: object = {}): Promise<any> {
  const answer = await post(scim, '/Groups', { schemas: [groupUrn], displayName: fresh(scim), ...more })
  status(answer, 201)
  return answer.json
}

// oxlint-disable-next-line typescript/no-explicit-any
export async function read(scim: Scim, path: string): Promise<any> {
  const answer = await get(scim, path)
  status(answer, 200)
  return answer.json
}

export function status(answer: Answer, ...allowed: readonly number[]): void {
  if (!allowed.includes(answer.status))
    throw new Broken(`${answer.method} ${answer.url} answered ${answer.status}, not ${allowed.join(' or ')}`)
}

/** Holds a refusal against rules 25 and 27. */
export function refused(answer: Answer, code: number, scimType?: string): void {
  status(answer, code)
  const { schemas, status: text, scimType: type, detail } = answer.json
  same(schemas, [errorUrn], 'schemas of the error')
  same(text, String(code), 'status in the body')
  if (scimType !== undefined) same(type, scimType, 'scimType')
  that(typeof detail === 'string' && detail.length > 0, 'the error has a detail')
  const media = String(answer.headers['content-type'])
  that(media.startsWith('application/scim+json'), `the error is application/scim+json, not ${media}`)
}

export function that(holds: boolean, what: string): void {
  if (!holds) throw new Broken(`not so: ${what}`)
}

/** Equal in content; members of an object in any order. */
export function same(seen: unknown, wanted: unknown, what: string): void {
  const [a, b] = [sorted(seen), sorted(wanted)]
  if (a !== b) throw new Broken(`${what} is ${a}, not ${b}`)
}

function sorted(value: unknown): string {
  const text: string | undefined = JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
  return text ?? 'absent'
}
