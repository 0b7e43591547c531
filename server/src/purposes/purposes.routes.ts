import type { FastifyInstance } from 'fastify'
import { operation } from '../http/operation.ts'
import { project, toEnvelope } from '../lists/envelope.ts'
import { listQuerySchema, readListQuery } from '../lists/list-query.ts'
import { purposeList } from './purposes.fields.ts'
import * as purposes from './purposes.service.ts'
import {
  CreatePurposeBody,
  PurposeList,
  PurposeRecord,
  PurposeRef,
  SubjectsBody,
  UpdatePurposeBody,
  fromCreatePurposeBody,
  fromUpdatePurposeBody,
  toPurposeRecord,
} from './purposes.wire.ts'

const tag = 'Purposes'

export function registerPurposeRoutes(app: FastifyInstance): void {
  app.addSchema(PurposeRecord)
  registerReads(app)
  registerWrites(app)
}

function registerReads(app: FastifyInstance): void {
  const access = { bearer: 'purposes:read' } as const
  operation(
    app,
    {
      method: 'GET',
      url: '/api/service/purposes',
      operationId: 'listPurposes',
      tag,
      summary: 'List purposes',
      access,
      query: listQuerySchema(purposeList.rules, purposeList.fields),
      answer: { schema: PurposeList, example: { totalRecord: 1, filterRecord: 1, count: 1, records: [example] } },
      errors: ['invalid_filter', 'invalid_sort', 'invalid_columns', 'limit_too_large'],
    },
    async ({ ctx, query: raw }) => {
      const query = readListQuery(raw, purposeList.rules, ctx.limits)
      const columns = query.columns === null ? null : new Set([...query.columns, 'id'])
      return toEnvelope(await purposes.listPurposes(ctx, query), (purpose) =>
        project(toPurposeRecord(purpose), columns),
      )
    },
  )
  operation(
    app,
    {
      method: 'GET',
      url: '/api/service/purposes/:id',
      operationId: 'getPurpose',
      tag,
      summary: 'Read one purpose',
      access,
      answer: { schema: PurposeRef, example },
      errors: ['purpose_not_found'],
    },
    async ({ ctx, params, reply }) => {
      const purpose = await purposes.getPurpose(ctx, params['id'] ?? '')
      reply.header('etag', purposes.purposeTag(purpose))
      return toPurposeRecord(purpose)
    },
  )
}

function registerWrites(app: FastifyInstance): void {
  const access = { bearer: 'purposes:write' } as const
  operation(
    app,
    {
      method: 'POST',
      url: '/api/service/purposes',
      operationId: 'createPurpose',
      isCreate: true,
      tag,
      summary: 'Create a purpose',
      access,
      body: CreatePurposeBody,
      bodyExamples: [
        {
          name: 'fraud',
          displayName: 'Fraud detection',
          description: 'Why this data may be used',
          tags: ['pii'],
          isActive: true,
        },
      ],
      answer: { schema: PurposeRef, example },
      errors: ['purpose_exists'],
    },
    async ({ ctx, body }) => toPurposeRecord(await purposes.createPurpose(ctx, fromCreatePurposeBody(body))),
  )
  operation(
    app,
    {
      method: 'POST',
      url: '/api/service/purposes/:id',
      operationId: 'updatePurpose',
      tag,
      summary: 'Change a purpose',
      description: 'What is absent or null stays.',
      access,
      body: UpdatePurposeBody,
      bodyExamples: [{ tags: ['pii', 'finance'] }],
      answer: { schema: PurposeRef, example },
      errors: ['purpose_not_found', 'purpose_exists', 'version_mismatch'],
    },
    async ({ ctx, params, body, ifMatch, reply }) => {
      const purpose = await purposes.updatePurpose(ctx, params['id'] ?? '', fromUpdatePurposeBody(body), ifMatch)
      reply.header('etag', purposes.purposeTag(purpose))
      return toPurposeRecord(purpose)
    },
  )
  operation(
    app,
    {
      method: 'POST',
      url: '/api/muster/purposes/:id/subjects',
      operationId: 'replacePurposeSubjects',
      tag,
      summary: 'Replace the users and groups of a purpose',
      isExtension: true,
      description: 'Both keys are required, and both lists are complete.',
      access,
      body: SubjectsBody,
      bodyExamples: [{ users: ['0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13'], groups: [] }],
      answer: {},
      errors: ['purpose_not_found', 'user_not_found', 'group_not_found', 'version_mismatch'],
    },
    ({ ctx, params, body, ifMatch }) =>
      purposes.replacePurposeSubjects(ctx, params['id'] ?? '', { userIds: body.users, groupIds: body.groups }, ifMatch),
  )
}

const example = {
  id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f16',
  guid: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f16',
  name: 'fraud',
  displayName: 'Fraud detection',
  description: 'Why this data may be used',
  qualifiedName: 'default/fraud01',
  createdAt: 1767323045000,
  createdBy: 'admin01',
  updatedAt: 1767323045000,
  updatedBy: 'admin01',
  tags: ['pii'],
  isActive: true,
  version: '',
  users: ['0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13'],
  groups: [],
}
