import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify'
import Type, { type Static, type TObject, type TSchema } from 'typebox'
import { authorizeCritical, insufficientRole } from '../access/authorize.ts'
import type { Ctx } from '../access/ctx.ts'
import type { Permission } from '../access/permissions.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import type { Repeats } from '../repeats/repeats.ts'
import { answerOnce, type ShownSecret } from './answer-once.ts'
import { errorResponses, page } from './error-responses.ts'
import type { Importance } from './overload/importance.ts'
import { readRequestKey, takesKey } from './read-request-key.ts'
import { headersOf, repeatHeaders } from './request-headers.ts'

/** Which credentials an address asks for. */
export type Access =
  /** A bearer token whose actor has this permission; where the id in the address is not the actor's own, `others` instead. */
  | {
      readonly bearer: Permission
      readonly others?: Permission
      /** Programs need a right of the host operator, people a fresh proof of who they are. */
      readonly isCritical?: true
    }
  /** Nothing but a known tenant. */
  | 'public'

/** One address of the API, declared once: routing, validation, authorization and the contract page come from it. */
export interface Operation<B extends TSchema> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: string
  readonly operationId: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly access: Access
  readonly query?: TObject
  readonly queryExample?: Readonly<Record<string, string | number | boolean>>
  readonly body?: B
  readonly bodyOptional?: true
  readonly bodyExamples?: readonly Static<B>[]
  /** Also takes the body as a plain form of a browser, and answers that with a page. */
  readonly takesForm?: true
  /** Status and body of success; without a schema the body is empty. */
  readonly answer: {
    readonly status?: 200 | 204
    readonly schema?: TSchema
    readonly example?: unknown
    readonly description?: string
    /** JSON unless given; then the schema is that of one line, and the handler gives a stream. */
    readonly mediaType?: 'application/x-ndjson'
  }
  /** What it can refuse beyond what its access, body and query imply. */
  readonly errors?: readonly ErrorCode[]
  /** Sends invitations: held to their own rate. */
  readonly invites?: true
  /** The last to be refused when there is too much to do: what ends somebody's access. */
  readonly isReserved?: true
  /** Marks what Atlan does not have. */
  readonly isExtension?: true
  /** It makes something new: a repeat under the same X-Atlan-Request-Id gets the answer of the first (docs/repeats.md). */
  readonly isCreate?: true
  /** Its answer shows a secret, which is never stored. */
  readonly secret?: ShownSecret<OperationInput<Static<B>>>
}

export interface OperationInput<B> {
  readonly ctx: Ctx
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body: B
  readonly ifMatch: string | undefined
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
    invites?: true
  }
  interface FastifyInstance {
    repeats: Repeats
  }
}

type Handler<B> = (input: OperationInput<B>) => unknown

/** Registers an address. A handler that gives undefined answers with an empty body; text is sent as JSON already made. */
export function operation<B extends TSchema>(
  app: FastifyInstance,
  spec: Operation<B>,
  handle: Handler<Static<B>>,
): void {
  const status = spec.answer.status ?? 200
  const canRepeat = takesKey(spec.method)
  app.route({
    method: spec.method,
    url: spec.url,
    schema: toSchema(spec),
    config: {
      access: spec.access,
      importance: importanceIn(spec),
      ...(spec.invites === true ? { invites: true } : {}),
    },
    // Bodies are optional where every field is: official clients send none, or the JSON type with nothing after it.
    ...(spec.bodyOptional === true
      ? { preValidation: async (request: FastifyRequest) => void (request.body ??= {}) }
      : {}),
    handler: async (request, reply) => {
      const input = inputOf<B>(request, reply)
      const key = canRepeat ? readRequestKey(request, spec.isCreate === true) : null
      if (key !== null) return answerOnce({ repeats: app.repeats, key, input, status, secret: spec.secret }, handle)
      const result = await handle(input)
      reply.code(status)
      if (result === undefined) return reply.send()
      if (result instanceof Readable)
        return reply.type(spec.answer.mediaType ?? 'application/octet-stream').send(result)
      if (typeof result === 'string') return reply.type('application/json; charset=utf-8').send(result)
      return reply.send(result)
    },
  })
}

function importanceIn({
  method,
  query,
  isReserved,
}: Pick<Operation<TSchema>, 'method' | 'query' | 'isReserved'>): Importance {
  if (isReserved === true) return 'reserved'
  if (method !== 'GET') return 'write'
  return query?.properties['limit'] === undefined ? 'read' : 'list'
}

function inputOf<B extends TSchema>(request: FastifyRequest, reply: FastifyReply): OperationInput<Static<B>> {
  return {
    ctx: request.ctx,
    params: asRecord<string>(request.params),
    query: asRecord<unknown>(request.query),
    // The validator compiled from this very schema has accepted it.
    body: request.body as Static<B>,
    ifMatch: request.headers['if-match'],
    request,
    reply,
  }
}

function asRecord<T>(value: unknown): Readonly<Record<string, T>> {
  // Fastify's router and query parser give objects of exactly this kind.
  return value as Readonly<Record<string, T>>
}

/** Refuses by role before a body is read; the service's own check is the one that counts. */
export function refuseByRole(request: FastifyRequest, access: Access | undefined): void {
  if (access === undefined || access === 'public') return
  const { actor } = request.ctx
  const isOwn = access.others === undefined || asRecord<string>(request.params)['id'] === actor.userId
  if (!actor.permissions.has(isOwn ? access.bearer : (access.others ?? access.bearer)))
    throw insufficientRole(actor.role)
  if (access.isCritical === true) authorizeCritical(request.ctx, access.bearer)
}

function toSchema<B extends TSchema>(spec: Operation<B>): FastifySchema {
  const { answer } = spec
  const status = answer.status ?? 200
  const params = pathParameters(spec.url)
  const headers = headersOf(spec)
  const answerHeaders = takesKey(spec.method) ? { headers: repeatHeaders } : {}
  const success =
    answer.schema === undefined
      ? { description: answer.description ?? 'Done; the body is empty.', ...answerHeaders, type: 'null' }
      : {
          description: answer.description ?? 'Success.',
          ...answerHeaders,
          content: {
            [answer.mediaType ?? 'application/json']: {
              schema: answer.schema,
              ...(answer.example === undefined ? {} : { example: answer.example }),
            },
            ...(spec.takesForm === true ? page : {}),
          },
        }
  return {
    operationId: spec.operationId,
    tags: [spec.tag],
    summary: spec.summary,
    ...(spec.description === undefined ? {} : { description: spec.description }),
    security: spec.access === 'public' ? [] : [{ bearer: [] }],
    ...(spec.isExtension === true ? { 'x-muster-extension': true } : {}),
    ...(spec.bodyOptional === true ? { 'x-body-optional': true } : {}),
    ...(Object.keys(params).length === 0 ? {} : { params: Type.Object(params) }),
    ...(headers === null ? {} : { headers }),
    ...(spec.query === undefined ? {} : { querystring: spec.query }),
    ...(spec.takesForm === true ? { consumes: ['application/json', 'application/x-www-form-urlencoded'] } : {}),
    ...(spec.body === undefined ? {} : { body: withExamples(spec.body, spec.bodyExamples) }),
    response: { [status]: success, ...errorResponses(spec) },
  }
}

/** What clients call a thing whose list has another name. */
const nouns: Readonly<Record<string, string>> = {
  apikeys: 'API token',
  idp: 'SSO connection, its alias',
  'oauth-clients': 'OAuth client, oauth-client-<uuid>',
  outbox: 'promised mail',
}

/** Each with a description from the list it stands behind: `/users/:id` is the id of a user. */
function pathParameters(url: string): Record<string, TSchema> {
  const found = url.matchAll(/([^/]+)\/:([a-zA-Z]+)/g)
  return Object.fromEntries(
    [...found].map(([, list = '', name = '']) => [
      name,
      Type.String({ description: `Id of the ${nouns[list] ?? list.replace(/s$/, '')}.` }),
    ]),
  )
}

function withExamples(body: TSchema, examples: readonly unknown[] = []): TSchema {
  return examples.length === 0 ? body : Object.assign(Object.create(Object.getPrototypeOf(body)), body, { examples })
}
