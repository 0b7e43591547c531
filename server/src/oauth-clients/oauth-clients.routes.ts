import type { FastifyInstance } from 'fastify'
import { operation } from '../http/operation.ts'
import { project, toEnvelope } from '../lists/envelope.ts'
import { listQuerySchema, readListQuery } from '../lists/list-query.ts'
import { issueAccessToken } from './access-tokens.service.ts'
import { oauthClientList } from './oauth-clients.fields.ts'
import * as clients from './oauth-clients.service.ts'
import {
  ClientList,
  ClientRecord,
  ClientRef,
  CreateClientBody,
  TokenAnswer,
  TokenBody,
  UpdateClientBody,
  fromCreateClientBody,
  fromTokenBody,
  fromUpdateClientBody,
  toClientRecord,
  toTokenAnswer,
} from './oauth-clients.wire.ts'

const access = { bearer: 'oauth-clients:manage' } as const
const tag = 'OAuth clients'
const list = '/api/service/oauth-clients'
/** `:id` is the `oauth-client-…` text. */
const one = `${list}/:id`

/** @param tokenSeconds life of an access token */
export function registerOAuthClientRoutes(app: FastifyInstance, tokenSeconds: number): void {
  app.addSchema(ClientRecord)
  operation(
    app,
    {
      method: 'GET',
      url: list,
      operationId: 'listOAuthClients',
      tag,
      summary: 'List OAuth clients',
      description: 'Secrets are never shown again.',
      access,
      query: listQuerySchema(oauthClientList.rules),
      answer: { schema: ClientList, example: { totalRecord: 1, filterRecord: 1, count: 1, records: [example] } },
      errors: ['invalid_filter', 'invalid_sort', 'invalid_columns', 'limit_too_large'],
    },
    async ({ ctx, query: raw }) => {
      const query = readListQuery(raw, oauthClientList.rules)
      const columns = query.columns === null ? null : new Set([...query.columns, 'id'])
      const page = await clients.listClients(ctx, query)
      return toEnvelope(page, (client) => project(toClientRecord(client, tokenSeconds), columns))
    },
  )
  operation(
    app,
    {
      method: 'POST',
      url: list,
      operationId: 'createOAuthClient',
      tag,
      summary: 'Create an OAuth client',
      description: 'clientSecret is in this answer only.',
      access,
      body: CreateClientBody,
      bodyExamples: [{ displayName: 'nightly-sync', description: '', role: '$member', personaQNs: [] }],
      answer: { schema: ClientRef, example: { ...example, clientSecret: 'mocs_…' } },
      errors: ['role_not_found'],
    },
    async ({ ctx, body }) => {
      const { client, secret } = await clients.createClient(ctx, fromCreateClientBody(body))
      return toClientRecord(client, tokenSeconds, secret)
    },
  )
  operation(
    app,
    {
      method: 'GET',
      url: one,
      operationId: 'getOAuthClient',
      tag,
      summary: 'Get an OAuth client',
      access,
      answer: { schema: ClientRef, example },
      errors: ['oauth_client_not_found'],
    },
    async ({ ctx, params, reply }) => {
      const client = await clients.getClient(ctx, params['id'] ?? '')
      reply.header('etag', clients.clientTag(client))
      return toClientRecord(client, tokenSeconds)
    },
  )
  registerUpdates(app, tokenSeconds)
  operation(
    app,
    {
      method: 'DELETE',
      url: one,
      operationId: 'deleteOAuthClient',
      tag,
      summary: 'Delete an OAuth client',
      description: 'Its access tokens end with it: their next request answers 401, on every node.',
      access,
      answer: {},
      errors: ['oauth_client_not_found'],
    },
    async ({ ctx, params }) => clients.deleteClient(ctx, params['id'] ?? ''),
  )
  registerToken(app, tokenSeconds)
}

/** The Python client sends PUT, the Java client POST; to both, what is absent stays. */
function registerUpdates(app: FastifyInstance, tokenSeconds: number): void {
  for (const { method, operationId } of [
    { method: 'PUT', operationId: 'updateOAuthClient' },
    { method: 'POST', operationId: 'updateOAuthClientByPost' },
  ] as const) {
    operation(
      app,
      {
        method,
        url: one,
        operationId,
        tag,
        summary: 'Change an OAuth client',
        description: 'What is absent or null stays, in both verbs. A new role counts from its next request.',
        access,
        body: UpdateClientBody,
        bodyExamples: [{ description: 'runs at night' }],
        answer: { schema: ClientRef, example: { ...example, ...updated } },
        errors: ['oauth_client_not_found', 'role_not_found', 'version_mismatch'],
      },
      async ({ ctx, params, body, ifMatch, reply }) => {
        const client = await clients.updateClient(ctx, params['id'] ?? '', fromUpdateClientBody(body), ifMatch)
        reply.header('etag', clients.clientTag(client))
        return toClientRecord(client, tokenSeconds)
      },
    )
  }
}

function registerToken(app: FastifyInstance, tokenSeconds: number): void {
  operation(
    app,
    {
      method: 'POST',
      url: `${list}/token`,
      operationId: 'issueAccessToken',
      tag,
      summary: 'Exchange a client’s secret for an access token',
      description: 'Without Authorization header: the secret in the body is the credential.',
      access: 'public',
      body: TokenBody,
      bodyExamples: [{ clientId: example.clientId, clientSecret: 'mocs_…' }],
      answer: {
        schema: TokenAnswer,
        example: { accessToken: 'moat_…', tokenType: 'Bearer', expiresIn: 600 },
      },
      errors: ['invalid_token'],
    },
    async ({ ctx, body }) => toTokenAnswer(await issueAccessToken(ctx, fromTokenBody(body), tokenSeconds)),
  )
}

const example = {
  id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f14',
  clientId: 'oauth-client-6b20c1de-8a55-4f0e-9e02-3f8a6f3f7c1d',
  displayName: 'nightly-sync',
  description: '',
  role: '$member',
  personaQNs: [],
  tokenExpirySeconds: 600,
  createdAt: '1767323045000',
  createdBy: 'admin01',
}
const updated = { description: 'runs at night', updatedAt: '1767409445000', updatedBy: 'admin01' }
