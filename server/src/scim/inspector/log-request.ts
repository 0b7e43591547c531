import type { FastifyRequest } from 'fastify'
import type { ScimToken } from '../../scim-tokens/scim-tokens.schema.ts'
import { pathOf } from '../../http/request-context.ts'
import type { ScimError } from '../scim-error.ts'
import { scimPath } from '../scim-space.ts'
import type { Step, Trace } from '../trace.ts'
import type { Entry } from './inspector.service.ts'
import { clientName } from './known-clients.ts'
import { redactedBody, redactedQuery } from './redact.ts'
import type { NewStep } from './scim-log.schema.ts'

/** What is known of a request when it has been answered. */
export interface Ended {
  readonly tenantId: string
  readonly now: Date
  readonly status: number
  readonly token: ScimToken | undefined
  readonly trace: Trace | undefined
  readonly failure: ScimError | undefined
  /** For administrators; the client heard less. */
  readonly cause: string
  readonly logDays: number
  readonly durationMs: number
  readonly response: string
  readonly responseBytes: number
}

/** A request as the inspector keeps it. */
export function toEntry(request: FastifyRequest, ended: Ended): Entry {
  const { token, failure, trace } = ended
  const userAgent = (request.headers['user-agent'] ?? '').slice(0, 300)
  const requestBytes = Number(request.headers['content-length'] ?? 0)
  const path = pathOf(request.url)
  return {
    tenantId: ended.tenantId,
    logDays: ended.logDays,
    isRefusal: ended.status === 401,
    entry: {
      at: ended.now.getTime(),
      request_id: request.id,
      token_id: token?.id ?? '',
      token_label: token?.label ?? '',
      address: request.ip,
      user_agent: userAgent,
      client: clientName(userAgent),
      method: request.method,
      path: path.slice(0, 500),
      query: redactedQuery(request.url.slice(path.length + 1)),
      status: ended.status,
      scim_type: failure?.scimType ?? '',
      detail: failure?.message ?? '',
      cause: ended.cause,
      duration_ms: Math.round(ended.durationMs),
      request_bytes: Number.isSafeInteger(requestBytes) ? requestBytes : 0,
      response_bytes: ended.responseBytes,
      // A body that was never read was never let in.
      request_body:
        request.body === undefined || requestBytes > 64 * 1024 ? '' : redactedBody(JSON.stringify(request.body)),
      response_body: redactedBody(ended.response),
    },
    steps: trace === undefined ? [] : toSteps(request, trace),
  }
}

const stepsMax = 1_000

/** What was passed over while reading belongs to the resource that the request was about. */
function toSteps(request: FastifyRequest, { steps, notes }: Trace): NewStep[] {
  const { segments } = scimPath(request)
  const [about] = steps
  const kind = /^groups$/i.test(segments[0] ?? '') ? 'group' : 'user'
  const ofNotes = notes.map(({ attribute, note }): Step => ({
    subjectKind: about?.subjectKind ?? kind,
    subjectId: about?.subjectId ?? segments[1] ?? '',
    outcome: 'skipped',
    operation: request.method,
    attribute,
    note,
  }))
  return [...steps, ...ofNotes].slice(0, stepsMax).map((step) => ({
    subject_kind: step.subjectKind,
    subject_id: step.subjectId.slice(0, 200),
    external_id: (step.externalId ?? about?.externalId ?? '').slice(0, 1_000),
    outcome: step.outcome,
    operation: step.operation,
    attribute: (step.attribute ?? '').slice(0, 200),
    note: (step.note ?? '').slice(0, 500),
    before_text: (step.before ?? '').slice(0, 500),
    after_text: (step.after ?? '').slice(0, 500),
  }))
}
