import Type from 'typebox'
import { actorName } from '../api-tokens/api-tokens.schema.ts'
import { ApiError } from '../errors/api-error.ts'
import { isEventName, type EventName } from '../events/event-types.ts'
import { readScalar, readValues, readWholeNumber } from '../lists/list-query.ts'
import type { EventCondition, EventQuery } from './audit-log.schema.ts'
import { consoleClient, signInForms, wireForms } from './event-records.wire.ts'

const maxDefault = 100
const maxMax = 1_000
const offsetMax = 2 ** 31 - 1
const dayMs = 86_400_000

type RawQuery = Readonly<Record<string, unknown>>

const paging = {
  dateFrom: Type.Optional(Type.String({ description: 'yyyy-MM-dd, UTC, inclusive.' })),
  dateTo: Type.Optional(Type.String({ description: 'yyyy-MM-dd, UTC, inclusive.' })),
  first: Type.Optional(Type.Integer({ minimum: 0, default: 0 })),
  max: Type.Optional(Type.Integer({ minimum: 0, maximum: maxMax, default: maxDefault })),
}

export const AdminEventQuery = Type.Object({
  authClient: Type.Optional(Type.String()),
  authIpAddress: Type.Optional(Type.String()),
  authRealm: Type.Optional(Type.String()),
  authUser: Type.Optional(Type.String({ description: 'Id of the actor.' })),
  operationTypes: Type.Optional(Type.Array(Type.String())),
  resourcePath: Type.Optional(
    Type.String({ description: 'A path such as groups/<id>; * stands for one part, at the end for the rest.' }),
  ),
  resourceTypes: Type.Optional(Type.Array(Type.String())),
  ...paging,
})

export const LoginEventQuery = Type.Object({
  client: Type.Optional(Type.String()),
  ipAddress: Type.Optional(Type.String()),
  type: Type.Optional(Type.Array(Type.String())),
  user: Type.Optional(Type.String({ description: 'Id of the user, or of the OAuth client.' })),
  ...paging,
})

/** @throws invalid_request · limit_too_large */
export function readAdminEventQuery(raw: RawQuery): EventQuery {
  const realm = readScalar(raw, 'authRealm')
  const client = readScalar(raw, 'authClient')
  const forms = Object.entries(wireForms).flatMap(([type, form]) => (isEventName(type) ? [{ type, ...form }] : []))
  const operations = readEnums(raw, 'operationTypes')
  const resources = readEnums(raw, 'resourceTypes')
  const path = readScalar(raw, 'resourcePath')
  const wanted = forms
    .filter((form) => operations.length === 0 || operations.includes(form.operation))
    .filter((form) => resources.length === 0 || resources.includes(form.resource))
    .flatMap((form) => conditionFor(form.type, form.path, path))
  const isUnfiltered = operations.length === 0 && resources.length === 0 && path === null
  const isElsewhere = realm !== null && realm !== 'default'
  return {
    ...readPaging(raw),
    category: 'admin',
    actorId: readScalar(raw, 'authUser'),
    client: client === null ? null : client === consoleClient ? 'console' : { actorName: client },
    subjectId: null,
    address: readScalar(raw, 'authIpAddress'),
    conditions: isElsewhere ? [] : isUnfiltered ? null : wanted,
  }
}

/** @throws invalid_request · limit_too_large */
export function readLoginEventQuery(raw: RawQuery): EventQuery {
  const client = readScalar(raw, 'client')
  const types = readEnums(raw, 'type')
  const wanted = Object.entries(signInForms)
    .filter(([, form]) => types.length === 0 || types.includes(form.type))
    .filter(([, form]) => client === null || (client === consoleClient) === (form.client === 'console'))
    .flatMap(([type]) => (isEventName(type) ? [{ type }] : []))
  const isUnfiltered = client === null && types.length === 0
  return {
    ...readPaging(raw),
    category: 'sign-in',
    actorId: null,
    client: client === null || client === consoleClient ? null : { actorName: actorName(client) },
    subjectId: readScalar(raw, 'user'),
    address: readScalar(raw, 'ipAddress'),
    conditions: isUnfiltered ? null : wanted,
  }
}

/** The Python client sends `AdminOperationType.CREATE`; what counts stands after the last dot. */
function readEnums(raw: RawQuery, name: string): string[] {
  return readValues(raw, name).map((value) => value.slice(value.lastIndexOf('.') + 1).toUpperCase())
}

function readPaging(raw: RawQuery): Pick<EventQuery, 'first' | 'max' | 'from' | 'to'> {
  const max = readWholeNumber(raw, 'max', 999_999_999) ?? maxDefault
  if (max > maxMax)
    throw new ApiError('limit_too_large', { detail: `max is ${max}; the largest page of events is ${maxMax}.` })
  const to = readDay(raw, 'dateTo')
  return {
    first: readWholeNumber(raw, 'first', offsetMax) ?? 0,
    max,
    from: readDay(raw, 'dateFrom'),
    to: to === null ? null : to + dayMs,
  }
}

function readDay(raw: RawQuery, name: string): number | null {
  const text = readScalar(raw, name)
  if (text === null) return null
  const at = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  // Date.parse takes the 31st of February for a day in March.
  if (Number.isNaN(at) || !new Date(at).toISOString().startsWith(text))
    throw new ApiError('invalid_request', { detail: `${name} must be a day such as 2026-01-31.` })
  return at
}

/** What a wanted path says about the ids of one kind of event; nothing when the path is another kind's. */
function conditionFor(type: EventName, template: string, path: string | null): EventCondition[] {
  if (path === null) return [{ type }]
  const have = template.split('/')
  const want = path.split('/')
  const isOpen = want.at(-1) === '*'
  if (isOpen ? want.length > have.length : want.length !== have.length) return []
  const ids: { subjectId?: string; objectId?: string } = {}
  for (const [index, part] of want.entries()) {
    const own = have[index]
    if (part === '*') continue
    if (own === '{subject}') ids.subjectId = part
    else if (own === '{object}') ids.objectId = part
    else if (own !== part) return []
  }
  return [{ type, ...ids }]
}
