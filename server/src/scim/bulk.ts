import { mentioned, resolved, without } from './bulk-references.ts'
import { bulkLimits } from './discovery.ts'
import { invalidSyntax, invalidValue, ScimError, scimErrorBody } from './scim-error.ts'
import { isObject } from './scim-value.ts'

const bulkRequestUrn = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest'
const bulkResponseUrn = 'urn:ietf:params:scim:api:messages:2.0:BulkResponse'

/** One operation as if it had come alone. */
export interface SingleRequest {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Segments below the base. */
  readonly segments: readonly string[]
  readonly data: unknown
  readonly version: string | undefined
}

export interface SingleAnswer {
  readonly status: number
  readonly location: string
  readonly version: string | undefined
  readonly id: string
}

/** Serves one operation; throws what a request alone would be refused with. */
export type Serve = (request: SingleRequest) => Promise<SingleAnswer>

interface BulkOperation {
  readonly method: string
  readonly bulkId: string | undefined
  readonly path: string
  readonly data: unknown
  readonly version: string | undefined
  /** Whether an operation before it has the same bulkId. */
  readonly isDouble: boolean
}

interface BulkState {
  readonly serve: Serve
  readonly base: string
  readonly toScimError: (thrown: unknown) => ScimError
  readonly ids: Map<string, string>
  readonly results: Map<BulkOperation, object>
  readonly unfinished: Unfinished[]
  /** What each operation refers to; read once, since all of them are looked through many times. */
  readonly mentions: ReadonlyMap<BulkOperation, ReadonlySet<string>>
  readonly failedIds: Set<string>
  errors: number
  readonly failOnErrors: number
}

/** Made, but without a reference to what is made later. */
interface Unfinished {
  readonly operation: BulkOperation
  readonly answer: SingleAnswer
}

/**
 * Serves the operations of a bulk request, each atomic by itself. One that refers to what a later one makes waits for it;
 * where all that is left waits in a ring, one is made without the reference, which follows when it can.
 *
 * @throws ScimError invalidSyntax · 413
 * @source RFC 7644 section 3.7; contract/scim.md 176–185
 */
export async function serveBulk(
  body: unknown,
  { serve, base, toScimError }: Pick<BulkState, 'serve' | 'base' | 'toScimError'>,
): Promise<object> {
  const { operations, failOnErrors } = readBulk(body)
  const state: BulkState = {
    serve,
    base,
    toScimError,
    ids: new Map(),
    results: new Map(),
    unfinished: [],
    mentions: new Map(operations.map((operation) => [operation, mentioned([operation.path, operation.data])])),
    failedIds: new Set(),
    errors: 0,
    failOnErrors,
  }
  const made = new Set(operations.filter(({ method }) => method === 'POST').map(({ bulkId }) => bulkId))
  const left = new Set(operations)
  while (left.size > 0 && !isOver(state)) {
    const next = left.values().find((operation) => isReady(operation, state, made)) ?? left.values().next().value
    if (next === undefined) break
    left.delete(next)
    await serveOperation(next, state, made)
  }
  for (const one of state.unfinished) if (!isOver(state)) await complete(one, state)
  return {
    schemas: [bulkResponseUrn],
    Operations: operations.map((operation) => state.results.get(operation)).filter((result) => result !== undefined),
  }
}

function isOver({ errors, failOnErrors }: BulkState): boolean {
  return failOnErrors > 0 && errors >= failOnErrors
}

/** Waits only for what the request will still make. */
function isReady(operation: BulkOperation, state: BulkState, made: ReadonlySet<string | undefined>): boolean {
  const { ids, failedIds } = state
  return mentionedBy(operation, state).every((bulkId) => ids.has(bulkId) || !made.has(bulkId) || failedIds.has(bulkId))
}

function mentionedBy(operation: BulkOperation, { mentions }: BulkState): string[] {
  return [...(mentions.get(operation) ?? [])]
}

async function serveOperation(
  operation: BulkOperation,
  state: BulkState,
  made: ReadonlySet<string | undefined>,
): Promise<void> {
  const { ids } = state
  try {
    const open = mentionedBy(operation, state).filter((bulkId) => !ids.has(bulkId))
    const circular = open.filter((bulkId) => made.has(bulkId) && operation.method === 'POST')
    if (open.length > circular.length) throw unresolved()
    const missing = new Set(circular)
    const data = resolved(missing.size === 0 ? operation.data : without(operation.data, missing), ids)
    const answer = await serveSingle({ ...operation, data }, state)
    if (operation.bulkId !== undefined) ids.set(operation.bulkId, answer.id)
    if (missing.size > 0) state.unfinished.push({ operation, answer })
    state.results.set(operation, succeeded(operation, answer))
  } catch (error) {
    state.errors += 1
    if (operation.bulkId !== undefined && !operation.isDouble) state.failedIds.add(operation.bulkId)
    state.results.set(operation, failed(operation, state.toScimError(error), state.base))
  }
}

function unresolved(): ScimError {
  return new ScimError(409, 'A bulkId that the operation refers to was not made.')
}

function serveSingle(operation: BulkOperation, { serve, ids }: BulkState): Promise<SingleAnswer> {
  const { method } = operation
  if (method !== 'POST' && method !== 'PUT' && method !== 'PATCH' && method !== 'DELETE')
    throw invalidValue('method takes POST, PUT, PATCH or DELETE.')
  const path = String(resolved(operation.path, ids))
  const segments = path.split('/').filter((segment) => segment !== '')
  const isOnType = segments.length === 1
  const isKnown = /^(users|groups)$/i.test(segments[0] ?? '') && segments.length <= 2
  if (!isKnown) throw new ScimError(404, 'The path of an operation is /Users, /Groups, or one of their resources.')
  if (isOnType !== (method === 'POST')) throw invalidValue('POST stands on a type, the other methods on a resource.')
  if (method === 'POST' && operation.bulkId === undefined) throw invalidValue('A POST needs a bulkId.')
  if (operation.isDouble) throw invalidValue('An operation before this one has the same bulkId.')
  return serve({ method, segments, data: operation.data, version: operation.version })
}

/** Resources made without what did not exist yet are completed when all the others are made. */
async function complete({ operation, answer }: Unfinished, state: BulkState): Promise<void> {
  try {
    const open = mentionedBy(operation, state).filter((bulkId) => !state.ids.has(bulkId))
    if (open.length > 0) throw unresolved()
    const segments = [...operation.path.split('/').filter((segment) => segment !== ''), answer.id]
    const data = resolved(operation.data, state.ids)
    const completed = await state.serve({ method: 'PUT', segments, data, version: undefined })
    state.results.set(operation, succeeded(operation, { ...completed, status: answer.status }))
  } catch (error) {
    state.errors += 1
    const refused = state.toScimError(error)
    state.results.set(operation, failed(operation, new ScimError(409, refused.message), state.base))
  }
}

function succeeded({ method, bulkId }: BulkOperation, { status, location, version }: SingleAnswer): object {
  return {
    method,
    ...(bulkId === undefined ? {} : { bulkId }),
    location,
    ...(version === undefined ? {} : { version }),
    status: String(status),
  }
}

function failed({ method, bulkId, path }: BulkOperation, error: ScimError, base: string): object {
  return {
    method,
    ...(bulkId === undefined ? {} : { bulkId }),
    ...(method === 'POST' ? {} : { location: `${base}/${path.replace(/^\/+/, '')}` }),
    status: String(error.status),
    response: scimErrorBody(error),
  }
}

function readBulk(body: unknown): { operations: BulkOperation[]; failOnErrors: number } {
  if (!isObject(body)) throw invalidSyntax('The body takes a BulkRequest message.')
  const members = new Map(Object.entries(body).map(([name, value]): [string, unknown] => [name.toLowerCase(), value]))
  const schemas = members.get('schemas')
  if (!Array.isArray(schemas) || !schemas.some((urn) => String(urn).toLowerCase() === bulkRequestUrn.toLowerCase()))
    throw invalidSyntax(`schemas takes ${bulkRequestUrn}.`)
  const operations = members.get('operations')
  if (!Array.isArray(operations)) throw invalidSyntax('Operations takes a list of operations.')
  if (operations.length > bulkLimits.maxOperations)
    throw new ScimError(
      413,
      `The request has ${operations.length} operations; maxOperations is ${bulkLimits.maxOperations}.`,
    )
  const failOnErrors = members.get('failonerrors') ?? 0
  if (typeof failOnErrors !== 'number' || !Number.isInteger(failOnErrors) || failOnErrors < 0)
    throw invalidValue('failOnErrors takes a whole number.')
  const seen = new Set<string>()
  return { operations: operations.map((sent, index) => readOperation(sent, index, seen)), failOnErrors }
}

function readOperation(sent: unknown, index: number, seen: Set<string>): BulkOperation {
  if (!isObject(sent)) throw invalidSyntax(`Operations[${index}] takes an object.`)
  const members = new Map(Object.entries(sent).map(([name, value]): [string, unknown] => [name.toLowerCase(), value]))
  const text = (name: string) => {
    const value = members.get(name)
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const bulkId = text('bulkid')
  const isDouble = bulkId !== undefined && seen.has(bulkId)
  if (bulkId !== undefined) seen.add(bulkId)
  return {
    method: (text('method') ?? '').toUpperCase(),
    bulkId,
    isDouble,
    path: text('path') ?? '',
    data: members.get('data'),
    version: text('version'),
  }
}
