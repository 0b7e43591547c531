import { toApiError } from '../http/render-error.ts'
import { serveBulk, type SingleAnswer, type SingleRequest } from './bulk.ts'
import { refuseFilter, resourceTypeDocuments, schemaDocuments, serviceProviderConfig, versionOf } from './discovery.ts'
import { createScimGroup, deleteScimGroup, getScimGroup, replaceScimGroup } from './groups/scim-groups.service.ts'
import { patchScimGroup } from './groups/patch-group.service.ts'
import { groupVersion, type StoredGroup } from './groups/group-resource.ts'
import type { ScimAnswer } from './scim-answer.ts'
import { serveList, type ListScope } from './serve-list.ts'
import { presentGroup, presentUser } from './present.service.ts'
import { isUnchanged, type Preconditions } from './preconditions.ts'
import { readProjection, wholeResource, type Projection } from './projection.ts'
import { readListQuery, readSearchRequest } from './list/list-request.ts'
import { noResource, ScimError, toScimError } from './scim-error.ts'
import { requireWriteAccess, type ScimSession } from './scim-session.ts'
import { isObject, textOf, type ScimObject } from './scim-value.ts'
import { createScimUser, deleteScimUser, getScimUser, replaceScimUser } from './users/scim-users.service.ts'
import { patchScimUser } from './users/patch-user.service.ts'

export interface ScimRequest {
  readonly method: string
  /** Below the base. */
  readonly segments: readonly string[]
  readonly query: Readonly<Record<string, unknown>>
  readonly body: unknown
  readonly preconditions: Preconditions
}

type Handler = (session: ScimSession, request: ScimRequest) => Promise<ScimAnswer>
type Methods = Readonly<Partial<Record<'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', Handler>>>

/**
 * Serves one request that has come through the gate.
 *
 * @throws ScimError · ApiError · FilterError
 * @source contract/scim.md 3.1, items 26, 29, 30; K24
 */
export async function serveScim(session: ScimSession, request: ScimRequest): Promise<ScimAnswer> {
  const methods = findMethods(request.segments, session)
  if (methods === undefined) throw new ScimError(404, 'Nothing is served at this address.')
  const name = Object.keys(methods).find((method): method is keyof Methods => method === request.method)
  const handler = name === undefined ? undefined : methods[name]
  if (handler === undefined) {
    const allowed = Object.keys(methods).join(', ')
    throw new ScimError(405, `${request.method} is not offered here; use ${allowed}.`, { headers: { allow: allowed } })
  }
  return handler(session, request)
}

/** What may be done at an address; names of endpoints match in any case. */
function findMethods(segments: readonly string[], session: ScimSession): Methods | undefined {
  const [first = '', second, ...more] = segments
  if (more.length > 0) return undefined
  switch (first.toLowerCase()) {
    case '':
      return { GET: (session, request) => list(session, request, 'all') }
    case '.search':
      return second === undefined ? { POST: (session, request) => search(session, request, 'all') } : undefined
    case 'users':
      return second === undefined ? userCollection : second.toLowerCase() === '.search' ? userSearch : userResource
    case 'groups':
      return second === undefined ? groupCollection : second.toLowerCase() === '.search' ? groupSearch : groupResource
    case 'bulk':
      return second === undefined ? { POST: bulk } : undefined
    case 'me':
      return { GET: me, POST: me, PUT: me, PATCH: me, DELETE: me }
    case 'serviceproviderconfig':
      return second === undefined ? discovery((of) => serviceProviderConfig(of)) : undefined
    case 'serviceconfiguration':
      return second === undefined && isEntra(session) ? discovery((of) => serviceProviderConfig(of)) : undefined
    case 'resourcetypes':
      return discovery((of) => resourceTypeDocuments(of, second))
    case 'schemas':
      return discovery((of) => schemaDocuments(of, second === undefined ? undefined : decoded(second)))
    default:
      return undefined
  }
}

/** The one rule that sets the profile of Entra apart from the others. */
function isEntra({ rules }: ScimSession): boolean {
  return rules.uniqueGroupNames
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch (error) {
    throw new ScimError(404, 'There is no resource with this id.', { cause: error })
  }
}

const idMax = 100

function idOf({ segments }: ScimRequest): string {
  const id = decoded(segments[1] ?? '')
  if (id.length > idMax || id.includes('\0')) throw noResource()
  return id
}

const userCollection: Methods = {
  GET: (session, request) => list(session, request, 'users'),
  POST: async (session, request) => {
    const projection = projectionOf(session, request)
    const resource = await createScimUser(session, request.body)
    return answerUser(session, resource, projection, { status: 201, sent: sentNames(request.body) })
  },
}

const userSearch: Methods = { POST: (session, request) => search(session, request, 'users') }

const userResource: Methods = {
  GET: async (session, request) => {
    const projection = projectionOf(session, request)
    const resource = await getScimUser(session, idOf(request))
    return notModified(request, versionIn(resource)) ?? answerUser(session, resource, projection, { status: 200 })
  },
  PUT: async (session, request) => {
    const projection = projectionOf(session, request)
    const resource = await replaceScimUser(session, idOf(request), request.body, request.preconditions)
    return answerUser(session, resource, projection, { status: 200, sent: sentNames(request.body) })
  },
  PATCH: async (session, request) => {
    const projection = projectionOf(session, request)
    const resource = await patchScimUser(session, idOf(request), request.body, request.preconditions)
    if (session.rules.patchResponseUsers === 204 && projection === wholeResource) return noContent(versionIn(resource))
    return answerUser(session, resource, projection, { status: 200 })
  },
  DELETE: async (session, request) => {
    await deleteScimUser(session, idOf(request), request.preconditions)
    return { status: 204 }
  },
}

const groupCollection: Methods = {
  GET: (session, request) => list(session, request, 'groups'),
  POST: async (session, request) => {
    const projection = projectionOf(session, request)
    const stored = await createScimGroup(session, request.body)
    return answerGroup(session, stored, projection, { status: 201, sent: sentNames(request.body) })
  },
}

const groupSearch: Methods = { POST: (session, request) => search(session, request, 'groups') }

const groupResource: Methods = {
  GET: async (session, request) => {
    const projection = projectionOf(session, request)
    const stored = await getScimGroup(session, idOf(request))
    return notModified(request, groupVersion(stored.group)) ?? answerGroup(session, stored, projection, { status: 200 })
  },
  PUT: async (session, request) => {
    const projection = projectionOf(session, request)
    const stored = await replaceScimGroup(session, idOf(request), request.body, request.preconditions)
    return answerGroup(session, stored, projection, { status: 200, sent: sentNames(request.body) })
  },
  PATCH: async (session, request) => {
    const projection = projectionOf(session, request)
    const stored = await patchScimGroup(session, idOf(request), request.body, request.preconditions)
    if (session.rules.patchResponseGroups === 204 && projection === wholeResource)
      return noContent(groupVersion(stored.group))
    return answerGroup(session, stored, projection, { status: 200, sent: namesInPatch(request.body) })
  },
  DELETE: async (session, request) => {
    await deleteScimGroup(session, idOf(request), request.preconditions)
    return { status: 204 }
  },
}

function projectionOf({ types }: ScimSession, { query }: Pick<ScimRequest, 'query'>): Projection {
  const { attributes, excludedAttributes } = readListQuery(query)
  return readProjection({ attributes, excludedAttributes }, [types.user, types.group])
}

/** Names at the top of what was sent: attributes on request are answered to who set them (item 59). */
function sentNames(body: unknown): Set<string> {
  return new Set(
    isObject(body) ? Object.keys(body).map((name) => (name.toLowerCase() === 'members' ? 'members' : name)) : [],
  )
}

/** The same of the operations of a PATCH. */
function namesInPatch(body: unknown): Set<string> {
  const [, operations] = isObject(body) ? (Object.entries(body).find(([name]) => /^operations$/i.test(name)) ?? []) : []
  const list: readonly unknown[] = Array.isArray(operations) ? operations : []
  const names = list.filter(isObject).flatMap((operation) =>
    Object.entries(operation).flatMap(([name, value]) => {
      if (/^path$/i.test(name)) return typeof value === 'string' ? [value] : []
      return /^value$/i.test(name) && isObject(value) ? Object.keys(value) : []
    }),
  )
  return new Set(names.some((name) => /^(?:urn:.*:)?members\b/i.test(name)) ? ['members'] : [])
}

function versionIn(resource: ScimObject): string {
  const { meta } = resource
  return isObject(meta) ? textOf(meta, 'version') : ''
}

interface Shape {
  readonly status: number
  readonly sent?: ReadonlySet<string>
}

function answerUser(
  session: ScimSession,
  resource: ScimObject,
  projection: Projection,
  { status, sent }: Shape,
): ScimAnswer {
  const location = `${session.base}/Users/${textOf(resource, 'id')}`
  return {
    status,
    headers: { etag: versionIn(resource), ...located(status, location) },
    body: presentUser(resource, session, projection, sent),
  }
}

async function answerGroup(
  session: ScimSession,
  stored: StoredGroup,
  projection: Projection,
  { status, sent }: Shape,
): Promise<ScimAnswer> {
  const location = `${session.base}/Groups/${stored.group.id}`
  return {
    status,
    headers: { etag: groupVersion(stored.group), ...located(status, location) },
    body: await presentGroup(session, stored, projection, sent),
  }
}

function located(status: number, location: string): Readonly<Record<string, string>> {
  return status === 201 ? { location } : { 'content-location': location }
}

function noContent(version: string): ScimAnswer {
  return { status: 204, headers: { etag: version } }
}

function notModified({ preconditions }: ScimRequest, version: string): ScimAnswer | undefined {
  return isUnchanged(preconditions, version) ? { status: 304, headers: { etag: version } } : undefined
}

function list(session: ScimSession, { query }: ScimRequest, scope: ListScope): Promise<ScimAnswer> {
  const request = readListQuery(query)
  if (session.rules.refuseSensitiveFilters && request.filter !== undefined)
    throw new ScimError(403, 'Filters in addresses are refused here; use POST .search.', { scimType: 'sensitive' })
  return serveList(session, request, scope)
}

function search(session: ScimSession, { body }: ScimRequest, scope: ListScope): Promise<ScimAnswer> {
  return serveList(session, readSearchRequest(body, session.rules.unknownInput === 'refuse'), scope)
}

const me: Handler = async () => {
  throw new ScimError(501, 'A SCIM token has no user behind it, so there is no /Me.')
}

function discovery(make: (session: ScimSession) => object): Methods {
  return {
    GET: async (session, request) => {
      refuseFilter(request.query)
      const document = make(session)
      const version = versionOf(document)
      const headers = { etag: version, 'cache-control': 'private, max-age=300' }
      return isUnchanged(request.preconditions, version)
        ? { status: 304, headers }
        : { status: 200, headers, body: document }
    },
  }
}

const bulk: Handler = async (session, { body }) => {
  requireWriteAccess(session)
  const answer = await serveBulk(body, {
    serve: (request) => serveSingle(session, request),
    base: session.base,
    toScimError: (thrown) => toScimError(thrown, toApiError),
  })
  return { status: 200, body: answer }
}

/** One operation of a bulk request, through the same doors as one that comes alone. */
async function serveSingle(
  session: ScimSession,
  { method, segments, data, version }: SingleRequest,
): Promise<SingleAnswer> {
  const answer = await serveScim(session, {
    method,
    segments,
    query: method === 'DELETE' ? {} : { attributes: 'id,meta' },
    body: data,
    preconditions: { ifMatch: version, ifNoneMatch: undefined },
  })
  const body = typeof answer.body === 'string' ? JSON.parse(answer.body) : answer.body
  const id = isObject(body) ? textOf(body, 'id') : (segments[1] ?? '')
  const type = /^users$/i.test(segments[0] ?? '') ? 'Users' : 'Groups'
  return { status: answer.status, id, location: `${session.base}/${type}/${id}`, version: answer.headers?.['etag'] }
}
