import { authorize } from '../access/authorize.ts'
import type { Ctx } from '../access/ctx.ts'
import { ApiError } from '../errors/api-error.ts'
import type { Signer } from '../secrets/signing.ts'
import { chainStart, type ChainPlace } from './chain.schema.ts'
import { findFirstSeqFrom, findLastSeqBefore, findPlace, selectSealed } from './chain.queries.ts'
import type { Checkpoint } from './checkpoint-rules.ts'
import { signExport, toLine } from './export-rules.ts'
import { findHead } from './sealing.queries.ts'
import { sealTenant, signHead, type Sealing } from './sealing.service.ts'

const eventsPerRead = 250
/** What is handed on at once; events of a few hundred bytes come a hundred at a time. */
const chunkBytes = 64 * 1024

/** What is wanted of the log; null leaves an end open. */
export interface ExportRange {
  /** Epoch ms; from inclusive, to exclusive. */
  readonly from: number | null
  readonly to: number | null
  /** Places in the chain, both included. */
  readonly fromSeq: number | null
  readonly toSeq: number | null
}

/**
 * Exports a gapless part of the log, everything sealed up to now included, as lines of JSON: one event each, in the order
 * of the chain, then a last one that says and signs what there was. Read from the database as fast as it is taken.
 *
 * @returns whole lines, some 64 KiB at a time
 * @throws insufficient_role · signing_key_missing
 * @source contract/security-and-reliability.md, sections 6 and 11
 */
export async function openExport(ctx: Ctx, sealing: Sealing, range: ExportRange): Promise<AsyncIterable<string>> {
  authorize(ctx, 'events:read')
  const signer = requireSigner(sealing)
  await sealTenant(sealing, ctx.tenantId)
  const { after, last } = await resolveRange(ctx, range)
  return writeLines(ctx, signer, after, last)
}

/**
 * Signs how far the log has come now.
 *
 * @returns null while it is empty
 * @throws insufficient_role · signing_key_missing
 */
export async function takeCheckpoint(ctx: Ctx, sealing: Sealing): Promise<Checkpoint | null> {
  authorize(ctx, 'events:read')
  const signer = requireSigner(sealing)
  await sealTenant(sealing, ctx.tenantId)
  return signHead(ctx.db, signer, ctx.tenantId, ctx.now.getTime())
}

/** The public half of the key that signs. @throws insufficient_role · signing_key_missing */
export function getPublicKey(ctx: Pick<Ctx, 'actor'>, sealing: Pick<Sealing, 'signer'>): string {
  authorize(ctx, 'events:read')
  return requireSigner(sealing).publicKey
}

function requireSigner({ signer }: Pick<Sealing, 'signer'>): Signer {
  if (signer !== null) return signer
  throw new ApiError('signing_key_missing', {
    detail:
      'Nothing can be signed here: with PostgreSQL the host operator has to set MUSTER_SECRET_KEY, the same on every node.',
  })
}

/** The link in front of the part and the last one of it; equal when there is nothing in between. */
async function resolveRange(ctx: Ctx, range: ExportRange): Promise<{ after: ChainPlace; last: ChainPlace }> {
  const { db, tenantId } = ctx
  const head = await findHead(db, tenantId)
  const nothing = { after: head, last: head }
  const byTime = {
    first: range.from === null ? 1 : await findFirstSeqFrom(db, tenantId, range.from),
    last: range.to === null ? head.seq : await findLastSeqBefore(db, tenantId, range.to),
  }
  if (byTime.first === undefined || byTime.last === undefined) return nothing
  const first = Math.max(byTime.first, range.fromSeq ?? 1, 1)
  const last = Math.min(byTime.last, range.toSeq ?? head.seq, head.seq)
  if (first > last) return nothing
  return { after: await requirePlace(ctx, first - 1), last: await requirePlace(ctx, last) }
}

async function requirePlace({ db, tenantId }: Ctx, seq: number): Promise<ChainPlace> {
  if (seq === 0) return chainStart
  const place = await findPlace(db, tenantId, seq)
  if (place === undefined)
    throw new Error(`event ${seq} of tenant ${tenantId} is missing: run muster-server audit verify`)
  return place
}

async function* writeLines(ctx: Ctx, signer: Signer, after: ChainPlace, last: ChainPlace): AsyncGenerator<string> {
  let text = ''
  for (let from = after.seq + 1; from <= last.seq; from += eventsPerRead) {
    const to = Math.min(from + eventsPerRead - 1, last.seq)
    for (const event of await selectSealed(ctx.db, ctx.tenantId, from, to)) {
      text += toLine(event)
      if (text.length < chunkBytes) continue
      yield text
      text = ''
    }
  }
  const at = ctx.now.getTime()
  const checkpoint = await signHead(ctx.db, signer, ctx.tenantId, at)
  yield `${text}${JSON.stringify(signExport(signer, { tenantId: ctx.tenantId, after, last, at, checkpoint }))}\n`
}
