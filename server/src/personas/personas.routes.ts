import type { FastifyInstance } from 'fastify'
import { operation } from '../http/operation.ts'
import { project, toEnvelope } from '../lists/envelope.ts'
import { listQuerySchema, readListQuery } from '../lists/list-query.ts'
import { personaList } from './personas.fields.ts'
import * as personas from './personas.service.ts'
import {
  CreatePersonaBody,
  PersonaList,
  PersonaRecord,
  PersonaRef,
  SubjectsBody,
  UpdatePersonaBody,
  fromCreatePersonaBody,
  fromUpdatePersonaBody,
  toPersonaRecord,
} from './personas.wire.ts'

const tag = 'Personas'

export function registerPersonaRoutes(app: FastifyInstance): void {
  app.addSchema(PersonaRecord)
  registerReads(app)
  registerWrites(app)
}

function registerReads(app: FastifyInstance): void {
  const access = { bearer: 'personas:read' } as const
  operation(
    app,
    {
      method: 'GET',
      url: '/api/service/personas',
      operationId: 'listPersonas',
      tag,
      summary: 'List personas',
      access,
      query: listQuerySchema(personaList.rules, personaList.fields),
      answer: { schema: PersonaList, example: { totalRecord: 1, filterRecord: 1, count: 1, records: [example] } },
      errors: ['invalid_filter', 'invalid_sort', 'invalid_columns', 'limit_too_large'],
    },
    async ({ ctx, query: raw }) => {
      const query = readListQuery(raw, personaList.rules, ctx.limits)
      const columns = query.columns === null ? null : new Set([...query.columns, 'id'])
      return toEnvelope(await personas.listPersonas(ctx, query), (persona) =>
        project(toPersonaRecord(persona), columns),
      )
    },
  )
  operation(
    app,
    {
      method: 'GET',
      url: '/api/service/personas/:id',
      operationId: 'getPersona',
      tag,
      summary: 'Read one persona',
      access,
      answer: { schema: PersonaRef, example },
      errors: ['persona_not_found'],
    },
    async ({ ctx, params, reply }) => {
      const persona = await personas.getPersona(ctx, params['id'] ?? '')
      reply.header('etag', personas.personaTag(persona))
      return toPersonaRecord(persona)
    },
  )
}

function registerWrites(app: FastifyInstance): void {
  const access = { bearer: 'personas:write' } as const
  operation(
    app,
    {
      method: 'POST',
      url: '/api/service/personas',
      operationId: 'createPersona',
      isCreate: true,
      tag,
      summary: 'Create a persona',
      access,
      body: CreatePersonaBody,
      bodyExamples: [{ name: 'base', displayName: 'Base', description: 'What everybody sees' }],
      answer: { schema: PersonaRef, example },
      errors: ['persona_exists'],
    },
    async ({ ctx, body }) => toPersonaRecord(await personas.createPersona(ctx, fromCreatePersonaBody(body))),
  )
  operation(
    app,
    {
      method: 'POST',
      url: '/api/service/personas/:id',
      operationId: 'updatePersona',
      tag,
      summary: 'Change a persona',
      description: 'What is absent or null stays. Policies are kept as they come.',
      access,
      body: UpdatePersonaBody,
      bodyExamples: [{ description: 'What everybody may see' }],
      answer: { schema: PersonaRef, example },
      errors: ['persona_not_found', 'persona_exists', 'version_mismatch'],
    },
    async ({ ctx, params, body, ifMatch, reply }) => {
      const persona = await personas.updatePersona(ctx, params['id'] ?? '', fromUpdatePersonaBody(body), ifMatch)
      reply.header('etag', personas.personaTag(persona))
      return toPersonaRecord(persona)
    },
  )
  operation(
    app,
    {
      method: 'POST',
      url: '/api/service/personas/:id/subjects',
      operationId: 'replacePersonaSubjects',
      tag,
      summary: 'Replace the users and groups of a persona',
      description: 'Both keys are required, and both lists are complete.',
      access,
      body: SubjectsBody,
      bodyExamples: [{ users: ['0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13'], groups: [] }],
      answer: {},
      errors: ['persona_not_found', 'user_not_found', 'group_not_found', 'version_mismatch'],
    },
    ({ ctx, params, body, ifMatch }) =>
      personas.replacePersonaSubjects(ctx, params['id'] ?? '', { userIds: body.users, groupIds: body.groups }, ifMatch),
  )
}

const example = {
  id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f14',
  name: 'base',
  displayName: 'Base',
  description: 'What everybody sees',
  qualifiedName: 'default/base01',
  createdAt: 1767323045000,
  createdBy: 'admin01',
  updatedAt: 1767323045000,
  updatedBy: 'admin01',
  type: 'persona',
  level: 'workspace',
  metadataPolicies: [],
  dataPolicies: [],
  glossaryPolicies: [],
  users: ['0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13'],
  groups: [],
  version: 1,
  enabled: true,
  readme: '',
  resources: [],
  attributes: {},
}
