import { rawChanges, rawRows, type Queryable, type Trx } from '../db/db.ts'
import { erasureType } from './chain-check-rules.ts'
import { noPersonalData } from './chain.schema.ts'

/** Which parts are this person's, as personsOf() says. */
const isSubject = `subject_kind = 'user' and subject_id = ?`
const isActor = `(actor_user_id = ? or (actor_kind = 'anonymous' and actor_user_id = '' and subject_kind = 'user' and subject_id = ?))`
const inRange = `tenant_id = ? and seq > 0 and seq >= ? and seq <= ?`

interface Range {
  readonly from: number
  readonly to: number
}

/** The record of an erasure is about the person, too, and stays. */
const isPart = `((subject_key <> '' and ${isSubject} and type <> '${erasureType}') or (actor_key <> '' and ${isActor}))`

/** The first of these places at which a personal part of this user is not erased. */
export async function findPersonalPart(
  db: Queryable,
  tenantId: string,
  userId: string,
  { from, to }: Range,
): Promise<number | undefined> {
  const [row] = await rawRows<{ seq: number }>(
    db,
    `select seq from events where ${inRange} and ${isPart} order by seq limit 1`,
    [tenantId, from, to, userId, userId, userId],
  )
  return row?.seq
}

/** Whether any event is about this user. */
export async function isKnownUser(db: Queryable, tenantId: string, userId: string): Promise<boolean> {
  const rows = await rawRows(
    db,
    `select id from events where tenant_id = ? and subject_id = ? and subject_kind = 'user' limit 1`,
    [tenantId, userId],
  )
  return rows.length > 0
}

/** Blanks a user's parts of these events together with their keys; the MACs stay. Answers how many parts. */
export async function erasePersonalParts(
  trx: Trx,
  tenantId: string,
  userId: string,
  { from, to }: Range,
): Promise<number> {
  const subjects = await rawChanges(
    trx,
    `update events set personal = '${noPersonalData}', subject_key = '' where ${inRange} and subject_key <> '' and ${isSubject} and type <> '${erasureType}'`,
    [tenantId, from, to, userId],
  )
  const actors = await rawChanges(
    trx,
    `update events set actor_name = '', address = '', actor_key = '' where ${inRange} and actor_key <> '' and ${isActor}`,
    [tenantId, from, to, userId, userId],
  )
  return subjects + actors
}

/** Ids of deleted users who had this name or address when they were deleted. */
export async function findDeletedUsers(
  db: Queryable,
  tenantId: string,
  isMatch: (personal: string) => boolean,
): Promise<string[]> {
  const rows = await rawRows<{ userId: string; personal: string }>(
    db,
    `select subject_id as "userId", personal from events where tenant_id = ? and type = 'user.deleted' order by at, id`,
    [tenantId],
  )
  return [...new Set(rows.filter(({ personal }) => isMatch(personal)).map(({ userId }) => userId))]
}
