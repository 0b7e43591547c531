import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import { ApiError } from '../../errors/api-error.ts'
import { parseInstant } from '../../filter/instant.ts'
import { operation } from '../../http/operation.ts'
import { suitedProfile } from './known-clients.ts'
import { getLogEntry, listLog, type LogEntry } from './scim-log.service.ts'

const StepRecord = Type.Object({
  subjectKind: Type.String({ description: 'user or group' }),
  subjectId: Type.String(),
  externalId: Type.String(),
  outcome: Type.String({ description: 'matched, changed, skipped or refused' }),
  operation: Type.String(),
  attribute: Type.String(),
  note: Type.String({ description: 'Why, in plain words.' }),
  before: Type.String(),
  after: Type.String(),
})

const fields = {
  seq: Type.Integer(),
  at: Type.Integer({ description: 'Epoch milliseconds.' }),
  requestId: Type.String(),
  token: Type.Union([Type.Object({ id: Type.String(), label: Type.String() }), Type.Null()]),
  address: Type.String(),
  userAgent: Type.String(),
  client: Type.String({ description: 'The IdP that calls itself so; empty for one nobody knows.' }),
  suggestedProfile: Type.Union([Type.String(), Type.Null()]),
  method: Type.String(),
  path: Type.String(),
  query: Type.String(),
  status: Type.Integer(),
  scimType: Type.String(),
  detail: Type.String({ description: 'What the client was told.' }),
  cause: Type.String({ description: 'What administrators are told.' }),
  durationMs: Type.Integer(),
  requestBytes: Type.Integer(),
  responseBytes: Type.Integer(),
  steps: Type.Array(StepRecord),
}
const LogRecord = Type.Object(fields, { $id: 'ScimLogEntry' })
const LogRef = Type.Unsafe<Static<typeof LogRecord>>({ $ref: 'ScimLogEntry#' })
const WholeRecord = Type.Object({
  ...fields,
  requestBody: Type.String({ description: 'Redacted; empty when there was none.' }),
  responseBody: Type.String(),
})

const LogQueryParameters = Type.Object({
  user: Type.Optional(Type.String({ description: 'Id of a user: everything that concerned this person.' })),
  group: Type.Optional(Type.String({ description: 'Id of a group.' })),
  externalId: Type.Optional(Type.String()),
  requestId: Type.Optional(Type.String()),
  outcome: Type.Optional(Type.String({ description: 'changed, skipped, matched or refused' })),
  status: Type.Optional(Type.Integer()),
  from: Type.Optional(Type.String({ description: 'RFC 3339' })),
  to: Type.Optional(Type.String({ description: 'RFC 3339' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
  before: Type.Optional(Type.Integer({ description: 'seq of the last entry of the page before' })),
})

const tag = 'SCIM settings'

export function registerScimLogRoutes(app: FastifyInstance): void {
  app.addSchema(LogRecord)
  operation(
    app,
    {
      method: 'GET',
      url: '/api/muster/scim/log',
      operationId: 'listScimLog',
      tag,
      summary: 'List SCIM requests and what became of them',
      description:
        'Newest first: received → matched by → changed → skipped because. The next page: before=<seq of the last entry>.',
      access: { bearer: 'sign-in:read' },
      isExtension: true,
      query: LogQueryParameters,
      answer: { schema: Type.Object({ items: Type.Array(LogRef) }), example: { items: [example] } },
    },
    async ({ ctx, query }) => ({ items: (await listLog(ctx, readQuery(query))).map(toRecord) }),
  )
  operation(
    app,
    {
      method: 'GET',
      url: '/api/muster/scim/log/:id',
      operationId: 'getScimLogEntry',
      tag,
      summary: 'Get one SCIM request with its bodies',
      access: { bearer: 'sign-in:read' },
      isExtension: true,
      answer: { schema: WholeRecord, example: { ...example, requestBody: '', responseBody: '' } },
      errors: ['scim_log_entry_not_found'],
    },
    async ({ ctx, params }) => {
      const entry = await getLogEntry(ctx, /^\d{1,15}$/.test(params['id'] ?? '') ? Number(params['id']) : 0)
      return { ...toRecord(entry), requestBody: entry.requestBody, responseBody: entry.responseBody }
    },
  )
}

function readQuery(query: Readonly<Record<string, unknown>>) {
  const text = (name: string) => {
    const value = query[name]
    if (value === undefined || value === '') return undefined
    if (typeof value !== 'string') throw invalid(`${name} is given more than once.`)
    return value
  }
  const whole = (name: string, max: number) => {
    const value = text(name)
    if (value === undefined) return undefined
    if (!/^\d{1,15}$/.test(value) || Number(value) > max) throw invalid(`${name} takes a whole number up to ${max}.`)
    return Number(value)
  }
  const time = (name: string, fallback: number) => {
    const value = text(name)
    const read = value === undefined ? fallback : parseInstant(value)
    if (read === undefined) throw invalid(`${name} takes a time such as 2026-01-31T08:00:00Z.`)
    return read
  }
  return {
    subjectId: text('user') ?? text('group'),
    externalId: text('externalId'),
    requestId: text('requestId'),
    outcome: text('outcome'),
    status: whole('status', 599),
    from: time('from', 0),
    to: time('to', Number.MAX_SAFE_INTEGER),
    limit: whole('limit', 100) ?? 20,
    before: whole('before', Number.MAX_SAFE_INTEGER),
  }
}

function invalid(detail: string): ApiError {
  return new ApiError('invalid_request', { detail })
}

function toRecord(entry: LogEntry): Static<typeof LogRecord> {
  return {
    seq: entry.seq,
    at: entry.at,
    requestId: entry.request_id,
    token: entry.token_id === '' ? null : { id: entry.token_id, label: entry.token_label },
    address: entry.address,
    userAgent: entry.user_agent,
    client: entry.client,
    suggestedProfile: suitedProfile(entry.client) ?? null,
    method: entry.method,
    path: entry.path,
    query: entry.query,
    status: entry.status,
    scimType: entry.scim_type,
    detail: entry.detail,
    cause: entry.cause,
    durationMs: entry.duration_ms,
    requestBytes: entry.request_bytes,
    responseBytes: entry.response_bytes,
    steps: entry.steps.map((step) => ({ ...step })),
  }
}

const example = {
  seq: 7,
  at: 1_767_323_045_000,
  requestId: '5d0c7f7e-6f0a-4a55-9f57-0d2f1f5f7a11',
  token: { id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f18', label: 'Okta' },
  address: '192.0.2.7',
  userAgent: 'Okta SCIM Client 1.0.0',
  client: 'Okta',
  suggestedProfile: 'okta',
  method: 'POST',
  path: '/api/scim/v2/Users',
  query: '',
  status: 201,
  scimType: '',
  detail: '',
  cause: '',
  durationMs: 3,
  requestBytes: 310,
  responseBytes: 640,
  steps: [
    {
      subjectKind: 'user',
      subjectId: '7c1dc0de-5b1e-7c3a-9d44-0a7c1e5b2f18',
      externalId: '00uEXAMPLE',
      outcome: 'changed',
      operation: 'create',
      attribute: '',
      note: '',
      before: '',
      after: 'user01@example.com',
    },
  ],
} satisfies Static<typeof LogRecord>
