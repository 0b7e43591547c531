import type { Db } from '../db/db.ts'
import { keyIdOf } from '../secrets/signing.ts'
import { ChainCheck, type Problem } from './chain-check-rules.ts'
import { findNextSeq, selectSealed } from './chain.queries.ts'
import { isWellSigned, type Checkpoint } from './checkpoint-rules.ts'
import { selectCheckpoints } from './checkpoints.queries.ts'
import { countUnsealed, findHead } from './sealing.queries.ts'

/** Places looked at in one statement. */
const placesPerRead = 500

export interface Verification {
  /** Checkpoints kept elsewhere, of any tenants. */
  readonly checkpoints: readonly Checkpoint[]
  /** Keys whose checkpoints count: this installation's own, and those the operator names. */
  readonly trustedKeys: readonly string[]
  readonly onProgress?: (done: number, total: number) => void
}

/** What was found out about one tenant's log. */
export interface ChainReport {
  readonly tenantId: string
  /** Events in the chain, and events that wait for their place. */
  readonly events: number
  readonly unsealed: number
  /** Checkpoints the chain was held against. */
  readonly checkpoints: number
  /** Short names of the keys, not trusted ones, that signed some of them: earlier keys, or somebody else's. */
  readonly otherKeys: readonly string[]
  /** Personal parts that were erased, with a record of it. */
  readonly erasedParts: number
  readonly problemCount: number
  /** The first of them. */
  readonly problems: readonly Problem[]
}

/**
 * Reads a tenant's whole log as far as it is sealed now and finds what was changed, removed, swapped or inserted since.
 * A chain alone cannot show that its end was cut off, or that all of it was written anew: checkpoints kept elsewhere do.
 */
export async function verifyChain(db: Db, tenantId: string, verification: Verification): Promise<ChainReport> {
  const { checkpoints, trustedKeys, onProgress } = verification
  const stored = await selectCheckpoints(db, tenantId)
  const given = checkpoints.filter((checkpoint) => checkpoint.tenantId === tenantId)
  const check = new ChainCheck({ tenantId, checkpoints: [...stored, ...given] })
  for (const checkpoint of stored) noteForged(check, checkpoint)
  for (const checkpoint of given) {
    noteForged(check, checkpoint)
    if (!trustedKeys.includes(checkpoint.publicKey)) noteStranger(check, checkpoint)
  }
  const head = await findHead(db, tenantId)
  await readChain(db, tenantId, { to: head.seq, check, ...(onProgress === undefined ? {} : { onProgress }) })
  check.finish()
  const otherKeys = stored.map(({ publicKey }) => publicKey).filter((key) => !trustedKeys.includes(key))
  return {
    tenantId,
    events: check.events,
    unsealed: await countUnsealed(db, tenantId),
    checkpoints: stored.length + given.length,
    otherKeys: [...new Set(otherKeys)].map(keyIdOf),
    erasedParts: check.erasedParts,
    problemCount: check.problemCount,
    problems: check.problems,
  }
}

interface Reading {
  readonly to: number
  readonly check: ChainCheck
  readonly onProgress?: (done: number, total: number) => void
}

/** By ranges of places rather than by row counts, so that two events at one place are both seen. */
async function readChain(db: Db, tenantId: string, { to, check, onProgress }: Reading): Promise<void> {
  let from = 1
  while (from <= to) {
    const events = await selectSealed(db, tenantId, from, Math.min(from + placesPerRead - 1, to))
    for (const event of events) check.add(event)
    onProgress?.(check.events, to)
    from += placesPerRead
    // A hole of a million places is passed in one step.
    if (events.length === 0) from = (await findNextSeq(db, tenantId, from - 1)) ?? to + 1
  }
}

function noteForged(check: ChainCheck, checkpoint: Checkpoint): void {
  if (isWellSigned(checkpoint)) return
  const text = `the checkpoint at event ${checkpoint.seq} is not signed by the key it names`
  check.note({ kind: 'bad_checkpoint', seq: checkpoint.seq, text })
}

function noteStranger(check: ChainCheck, { seq, publicKey }: Checkpoint): void {
  const text = `the checkpoint at event ${seq} is signed by the key ${keyIdOf(publicKey)}, which is not this server’s; name the key with --key if you trust it`
  check.note({ kind: 'bad_checkpoint', seq, text })
}

/** Problems of checkpoints whose tenant is not there any more. */
export function missingTenants(checkpoints: readonly Checkpoint[], tenantIds: readonly string[]): string[] {
  return [...new Set(checkpoints.map(({ tenantId }) => tenantId))].filter((id) => !tenantIds.includes(id))
}
