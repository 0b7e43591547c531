import { rawRows, type Queryable } from '../db/db.ts'
import type { ChainPlace, SealedEvent } from './chain.schema.ts'

const sealed = `select tenant_id as "tenantId", id, at, type, category, actor_kind as "actorKind", actor_id as "actorId",
    actor_user_id as "actorUserId", credential_id as "credentialId", subject_kind as "subjectKind", subject_id as "subjectId",
    object_id as "objectId", door, request_id as "requestId", data, personal, actor_name as "actorName", address, seq,
    prev_hash as "prevHash", hash, subject_key as "subjectKey", subject_mac as "subjectMac", actor_key as "actorKey", actor_mac as "actorMac"
  from events where tenant_id = (select ?) and seq > 0`

const behind = `${sealed} and seq >= cast((select ?) as bigint) and seq <= cast((select ?) as bigint) order by seq, id`

const next = `select seq from events where tenant_id = (select ?) and seq > 0 and seq > cast((select ?) as bigint) order by seq limit 1`

/** The events at these places, both ends included, in the order of the chain. */
export function selectSealed(db: Queryable, tenantId: string, from: number, to: number): Promise<SealedEvent[]> {
  return rawRows<SealedEvent>(db, behind, [tenantId, from, to])
}

/** The first place behind this one that is taken; undefined at the end. */
export async function findNextSeq(db: Queryable, tenantId: string, after: number): Promise<number | undefined> {
  const [row] = await rawRows<{ seq: number }>(db, next, [tenantId, after])
  return row?.seq
}

const place = `select seq, hash from events where tenant_id = (select ?) and seq > 0 and seq = cast((select ?) as bigint)`

/** The link at a place. */
export async function findPlace(db: Queryable, tenantId: string, seq: number): Promise<ChainPlace | undefined> {
  const [row] = await rawRows<ChainPlace>(db, place, [tenantId, seq])
  return row
}

const firstFrom = `select at from events where tenant_id = (select ?) and category = (select ?) and at >= cast((select ?) as bigint) order by at limit 1`
const lastBefore = `select at from events where tenant_id = (select ?) and category = (select ?) and at < cast((select ?) as bigint) order by at desc limit 1`
// The plus keeps both databases from walking the chain from its end instead of looking the minute up.
const lowest = `select min(+seq) as seq from events where tenant_id = (select ?) and category = (select ?) and at >= cast((select ?) as bigint) and at < cast((select ?) as bigint) and +seq > 0`
const highest = lowest.replace('min(', 'max(')

const categories = ['admin', 'sign-in'] as const
/** Events are sealed within a second of their time; what strays further has a clock that jumped. */
const strayMs = 60_000

/** The lowest place of an event from this time on, as far as events are sealed within a minute of their time. */
export async function findFirstSeqFrom(db: Queryable, tenantId: string, from: number): Promise<number | undefined> {
  const found: number[] = []
  for (const category of categories) {
    const [first] = await rawRows<{ at: number }>(db, firstFrom, [tenantId, category, from])
    if (first === undefined) continue
    const [row] = await rawRows<{ seq: number | null }>(db, lowest, [tenantId, category, from, first.at + strayMs])
    if (typeof row?.seq === 'number') found.push(row.seq)
  }
  return found.length === 0 ? undefined : Math.min(...found)
}

/** The highest place of an event before this time, with the same reservation. */
export async function findLastSeqBefore(db: Queryable, tenantId: string, to: number): Promise<number | undefined> {
  const found: number[] = []
  for (const category of categories) {
    const [last] = await rawRows<{ at: number }>(db, lastBefore, [tenantId, category, to])
    if (last === undefined) continue
    const [row] = await rawRows<{ seq: number | null }>(db, highest, [tenantId, category, last.at - strayMs, to])
    if (typeof row?.seq === 'number') found.push(row.seq)
  }
  return found.length === 0 ? undefined : Math.max(...found)
}
