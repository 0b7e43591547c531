import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify'
import Type, { type Static, type TObject, type TSchema } from 'typebox'
import { authorizeCritical, insufficientRole } from '../access/authorize.ts'
import type { Ctx } from '../access/ctx.ts'
import type { Permission } from '../access/permissions.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import { errorResponses } from './error-responses.ts'

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
  /** Status and body of success; without a schema the body is empty. */
  readonly answer: {
    readonly status?: 200 | 204
    readonly schema?: TSchema
    readonly example?: unknown
    readonly description?: string
  }
  /** What it can refuse beyond what its access, body and query imply. */
  readonly errors?: readonly ErrorCode[]
  /** Marks what Atlan does not have. */
  readonly isExtension?: true
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
  }
}

/** Of a body that comes without a credential. Security contract, section 6. */
const publicBodyMaxBytes = 16 * 1024

type Handler<B> = (input: OperationInput<B>) => unknown

/** Registers an address. A handler that gives undefined answers with an empty body; text is sent as JSON already made. */
export function operation<B extends TSchema>(
  app: FastifyInstance,
  spec: Operation<B>,
  handle: Handler<Static<B>>,
): void {
  const status = spec.answer.status ?? 200
  app.route({
    method: spec.method,
    url: spec.url,
    schema: toSchema(spec),
    config: { access: spec.access },
    ...(spec.access === 'public' ? { bodyLimit: publicBodyMaxBytes } : {}),
    // Bodies are optional where every field is: official clients send none, or the JSON type with nothing after it.
    ...(spec.bodyOptional === true
      ? { preValidation: async (request: FastifyRequest) => void (request.body ??= {}) }
      : {}),
    handler: async (request, reply) => {
      const result = await handle({
        ctx: request.ctx,
        params: asRecord<string>(request.params),
        query: asRecord<unknown>(request.query),
        // The validator compiled from this very schema has accepted it.
        body: request.body as Static<B>,
        ifMatch: request.headers['if-match'],
        request,
        reply,
      })
      reply.code(status)
      if (result === undefined) return reply.send()
      if (typeof result === 'string') return reply.type('application/json; charset=utf-8').send(result)
      return reply.send(result)
    },
  })
}

function asRecord<T>(value: unknown): Readonly<Record<string, T>> {
  // Fastify's router and query parser give objects of exactly this kind.
  return value as Readonly<Record<string, T>>
}

/** Refuses by role before a body is read; the service's own check is the one that counts. */
export function refuseByRole(request: FastifyRequest): void {
  const access = request.routeOptions.config.access
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
  const success =
    answer.schema === undefined
      ? { description: answer.description ?? 'Done; the body is empty.', type: 'null' }
      : {
          description: answer.description ?? 'Success.',
          content: {
            'application/json': {
              schema: answer.schema,
              ...(answer.example === undefined ? {} : { example: answer.example }),
            },
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
    ...(spec.errors?.includes('version_mismatch') === true ? { headers: IfMatch } : {}),
    ...(spec.query === undefined ? {} : { querystring: spec.query }),
    ...(spec.body === undefined ? {} : { body: withExamples(spec.body, spec.bodyExamples) }),
    response: { [status]: success, ...errorResponses(spec) },
  }
}

const IfMatch = Type.Object({
  'If-Match': Type.Optional(
    Type.String({ description: 'The ETag you read: if it changed meanwhile, nothing happens and the answer is 412.' }),
  ),
})

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
