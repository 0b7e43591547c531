import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import type { Ctx } from '../access/ctx.ts'
import { operation } from '../http/operation.ts'
import { envelopeSchema, toEnvelope } from '../lists/envelope.ts'
import { ScimProfile } from './scim-rules.schema.ts'
import {
  lifetimeDefaultSeconds,
  lifetimeMaxSeconds,
  lifetimeMinSeconds,
  tokenState,
  type ScimToken,
} from './scim-tokens.schema.ts'
import type { IssuedScimToken } from './scim-tokens.service.ts'
import * as tokens from './scim-tokens.service.ts'

const Access = Type.Union([Type.Literal('all'), Type.Literal('read')], { description: 'read: writes are 403.' })
const tokenFields = {
  id: Type.String(),
  label: Type.String(),
  hint: Type.String({ description: 'What to recognise it by.' }),
  access: Type.String(),
  profile: Type.Union([Type.String(), Type.Null()], { description: 'Null: the tenant’s.' }),
  state: Type.String({ description: 'live, ending (rotated, still good), expired, rotated or revoked' }),
  createdAt: Type.Integer({ description: 'Epoch milliseconds, as all times.' }),
  createdBy: Type.String(),
  expiresAt: Type.Integer(),
  revokedAt: Type.Union([Type.Integer(), Type.Null()]),
  replacedBy: Type.Union([Type.String(), Type.Null()]),
  lastUsedAt: Type.Union([Type.Integer(), Type.Null()]),
  lastUsedAddress: Type.String(),
  lastUsedAgent: Type.String(),
}
const TokenRecord = Type.Object(tokenFields, { $id: 'ScimToken' })
const TokenRef = Type.Unsafe<Static<typeof TokenRecord>>({ $ref: 'ScimToken#' })
const IssuedRecord = Type.Object({
  ...tokenFields,
  token: Type.String({ description: 'The secret; shown this once.' }),
})

const CreateBody = Type.Object(
  {
    label: Type.String({ minLength: 1, maxLength: 200 }),
    access: Type.Optional(Access),
    profile: Type.Optional(Type.Union([ScimProfile, Type.Null()])),
    validitySeconds: Type.Optional(
      Type.Integer({ minimum: lifetimeMinSeconds, maximum: lifetimeMaxSeconds, default: lifetimeDefaultSeconds }),
    ),
  },
  { additionalProperties: false },
)
const RotateBody = Type.Object(
  {
    overlapSeconds: Type.Optional(
      Type.Union([Type.Literal(0), Type.Literal(3_600), Type.Literal(86_400), Type.Literal(604_800)], {
        description: 'How long the old one is still good: nothing, an hour, a day or a week.',
        default: 86_400,
      }),
    ),
  },
  { additionalProperties: false },
)

const tag = 'SCIM settings'
const url = '/api/muster/scim/tokens'
const read = { bearer: 'sign-in:read' } as const
const manage = { bearer: 'sign-in:manage', isCritical: true } as const

export function registerScimTokenRoutes(app: FastifyInstance): void {
  app.addSchema(TokenRecord)
  operation(
    app,
    {
      method: 'GET',
      url,
      operationId: 'listScimTokens',
      tag,
      summary: 'List SCIM tokens',
      description: 'The newest hundred, those that ended too; the secret is never shown again.',
      access: read,
      isExtension: true,
      answer: {
        schema: envelopeSchema(TokenRef),
        example: { totalRecord: 1, filterRecord: 1, count: 1, records: [example] },
      },
    },
    async ({ ctx }) => {
      const items = await tokens.listTokens(ctx)
      const now = ctx.now.getTime()
      return toEnvelope({ items, total: items.length, filtered: items.length }, (token) => toRecord(token, now))
    },
  )
  registerCreate(app)
  registerEnds(app)
}

function registerCreate(app: FastifyInstance): void {
  operation(
    app,
    {
      method: 'POST',
      url,
      operationId: 'createScimToken',
      tag,
      summary: 'Create a SCIM token',
      description:
        'The first one switches SCIM on. Needs the enterprise plan and an SSO connection that works; at most two are live.',
      access: manage,
      isExtension: true,
      body: CreateBody,
      bodyExamples: [{ label: 'Okta', profile: 'okta' }],
      answer: { schema: IssuedRecord, example: issuedExample },
      // Not found and ended: of a repeat, whose token was revoked meanwhile.
      errors: ['plan_required', 'sso_required', 'scim_token_limit', 'scim_token_not_found', 'scim_token_ended'],
      isCreate: true,
      secret,
    },
    async ({ ctx, body }) => {
      const input = {
        label: body.label,
        access: body.access ?? 'all',
        profile: body.profile ?? null,
        lifetimeSeconds: body.validitySeconds ?? null,
      }
      return toIssued(ctx, await tokens.createToken(ctx, input))
    },
  )
}

function registerEnds(app: FastifyInstance): void {
  operation(
    app,
    {
      method: 'POST',
      url: `${url}/:id/rotate`,
      operationId: 'rotateScimToken',
      tag,
      summary: 'Replace a SCIM token',
      description: 'A new one of the same kind; the old one ends after the overlap, a day unless said otherwise.',
      access: manage,
      isExtension: true,
      body: RotateBody,
      bodyOptional: true,
      bodyExamples: [{ overlapSeconds: 86_400 }],
      answer: { schema: IssuedRecord, example: issuedExample },
      errors: ['scim_token_not_found', 'scim_token_ended', 'scim_token_limit'],
      secret,
    },
    async ({ ctx, params, body }) =>
      toIssued(ctx, await tokens.rotateToken(ctx, params['id'] ?? '', body.overlapSeconds ?? 86_400)),
  )
  operation(
    app,
    {
      method: 'DELETE',
      url: `${url}/:id`,
      operationId: 'revokeScimToken',
      tag,
      summary: 'Revoke a SCIM token',
      description: 'It ends at once and for good.',
      access: manage,
      isExtension: true,
      answer: {},
      errors: ['scim_token_not_found'],
    },
    async ({ ctx, params }) => tokens.revokeToken(ctx, params['id'] ?? ''),
  )
}

/** Who did not get to read it asks again under the same key, and gets a new one in its place. */
const secret = {
  fields: ['token'],
  redraw: async ({ ctx }: { readonly ctx: Ctx }, stored: Readonly<Record<string, unknown>>) =>
    toIssued(ctx, await tokens.redrawSecret(ctx, String(stored['id']))),
}

function toIssued({ now }: Ctx, { token, secret }: IssuedScimToken): Static<typeof IssuedRecord> {
  return { ...toRecord(token, now.getTime()), token: secret }
}

function toRecord(token: ScimToken, now: number): Static<typeof TokenRecord> {
  return {
    id: token.id,
    label: token.label,
    hint: token.hint,
    access: token.access,
    profile: token.profile,
    state: tokenState(token, now),
    createdAt: token.createdAt,
    createdBy: token.createdBy,
    expiresAt: token.expiresAt,
    revokedAt: token.revokedAt === 0 ? null : token.revokedAt,
    replacedBy: token.replacedBy === '' ? null : token.replacedBy,
    lastUsedAt: token.lastUsedAt === 0 ? null : token.lastUsedAt,
    lastUsedAddress: token.lastUsedAddress,
    lastUsedAgent: token.lastUsedAgent,
  }
}

const example = {
  id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f18',
  label: 'Okta',
  hint: 'mscim_…x9Qk',
  access: 'all',
  profile: 'okta',
  state: 'live',
  createdAt: 1_767_323_045_000,
  createdBy: 'admin01',
  expiresAt: 1_798_859_045_000,
  revokedAt: null,
  replacedBy: null,
  lastUsedAt: null,
  lastUsedAddress: '',
  lastUsedAgent: '',
} satisfies Static<typeof TokenRecord>
const issuedExample = { ...example, token: 'mscim_…' } satisfies Static<typeof IssuedRecord>
