import type { FastifyInstance } from 'fastify'
import { operation } from '../http/operation.ts'
import * as mappers from './sso-mappers.service.ts'
import {
  CreateMapperBody,
  MapperList,
  MapperRecord,
  MapperRef,
  UpdateMapperBody,
  fromMapperBody,
  toMapperCreated,
  toMapperRecord,
} from './sso-mappers.wire.ts'

const access = { bearer: 'sso-mappers:manage' } as const
const tag = 'SSO mappers'
const list = '/api/service/idp/:alias/mappers'

export function registerSsoMapperRoutes(app: FastifyInstance): void {
  app.addSchema(MapperRecord)
  registerReads(app)
  operation(
    app,
    {
      method: 'POST',
      url: list,
      operationId: 'createSsoMapper',
      tag,
      summary: 'Create a mapper of an SSO connection',
      description:
        'The connection need not exist yet. config.group is the internal name of a group; the pair of group and attribute value is there once.',
      access,
      body: CreateMapperBody,
      bodyExamples: [
        { ...example, config: { ...example.config, 'are.attribute.values.regex': '' } },
        {
          identityProviderMapper: 'saml-user-attribute-idp-mapper',
          identityProviderAlias: 'okta',
          name: 'first name',
          config: { syncMode: 'IMPORT', 'user.attribute': 'firstName', 'attribute.name': 'givenName' },
        },
      ],
      answer: { schema: MapperRef, example },
      errors: ['read_only_field', 'group_not_found', 'mapping_exists'],
    },
    async ({ ctx, params, body }) => {
      const fields = fromMapperBody(body)
      return toMapperCreated(await mappers.createMapper(ctx, params['alias'] ?? '', fields), fields)
    },
  )
  operation(
    app,
    {
      method: 'POST',
      url: `${list}/:id`,
      operationId: 'updateSsoMapper',
      tag,
      summary: 'Change a mapper',
      description: 'What is absent or null stays. The name stays whatever is sent.',
      access,
      body: UpdateMapperBody,
      bodyExamples: [{ config: { 'attribute.value': 'ds-team' } }],
      answer: { schema: MapperRef, example },
      errors: ['mapping_not_found', 'read_only_field', 'group_not_found', 'mapping_exists', 'version_mismatch'],
    },
    async ({ ctx, params, body, ifMatch, reply }) => {
      const mapper = await mappers.updateMapper(ctx, placeOf(params), fromMapperBody(body), ifMatch)
      reply.header('etag', mappers.mapperTag(mapper))
      return toMapperRecord(mapper)
    },
  )
  operation(
    app,
    {
      method: 'POST',
      url: `${list}/:id/delete`,
      operationId: 'deleteSsoMapper',
      tag,
      summary: 'Delete a mapper',
      access,
      answer: {},
      errors: ['mapping_not_found'],
    },
    async ({ ctx, params }) => mappers.deleteMapper(ctx, placeOf(params)),
  )
}

function registerReads(app: FastifyInstance): void {
  operation(
    app,
    {
      method: 'GET',
      url: list,
      operationId: 'listSsoMappers',
      tag,
      summary: 'List the mappers of an SSO connection',
      description: 'A bare array of all of them, the oldest first; empty for an alias nobody used yet.',
      access,
      answer: { schema: MapperList, example: [example] },
    },
    async ({ ctx, params }) => (await mappers.listMappers(ctx, params['alias'] ?? '')).map(toMapperRecord),
  )
  operation(
    app,
    {
      method: 'GET',
      url: `${list}/:id`,
      operationId: 'getSsoMapper',
      tag,
      summary: 'Get a mapper',
      access,
      answer: { schema: MapperRef, example },
      errors: ['mapping_not_found'],
    },
    async ({ ctx, params, reply }) => {
      const mapper = await mappers.getMapper(ctx, placeOf(params))
      reply.header('etag', mappers.mapperTag(mapper))
      return toMapperRecord(mapper)
    },
  )
}

function placeOf(params: Readonly<Record<string, string>>) {
  return { alias: params['alias'] ?? '', id: params['id'] ?? '' }
}

const example = {
  id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f15',
  name: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f12--1767323045000',
  identityProviderMapper: 'saml-group-idp-mapper',
  identityProviderAlias: 'okta',
  config: {
    syncMode: 'FORCE',
    attributes: '[]',
    group: 'data_science',
    'attribute.name': 'memberOf',
    'attribute.value': 'ds-team',
  },
}
