import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import { operation } from '../http/operation.ts'
import { envelopeSchema, toEnvelope } from '../lists/envelope.ts'
import { recordName, type Domain, type TxtResolver } from './domains.schema.ts'
import * as domains from './domains.service.ts'

const DomainRecord = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    verified: Type.Boolean(),
    verifiedAt: Type.Union([Type.Integer({ description: 'Epoch milliseconds, as all times.' }), Type.Null()]),
    verifiedBy: Type.String({ description: 'dns or operator; empty while it is not verified' }),
    recordName: Type.String({ description: 'Where the TXT record belongs.' }),
    recordValue: Type.String({ description: 'What it must hold.' }),
    createdAt: Type.Integer(),
    createdBy: Type.String(),
  },
  { $id: 'Domain' },
)
const DomainRef = Type.Unsafe<Static<typeof DomainRecord>>({ $ref: 'Domain#' })
const AddBody = Type.Object({ name: Type.String({ maxLength: 253 }) }, { additionalProperties: false })

const tag = 'Single sign-on'
const url = '/api/muster/domains'
const manage = { bearer: 'sign-in:manage', isCritical: true } as const

export function registerDomainRoutes(app: FastifyInstance, resolveTxt: TxtResolver): void {
  app.addSchema(DomainRecord)
  operation(
    app,
    {
      method: 'GET',
      url,
      operationId: 'listDomains',
      tag,
      summary: 'List e-mail domains',
      description: `All of them: there are at most ${domains.domainsMax}. Addresses of a verified domain are this workspace's own: whoever the IdP signs in with one is the account that has it.`,
      access: { bearer: 'sign-in:read' },
      isExtension: true,
      answer: {
        schema: envelopeSchema(DomainRef),
        example: { totalRecord: 1, filterRecord: 1, count: 1, records: [example] },
      },
    },
    async ({ ctx }) => {
      const items = await domains.listDomains(ctx)
      return toEnvelope({ items, total: items.length, filtered: items.length }, toRecord)
    },
  )
  operation(
    app,
    {
      method: 'POST',
      url,
      operationId: 'addDomain',
      tag,
      summary: 'Add an e-mail domain',
      description: 'It counts once it is verified: publish the TXT record, then call verify.',
      access: manage,
      isExtension: true,
      body: AddBody,
      bodyExamples: [{ name: 'example.com' }],
      answer: { schema: DomainRef, example },
      errors: ['domain_exists', 'domain_limit'],
    },
    async ({ ctx, body }) => toRecord(await domains.addDomain(ctx, body.name)),
  )
  operation(
    app,
    {
      method: 'POST',
      url: `${url}/:id/verify`,
      operationId: 'verifyDomain',
      tag,
      summary: 'Verify an e-mail domain by its TXT record',
      access: manage,
      isExtension: true,
      answer: { schema: DomainRef, example },
      errors: ['domain_not_found', 'domain_unproven'],
    },
    async ({ ctx, params }) => toRecord(await domains.verifyDomain(ctx, params['id'] ?? '', resolveTxt)),
  )
  operation(
    app,
    {
      method: 'DELETE',
      url: `${url}/:id`,
      operationId: 'deleteDomain',
      tag,
      summary: 'Delete an e-mail domain',
      access: manage,
      isExtension: true,
      answer: {},
      errors: ['domain_not_found'],
    },
    async ({ ctx, params }) => domains.deleteDomain(ctx, params['id'] ?? ''),
  )
}

function toRecord(domain: Domain): Static<typeof DomainRecord> {
  return {
    id: domain.id,
    name: domain.name,
    verified: domain.verifiedAt > 0,
    verifiedAt: domain.verifiedAt === 0 ? null : domain.verifiedAt,
    verifiedBy: domain.verifiedBy,
    recordName: recordName(domain),
    recordValue: domain.challenge,
    createdAt: domain.createdAt,
    createdBy: domain.createdBy,
  }
}

const example = {
  id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f18',
  name: 'example.com',
  verified: false,
  verifiedAt: null,
  verifiedBy: '',
  recordName: '_muster-challenge.example.com',
  recordValue: 'muster-domain-verification=mdom_…',
  createdAt: 1_767_323_045_000,
  createdBy: 'admin01',
} satisfies Static<typeof DomainRecord>
