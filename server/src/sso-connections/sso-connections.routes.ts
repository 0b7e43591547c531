import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import { operation } from '../http/operation.ts'
import { ApiError } from '../errors/api-error.ts'
import { envelopeSchema, toEnvelope } from '../lists/envelope.ts'
import { connectionExample, createExamples } from './sso-connection-examples.wire.ts'
import { certificateWarnings } from './certificates.ts'
import { DefaultRole, Preset, RoleRule, Signed, type OptionsChange } from './connection-options.schema.ts'
import { fetchMetadata } from './metadata-url.service.ts'
import { spAddresses } from './sp-address-rules.ts'
import type { IdpValues, SsoConnection } from './sso-connections.schema.ts'
import * as connections from './sso-connections.service.ts'

const CertificateRecord = Type.Object({
  fingerprint: Type.String({ description: 'SHA-256.' }),
  subject: Type.String(),
  notBefore: Type.Integer({ description: 'Epoch milliseconds, as all times.' }),
  notAfter: Type.Integer(),
  pem: Type.String(),
})

const ServiceProvider = Type.Object({
  entityId: Type.String({ description: 'What the IdP calls audience or entity id.' }),
  acsUrl: Type.String({ description: 'Where the IdP posts its answers.' }),
  logoutUrl: Type.String(),
  metadataUrl: Type.String({ description: 'All of it as one document.' }),
})

const optionFields = {
  preset: Preset,
  signed: Signed,
  allowsIdpInitiated: Type.Boolean({ description: 'Whether a sign-in may begin at the IdP.' }),
  createsUsers: Type.Boolean({ description: 'Whether somebody unknown gets an account at the first sign-in.' }),
  defaultRole: DefaultRole,
  emailAttribute: Type.String({ maxLength: 500 }),
  firstNameAttribute: Type.String({ maxLength: 500 }),
  lastNameAttribute: Type.String({ maxLength: 500 }),
  roleAttribute: Type.String({ maxLength: 500 }),
  roleRules: Type.Array(RoleRule, {
    maxItems: 100,
    description: 'The first that matches a value of roleAttribute counts.',
  }),
}
const optionalOptions = Type.Partial(Type.Object(optionFields)).properties

const ConnectionRecord = Type.Object(
  {
    id: Type.String(),
    alias: Type.String(),
    displayName: Type.String(),
    enabled: Type.Boolean(),
    entityId: Type.String(),
    signOnUrl: Type.String(),
    signOnBinding: Type.String({ description: 'redirect or post' }),
    logoutUrl: Type.String(),
    certificates: Type.Array(CertificateRecord),
    /** What runs out soon, in words for people. */
    warnings: Type.Array(Type.String(), { description: 'Certificates that have run out, or will within 30 days.' }),
    serviceProvider: ServiceProvider,
    ...optionFields,
    createdAt: Type.Integer(),
    createdBy: Type.String(),
    updatedAt: Type.Union([Type.Integer(), Type.Null()]),
    updatedBy: Type.String(),
  },
  { $id: 'SsoConnection' },
)
const ConnectionRef = Type.Unsafe<Static<typeof ConnectionRecord>>({ $ref: 'SsoConnection#' })

const idpFields = {
  metadataUrl: Type.Optional(
    Type.String({ description: 'Where the IdP publishes that document; it is fetched once, now.', maxLength: 2_000 }),
  ),
  metadataXml: Type.Optional(
    Type.String({ description: 'The metadata document of the IdP; or the values below.', maxLength: 262_144 }),
  ),
  entityId: Type.Optional(Type.String({ maxLength: 1_024 })),
  signOnUrl: Type.Optional(Type.String({ maxLength: 2_000 })),
  logoutUrl: Type.Optional(Type.String({ maxLength: 2_000 })),
  certificates: Type.Optional(
    Type.Array(Type.String({ maxLength: 20_000 }), { maxItems: 4, description: 'PEM, or its base64.' }),
  ),
}
const CreateBody = Type.Object(
  {
    alias: Type.String(),
    displayName: Type.Optional(Type.String()),
    enabled: Type.Optional(Type.Boolean()),
    ...idpFields,
    ...optionalOptions,
  },
  { additionalProperties: false },
)
const UpdateBody = Type.Object(
  {
    displayName: Type.Optional(Type.String()),
    enabled: Type.Optional(Type.Boolean()),
    ...idpFields,
    ...optionalOptions,
  },
  { additionalProperties: false },
)

const tag = 'Single sign-on'
const url = '/api/muster/sso-connections'
const read = { bearer: 'sign-in:read' } as const
const manage = { bearer: 'sign-in:manage', isCritical: true } as const

/** What app.ts hands over. */
interface SsoConnectionDeps {
  baseUrl(tenantId: string): Promise<string>
  readonly egressAllow: readonly string[]
}

export function registerSsoConnectionRoutes(app: FastifyInstance, deps: SsoConnectionDeps): void {
  app.addSchema(ConnectionRecord)
  registerReads(app, deps)
  registerCreate(app, deps)
  registerChanges(app, deps)
}

function registerReads(app: FastifyInstance, deps: SsoConnectionDeps): void {
  operation(
    app,
    {
      method: 'GET',
      url,
      operationId: 'listSsoConnections',
      tag,
      summary: 'List SSO connections',
      description: `All of them: there are at most ${connections.connectionsMax}.`,
      access: read,
      isExtension: true,
      answer: {
        schema: envelopeSchema(ConnectionRef),
        example: { totalRecord: 1, filterRecord: 1, count: 1, records: [connectionExample] },
      },
    },
    async ({ ctx }) => {
      const items = await connections.listConnections(ctx)
      const baseUrl = await deps.baseUrl(ctx.tenantId)
      return toEnvelope({ items, total: items.length, filtered: items.length }, (item) =>
        toRecord(item, baseUrl, ctx.now),
      )
    },
  )
  operation(
    app,
    {
      method: 'GET',
      url: `${url}/:id`,
      operationId: 'getSsoConnection',
      tag,
      summary: 'Get an SSO connection',
      access: read,
      isExtension: true,
      answer: { schema: ConnectionRef, example: connectionExample },
      errors: ['sso_connection_not_found'],
    },
    async ({ ctx, params, reply }) => {
      const connection = await connections.getConnection(ctx, params['id'] ?? '')
      reply.header('etag', connections.connectionTag(connection))
      return toRecord(connection, await deps.baseUrl(ctx.tenantId), ctx.now)
    },
  )
}

function registerCreate(app: FastifyInstance, deps: SsoConnectionDeps): void {
  operation(
    app,
    {
      method: 'POST',
      url,
      operationId: 'createSsoConnection',
      tag,
      summary: 'Set up single sign-on with an IdP',
      description:
        'The IdP by its metadata document, or by entityId, signOnUrl and certificates. Needs the enterprise plan, and a token that carries the right sign-in-settings or a person who signed in within the last five minutes.',
      access: manage,
      isExtension: true,
      isCreate: true,
      body: CreateBody,
      bodyExamples: createExamples,
      answer: { schema: ConnectionRef, example: connectionExample },
      errors: ['invalid_metadata', 'plan_required', 'sso_connection_exists', 'sso_connection_limit'],
    },
    async ({ ctx, body, reply }) => {
      const idp = fromIdp(await withMetadata(body, deps.egressAllow))
      if (idp === undefined) {
        throw new ApiError('invalid_body', {
          detail: 'Send metadataXml, metadataUrl, or entityId, signOnUrl and certificates.',
        })
      }
      const connection = await connections.createConnection(ctx, {
        alias: body.alias,
        idp,
        ...(body.displayName === undefined ? {} : { displayName: body.displayName }),
        ...(body.enabled === undefined ? {} : { isEnabled: body.enabled }),
        options: pickOptions(body),
      })
      reply.header('etag', connections.connectionTag(connection))
      return toRecord(connection, await deps.baseUrl(ctx.tenantId), ctx.now)
    },
  )
}

function registerChanges(app: FastifyInstance, deps: SsoConnectionDeps): void {
  operation(
    app,
    {
      method: 'POST',
      url: `${url}/:id`,
      operationId: 'updateSsoConnection',
      tag,
      summary: 'Change an SSO connection',
      description: 'What is left out stays. Switching off the last one that works closes SCIM until another works.',
      access: manage,
      isExtension: true,
      body: UpdateBody,
      bodyExamples: [{ enabled: false }],
      answer: { schema: ConnectionRef, example: connectionExample },
      errors: ['invalid_metadata', 'plan_required', 'sso_connection_not_found', 'sso_enforced', 'version_mismatch'],
    },
    async ({ ctx, params, body, ifMatch, reply }) => {
      const idp = fromIdp(await withMetadata(body, deps.egressAllow))
      const change = {
        ...(body.displayName === undefined ? {} : { displayName: body.displayName }),
        ...(body.enabled === undefined ? {} : { isEnabled: body.enabled }),
        options: pickOptions(body),
        ...(idp === undefined ? {} : { idp }),
      }
      const connection = await connections.updateConnection(ctx, params['id'] ?? '', change, ifMatch)
      reply.header('etag', connections.connectionTag(connection))
      return toRecord(connection, await deps.baseUrl(ctx.tenantId), ctx.now)
    },
  )
  operation(
    app,
    {
      method: 'DELETE',
      url: `${url}/:id`,
      operationId: 'deleteSsoConnection',
      tag,
      summary: 'Delete an SSO connection',
      access: manage,
      isExtension: true,
      answer: {},
      errors: ['sso_connection_not_found', 'sso_enforced'],
    },
    async ({ ctx, params }) => connections.deleteConnection(ctx, params['id'] ?? ''),
  )
}

type IdpBody = Pick<Static<typeof UpdateBody>, keyof typeof idpFields>

/** Either the document or all of the values; nothing at all is no change. @throws invalid_body */
function fromIdp({ metadataXml, entityId, signOnUrl, logoutUrl, certificates }: IdpBody): IdpValues | undefined {
  const values = [entityId, signOnUrl, logoutUrl, certificates]
  if (metadataXml !== undefined) {
    if (values.some((value) => value !== undefined))
      throw new ApiError('invalid_body', { detail: 'Send metadataXml or the single values, not both.' })
    return { metadataXml }
  }
  if (values.every((value) => value === undefined)) return undefined
  if (entityId === undefined || signOnUrl === undefined || certificates === undefined)
    throw new ApiError('invalid_body', { detail: 'entityId, signOnUrl and certificates go together.' })
  return { entityId, signOnUrl, certificates, ...(logoutUrl === undefined ? {} : { logoutUrl }) }
}

type OptionsBody = Pick<Static<typeof UpdateBody>, keyof typeof optionFields>

function pickOptions(body: OptionsBody): OptionsChange {
  return Object.fromEntries(Object.keys(optionFields).map((name) => [name, body[name as keyof OptionsBody]]))
}

/** The document behind an address, in its place. @throws invalid_metadata · invalid_body */
async function withMetadata<B extends IdpBody>(body: B, allow: readonly string[]): Promise<B> {
  const { metadataUrl, ...rest } = body
  if (metadataUrl === undefined) return body
  if (rest.metadataXml !== undefined)
    throw new ApiError('invalid_body', { detail: 'Send metadataUrl or metadataXml, not both.' })
  return { ...body, metadataUrl: undefined, metadataXml: await fetchMetadata(metadataUrl, allow) }
}

function toRecord(connection: SsoConnection, baseUrl: string, now: Date): Static<typeof ConnectionRecord> {
  const { entityId, acsUrl, logoutUrl, metadataUrl } = spAddresses(baseUrl, connection.alias)
  const { options } = connection
  return {
    id: connection.id,
    alias: connection.alias,
    displayName: connection.displayName,
    enabled: connection.isEnabled,
    entityId: connection.entityId,
    signOnUrl: connection.signOnUrl,
    signOnBinding: connection.signOnBinding,
    logoutUrl: connection.logoutUrl,
    certificates: connection.certificates.map((certificate) => ({ ...certificate })),
    warnings: certificateWarnings(connection.certificates, now),
    serviceProvider: { entityId, acsUrl, logoutUrl, metadataUrl },
    ...options,
    roleRules: options.roleRules.map((rule) => ({ ...rule })),
    createdAt: connection.createdAt,
    createdBy: connection.createdBy,
    updatedAt: connection.updatedAt === 0 ? null : connection.updatedAt,
    updatedBy: connection.updatedBy,
  }
}
