import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { operation } from '../http/operation.ts'
import { streamLines } from '../http/stream-lines.ts'
import {
  CheckpointRecord,
  CheckpointRef,
  ExportLine,
  ExportQuery,
  KeyRecord,
  readExportQuery,
  toKeyRecord,
} from './audit-export.wire.ts'
import { getPublicKey, openExport, takeCheckpoint } from './export.service.ts'
import type { Sealing } from './sealing.service.ts'

interface Options {
  readonly sealing: Sealing
  /** How long a reader of an export may take nothing. */
  readonly stallMaxMs: number
}

const access = { bearer: 'events:read' } as const
const tag = 'Audit'

export function registerAuditExportRoutes(app: FastifyInstance, { sealing, stallMaxMs }: Options): void {
  app.addSchema(CheckpointRecord)
  operation(
    app,
    {
      method: 'GET',
      url: '/api/muster/audit/export',
      operationId: 'exportAuditLog',
      tag,
      summary: 'Export a gapless part of the audit log, signed',
      description:
        'One event per line in the order of the chain, then one line that signs what there was. An answer that does not end with that line is incomplete. Check it with muster-server audit verify --export.',
      access,
      isExtension: true,
      query: ExportQuery,
      answer: { schema: ExportLine, example: endExample, mediaType: 'application/x-ndjson' },
      errors: ['signing_key_missing'],
    },
    async ({ ctx, query, request }) =>
      streamLines(request, await openExport(ctx, sealing, readExportQuery(query)), stallMaxMs),
  )
  operation(
    app,
    {
      method: 'GET',
      url: '/api/muster/audit/checkpoint',
      operationId: 'getAuditCheckpoint',
      tag,
      summary: 'Sign how far the audit log has come',
      description:
        'Kept elsewhere it shows later that nothing before it was rewritten or cut off. Null while the log is empty.',
      access,
      isExtension: true,
      answer: { schema: Type.Union([CheckpointRef, Type.Null()]), example: checkpointExample },
      errors: ['signing_key_missing'],
    },
    async ({ ctx }) => JSON.stringify(await takeCheckpoint(ctx, sealing)),
  )
  operation(
    app,
    {
      method: 'GET',
      url: '/api/muster/audit/key',
      operationId: 'getAuditKey',
      tag,
      summary: 'The public key that signs exports and checkpoints',
      description: 'One per installation, for all workspaces.',
      access,
      isExtension: true,
      answer: { schema: KeyRecord, example: keyExample },
      errors: ['signing_key_missing'],
    },
    ({ ctx }) => toKeyRecord(getPublicKey(ctx, sealing)),
  )
}

const publicKey = 'iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w'
const signature = 'VxkmF1K0tQzN0oTjL9vWm1sYd3uXbq8aGJcR5eHf2iM4pZ7nSrUwDkLtYhBgEoCvQxAj6mP0sIyOdWq3KzTnBw'
const tenantId = '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f10'
const hash = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'

const checkpointExample = {
  type: 'muster-audit-checkpoint',
  tenantId,
  seq: 1000,
  hash,
  at: 1767323045000,
  publicKey,
  signature,
}

const endExample = {
  type: 'muster-audit-export',
  tenantId,
  count: 1000,
  fromSeq: 1,
  toSeq: 1000,
  prevHash: '0'.repeat(64),
  hash,
  at: 1767323045000,
  publicKey,
  signature,
  checkpoint: checkpointExample,
}

const keyExample = {
  algorithm: 'ed25519',
  keyId: '21fe31dfa154a261',
  publicKey,
  pem: '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAiojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=\n-----END PUBLIC KEY-----\n',
}
