import { isSignedBy, type Signer } from '../secrets/signing.ts'
import type { ChainPlace, SealedEvent } from './chain.schema.ts'
import type { Checkpoint } from './checkpoint-rules.ts'

const type = 'muster-audit-export'

/** The last line of an export: what it holds, signed. */
export interface ExportEnd {
  readonly type: typeof type
  readonly tenantId: string
  /** Events in it, without gaps; 0 when the range is empty, and then the places are those of the link it would follow. */
  readonly count: number
  readonly fromSeq: number
  readonly toSeq: number
  /** The link in front of the first event, and that of the last. */
  readonly prevHash: string
  readonly hash: string
  /** Epoch ms. */
  readonly at: number
  readonly publicKey: string
  /** Over the JSON of all the above, keys in the order of the alphabet; base64url. */
  readonly signature: string
  /** How far the chain had come; keep it, and a later cut shows. Null while nothing is sealed. */
  readonly checkpoint: Checkpoint | null
}

interface NewExport {
  readonly tenantId: string
  readonly after: ChainPlace
  readonly last: ChainPlace
  readonly at: number
  readonly checkpoint: Checkpoint | null
}

export function signExport(signer: Signer, { tenantId, after, last, at, checkpoint }: NewExport): ExportEnd {
  const count = last.seq - after.seq
  const fromSeq = count === 0 ? after.seq : after.seq + 1
  const places = { count, fromSeq, toSeq: last.seq, prevHash: after.hash, hash: last.hash }
  const unsigned = { type, tenantId, ...places, at, publicKey: signer.publicKey } as const
  return { ...unsigned, signature: signer.sign(textOf(unsigned)), checkpoint }
}

export function isWellSignedExport(end: ExportEnd): boolean {
  return isSignedBy(end.publicKey, textOf(end), end.signature)
}

function textOf(end: Omit<ExportEnd, 'signature' | 'checkpoint'>): string {
  const { at, count, fromSeq, hash, prevHash, publicKey, tenantId, toSeq } = end
  return JSON.stringify({ at, count, fromSeq, hash, prevHash, publicKey, tenantId, toSeq, type })
}

/** One event as a line of an export, named as in the chain's canonical JSON, with what its hash is made of. */
export function toLine(event: SealedEvent): string {
  return `${JSON.stringify({
    seq: event.seq,
    at: event.at,
    type: event.type,
    category: event.category,
    actorKind: event.actorKind,
    actorId: event.actorId,
    actorName: event.actorName,
    actorUserId: event.actorUserId,
    credentialId: event.credentialId,
    subjectKind: event.subjectKind,
    subjectId: event.subjectId,
    objectId: event.objectId,
    door: event.door,
    address: event.address,
    requestId: event.requestId,
    data: event.data,
    personal: event.personal,
    id: event.id,
    tenantId: event.tenantId,
    prevHash: event.prevHash,
    hash: event.hash,
    subjectKey: event.subjectKey,
    subjectMac: event.subjectMac,
    actorKey: event.actorKey,
    actorMac: event.actorMac,
  })}\n`
}

/** @returns undefined for what is no line of an export */
export function readLine(line: string): SealedEvent | ExportEnd | undefined {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null || !('hash' in value)) return undefined
    return value as SealedEvent | ExportEnd // whatever else is missing makes its hash or signature wrong
  } catch {
    return undefined
  }
}

export function isExportEnd(line: SealedEvent | ExportEnd): line is ExportEnd {
  return line.type === type
}
