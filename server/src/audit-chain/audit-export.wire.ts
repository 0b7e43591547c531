import Type, { type Static } from 'typebox'
import { readScalar, readWholeNumber } from '../lists/list-query.ts'
import { keyIdOf, toPem } from '../secrets/signing.ts'
import { readRange } from './export-range-rules.ts'
import type { ExportRange } from './export.service.ts'

const seqMax = 999_999_999

export const ExportQuery = Type.Object({
  from: Type.Optional(
    Type.String({
      description: 'A day (yyyy-MM-dd, UTC) or an instant (RFC 3339), inclusive. Default: the beginning.',
    }),
  ),
  to: Type.Optional(Type.String({ description: 'A day, inclusive, or an instant, exclusive. Default: now.' })),
  fromSeq: Type.Optional(Type.Integer({ minimum: 1, maximum: seqMax, description: 'First place in the chain.' })),
  toSeq: Type.Optional(
    Type.Integer({ minimum: 1, maximum: seqMax, description: 'Last place in the chain, inclusive.' }),
  ),
})

/** @throws invalid_request */
export function readExportQuery(raw: Readonly<Record<string, unknown>>): ExportRange {
  return readRange({
    from: readScalar(raw, 'from'),
    to: readScalar(raw, 'to'),
    fromSeq: readWholeNumber(raw, 'fromSeq', seqMax),
    toSeq: readWholeNumber(raw, 'toSeq', seqMax),
  })
}

const hash = { pattern: '^[0-9a-f]{64}$' }
const publicKey = Type.String({ description: 'The raw Ed25519 key, base64url.' })

export const CheckpointRecord = Type.Object(
  {
    type: Type.Literal('muster-audit-checkpoint'),
    tenantId: Type.String(),
    seq: Type.Integer(),
    hash: Type.String(hash),
    at: Type.Integer({ description: 'Epoch milliseconds.' }),
    publicKey,
    signature: Type.String({
      description: 'Ed25519 over the JSON of all other keys, in the order of the alphabet, without blanks; base64url.',
    }),
  },
  { $id: 'AuditCheckpoint' },
)

export const CheckpointRef = Type.Unsafe<Static<typeof CheckpointRecord>>({ $ref: 'AuditCheckpoint#' })

const AuditEvent = Type.Object({
  seq: Type.Integer({ description: 'Place in the chain, from 1 without gaps.' }),
  at: Type.Integer({ description: 'Epoch milliseconds.' }),
  type: Type.String(),
  category: Type.String(),
  actorKind: Type.String(),
  actorId: Type.String(),
  actorName: Type.String({ description: 'Empty once erased, as is the address.' }),
  actorUserId: Type.String({ description: 'The user on whose behalf it was done.' }),
  credentialId: Type.String(),
  subjectKind: Type.String(),
  subjectId: Type.String(),
  objectId: Type.String(),
  door: Type.String(),
  address: Type.String(),
  requestId: Type.String(),
  data: Type.String({ description: 'JSON as text.' }),
  personal: Type.String({ description: 'JSON as text; {} once erased.' }),
  id: Type.String(),
  tenantId: Type.String(),
  prevHash: Type.String(hash),
  hash: Type.String({ ...hash, description: 'See docs/backup-and-audit.md for what it is made of.' }),
  subjectKey: Type.String(),
  subjectMac: Type.String(hash),
  actorKey: Type.String(),
  actorMac: Type.String(hash),
})

const ExportEnd = Type.Object({
  type: Type.Literal('muster-audit-export'),
  tenantId: Type.String(),
  count: Type.Integer(),
  fromSeq: Type.Integer(),
  toSeq: Type.Integer(),
  prevHash: Type.String(hash),
  hash: Type.String(hash),
  at: Type.Integer(),
  publicKey,
  signature: Type.String(),
  checkpoint: Type.Union([CheckpointRef, Type.Null()]),
})

/** The last line of an export is of another kind than the others. */
export const ExportLine = Type.Union([AuditEvent, ExportEnd])

export const KeyRecord = Type.Object({
  algorithm: Type.Literal('ed25519'),
  keyId: Type.String({ description: 'Short name of the key: the first 16 hex digits of its SHA-256.' }),
  publicKey,
  pem: Type.String(),
})

export function toKeyRecord(key: string): Static<typeof KeyRecord> {
  return { algorithm: 'ed25519', keyId: keyIdOf(key), publicKey: key, pem: toPem(key) }
}
