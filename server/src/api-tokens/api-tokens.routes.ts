import type { FastifyInstance } from 'fastify'
import { operation } from '../http/operation.ts'
import { project, toEnvelope } from '../lists/envelope.ts'
import { listQuerySchema, readListQuery } from '../lists/list-query.ts'
import { tokenList } from './api-tokens.fields.ts'
import type { IssuedApiToken } from './api-tokens.schema.ts'
import * as tokens from './api-tokens.service.ts'
import {
  CreateTokenBody,
  TokenList,
  TokenRecord,
  TokenRef,
  UpdateTokenBody,
  fromCreateTokenBody,
  fromUpdateTokenBody,
  toTokenRecord,
} from './api-tokens.wire.ts'

export function registerApiTokenRoutes(app: FastifyInstance): void {
  app.addSchema(TokenRecord)
  const access = { bearer: 'tokens:own' } as const
  const tag = 'API tokens'
  operation(
    app,
    {
      method: 'GET',
      url: '/api/service/apikeys',
      operationId: 'listApiTokens',
      tag,
      summary: 'List API tokens',
      description: 'An admin sees all, a member their own. Secrets are never shown again.',
      access,
      query: listQuerySchema(tokenList.rules, tokenList.fields),
      answer: { schema: TokenList, example: { totalRecord: 1, filterRecord: 1, count: 1, records: [example] } },
      errors: ['invalid_filter', 'invalid_sort', 'invalid_columns', 'limit_too_large'],
    },
    async ({ ctx, query: raw }) => {
      const query = readListQuery(raw, tokenList.rules, ctx.limits)
      const columns = query.columns === null ? null : new Set([...query.columns, 'id'])
      return toEnvelope(await tokens.listTokens(ctx, query), (token) => project(toTokenRecord(token), columns))
    },
  )
  operation(
    app,
    {
      method: 'POST',
      url: '/api/service/apikeys',
      operationId: 'createApiToken',
      isCreate: true,
      tag,
      summary: 'Create an API token',
      description:
        'The token acts with the current role of whoever creates it. attributes.accessToken is in this answer only.',
      access,
      body: CreateTokenBody,
      bodyExamples: [
        {
          displayName: 'ci-bot',
          description: 'CI',
          personaQualifiedNames: ['default/base01'],
          validitySeconds: 86_400,
        },
      ],
      answer: {
        schema: TokenRef,
        example: { ...example, attributes: { ...example.attributes, accessToken: 'mst_…' } },
      },
      // Of a repeat, whose token was revoked meanwhile.
      errors: ['api_token_not_found'],
      secret: {
        fields: ['accessToken'],
        redraw: async ({ ctx }, stored) => toIssuedRecord(await tokens.redrawSecret(ctx, String(stored['id']))),
      },
    },
    async ({ ctx, body }) => toIssuedRecord(await tokens.createToken(ctx, fromCreateTokenBody(body))),
  )
  operation(
    app,
    {
      method: 'POST',
      url: '/api/service/apikeys/:id',
      operationId: 'updateApiToken',
      tag,
      summary: 'Rename an API token, or change its personas',
      description: 'personaQualifiedNames is the complete new list. The validity cannot change.',
      access,
      body: UpdateTokenBody,
      bodyExamples: [{ displayName: 'ci-bot', description: 'nightly jobs', personaQualifiedNames: [] }],
      answer: { schema: TokenRef, example },
      errors: ['api_token_not_found', 'version_mismatch'],
    },
    async ({ ctx, params, body, ifMatch, reply }) => {
      const token = await tokens.updateToken(ctx, params['id'] ?? '', fromUpdateTokenBody(body), ifMatch)
      reply.header('etag', tokens.tokenTag(token))
      return toTokenRecord(token)
    },
  )
  operation(
    app,
    {
      method: 'DELETE',
      url: '/api/service/apikeys/:id',
      operationId: 'deleteApiToken',
      tag,
      summary: 'Revoke an API token',
      description: 'Its next request answers 401, on every node.',
      access,
      answer: {},
      errors: ['api_token_not_found'],
    },
    async ({ ctx, params }) => tokens.revokeToken(ctx, params['id'] ?? ''),
  )
}

function toIssuedRecord({ token, secret }: IssuedApiToken) {
  return toTokenRecord(token, secret)
}

const example = {
  id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f11',
  clientId: 'apikey-6b20c1de-8a55-4f0e-9e02-3f8a6f3f7c1d',
  displayName: 'ci-bot',
  attributes: {
    'access.token.lifespan': '86400',
    clientId: 'apikey-6b20c1de-8a55-4f0e-9e02-3f8a6f3f7c1d',
    createdAt: '1767323045000',
    createdBy: 'admin01',
    description: 'CI',
    displayName: 'ci-bot',
    personaQualifiedName: '["default/base01"]',
    personas: '[]',
    workspacePermissions: '[]',
  },
}
