import { setTimeout as wait } from 'node:timers/promises'
import { DatabaseUnavailable, type Db } from '../db/db.ts'
import { tryLock } from '../db/dialects/locks.ts'
import { violatesUnique } from '../db/dialects/violations.ts'
import type { Signer } from '../secrets/signing.ts'
import { sealAfter } from './chain-rules.ts'
import type { ChainPlace, SealedEvent } from './chain.schema.ts'
import { signCheckpoint, type Checkpoint } from './checkpoint-rules.ts'
import { findLastCheckpoint, insertCheckpoint } from './checkpoints.queries.ts'
import * as queries from './sealing.queries.ts'

/** Few enough that writers on SQLite, who share the transaction, wait for milliseconds. */
const batchMax = 250
const checkpointEvery = 1_000
const checkpointMaxAgeMs = 60_000
const idleMax = 100
const idlePauseMs = 20

export interface Sealing {
  readonly db: Db
  readonly clock: () => Date
  /** Null where the installation has no secret key: events are sealed, and no checkpoint is signed. */
  readonly signer: Signer | null
  /** Called with each checkpoint that was kept; for shipping it elsewhere. */
  readonly onCheckpoint?: (checkpoint: Checkpoint) => void
}

/** Another node was faster; what it sealed is sealed, and nothing is wrong. */
class Outrun extends Error {}

/** Seals everything that is waiting, one batch of each tenant in turn. Answers how many events of which tenant. */
export async function sealAll(sealing: Sealing): Promise<Map<string, number>> {
  const sealed = new Map<string, number>()
  for (;;) {
    let round = 0
    for (const tenantId of await queries.listTenantsWithUnsealed(sealing.db)) {
      const events = await sealBatch(sealing, tenantId)
      if (events > 0) sealed.set(tenantId, (sealed.get(tenantId) ?? 0) + events)
      round += events
    }
    // Nothing is left, or what is left is another node's at this moment.
    if (round === 0) return sealed
  }
}

/** Returns when nothing of this tenant is waiting any more; other nodes may be sealing, too. */
export async function sealTenant(sealing: Sealing, tenantId: string): Promise<void> {
  const db = sealing.db.forTenant(tenantId)
  for (let idle = 0; (await queries.countUnsealed(db, tenantId)) > 0;) {
    if ((await sealBatch(sealing, tenantId)) > 0) continue
    idle += 1
    if (idle > idleMax) throw new DatabaseUnavailable('another node has been sealing for seconds')
    await wait(idlePauseMs)
  }
}

/**
 * Gives up to 250 events their place behind the last one sealed, in one transaction: all of them or none. Of several
 * nodes that do this at once one wins, by a lock or at last by the unique index on the place; writers never wait for it.
 *
 * @returns how many events were sealed; 0 also when another node was faster
 * @source contract/security-and-reliability.md, section 11
 */
export async function sealBatch(sealing: Sealing, tenantId: string): Promise<number> {
  const { onCheckpoint } = sealing
  const db = sealing.db.forTenant(tenantId)
  const last = await queries.findHead(db, tenantId)
  const waiting = await queries.selectUnsealed(db, tenantId, batchMax)
  if (waiting.length === 0) return 0
  const events = sealAfter(last, waiting)
  const checkpoint = await checkpointOf(sealing, tenantId, events)
  try {
    await db.engine.transact(async (trx) => {
      if (!(await tryLock(trx, `seal ${tenantId}`))) throw new Outrun()
      if ((await queries.writeSeals(trx, tenantId, events)) !== events.length) throw new Outrun()
      if (checkpoint !== null) await insertCheckpoint(trx, checkpoint, checkpointEvery)
    })
  } catch (error) {
    if (error instanceof Outrun || violatesUnique(error, 'events', 'seq')) return 0
    throw error
  }
  if (checkpoint !== null) onCheckpoint?.(checkpoint)
  return events.length
}

/** The batch's checkpoint: at a round number, or at its end when the last one is old. */
async function checkpointOf(
  { db, signer, clock }: Sealing,
  tenantId: string,
  events: readonly SealedEvent[],
): Promise<Checkpoint | null> {
  const end = events.at(-1)
  if (signer === null || end === undefined) return null
  const at = clock().getTime()
  const round = events.find(({ seq }) => seq % checkpointEvery === 0)
  const isOld =
    round === undefined && at - (await findLastCheckpoint(db.forTenant(tenantId), tenantId)).at >= checkpointMaxAgeMs
  const place = round ?? (isOld ? end : undefined)
  return place === undefined ? null : signCheckpoint(signer, { tenantId, place, at })
}

/**
 * Signs how far the chain has come, once the last checkpoint is a minute old.
 *
 * @returns whether the newest event is signed for now
 */
export async function renewCheckpoint(sealing: Sealing, tenantId: string): Promise<boolean> {
  const { signer, clock, onCheckpoint } = sealing
  if (signer === null) return true
  const db = sealing.db.forTenant(tenantId)
  const at = clock().getTime()
  const last = await findLastCheckpoint(db, tenantId)
  const checkpoint = await signHead(db, signer, tenantId, at)
  if (checkpoint === null || checkpoint.seq === last.seq) return true
  if (at - last.at < checkpointMaxAgeMs) return false
  await db.engine.transact((trx) => insertCheckpoint(trx, checkpoint, checkpointEvery))
  onCheckpoint?.(checkpoint)
  return true
}

/** A checkpoint of what is sealed now; null where nothing is. It is not kept. */
export async function signHead(db: Db, signer: Signer, tenantId: string, at: number): Promise<Checkpoint | null> {
  const place: ChainPlace = await queries.findHead(db, tenantId)
  return place.seq === 0 ? null : signCheckpoint(signer, { tenantId, place, at })
}

/** Over all tenants, for metrics, not for people. */
export function readUnsealedDepth(db: Db): Promise<{ events: number; oldestAt: number | null }> {
  return queries.selectUnsealedDepth(db)
}
