import { authorize } from '../access/authorize.ts'
import type { Ctx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { toKey } from '../db/normal-key.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { listExistingUserIds } from '../users/user-links.service.ts'
import { erasureType } from './chain-check-rules.ts'
import * as queries from './erasure.queries.ts'
import { findHead } from './sealing.queries.ts'
import { sealTenant, type Sealing } from './sealing.service.ts'

/** Places looked at in one statement: an indexed walk of a few milliseconds. */
const placesPerStep = 2_000

export interface Erasure {
  /** Parts of events that were erased; 0 when nothing was left, and then nothing is recorded. */
  readonly parts: number
  /** False while the database's files still hold remains: somebody was reading; they go as the files are written on. */
  readonly isScrubbed: boolean
}

/**
 * Finds whom the host operator means: the id of a user, or the name or address of users who were deleted.
 *
 * @returns one id; more when the name was taken again and given up again
 * @throws insufficient_role
 */
export async function findErasable(ctx: Ctx, nameOrId: string): Promise<string[]> {
  authorize(ctx, 'users:write')
  const key = toKey(nameOrId)
  const byName = await queries.findDeletedUsers(ctx.db, ctx.tenantId, (personal) => {
    const { email, username } = JSON.parse(personal)
    return [email, username].some((name) => typeof name === 'string' && toKey(name) === key)
  })
  return byName.length > 0 ? byName : [nameOrId]
}

/**
 * Erases what is personal about a deleted user in the events of the tenant, for good: names, addresses and former values
 * of events about them, and name and address where they acted. Who (by id) did what, and when, stays; so does the chain.
 *
 * The record of it is sealed first: whoever verifies meanwhile, or after a crash in the middle, finds each erasure recorded.
 *
 * @throws insufficient_role · user_exists · user_not_found
 * @source docs/decisions/0012
 */
export async function erasePersonalData(ctx: Ctx, sealing: Sealing, userId: string): Promise<Erasure> {
  authorize(ctx, 'users:write')
  if ((await listExistingUserIds(ctx, [userId])).has(userId)) {
    throw new ApiError('user_exists', {
      detail: 'This user exists: their events say who may do what, and who did it. Delete the user first.',
    })
  }
  await sealTenant(sealing, ctx.tenantId)
  const { seq: to } = await findHead(ctx.db, ctx.tenantId)
  const first = await findPart(ctx, userId, { from: 1, to })
  if (first === undefined) {
    if (await queries.isKnownUser(ctx.db, ctx.tenantId, userId)) return { parts: 0, isScrubbed: true }
    throw new ApiError('user_not_found', { detail: `No event of this tenant is about a user "${userId}".` })
  }
  await inTransaction(ctx, (ctx) => recordEvent(ctx, { type: erasureType, subjectId: userId, data: {}, personal: {} }))
  await sealTenant(sealing, ctx.tenantId)
  const parts = await eraseParts(ctx, userId, { from: first, to })
  return { parts, isScrubbed: await ctx.db.engine.scrub('events') }
}

interface Range {
  readonly from: number
  readonly to: number
}

async function eraseParts(ctx: Ctx, userId: string, { from: first, to }: Range): Promise<number> {
  let erased = 0
  let from: number | undefined = first
  while (from !== undefined) {
    const range: Range = { from, to: Math.min(from + placesPerStep - 1, to) }
    erased += await inTransaction(ctx, (ctx) => queries.erasePersonalParts(ctx.db, ctx.tenantId, userId, range))
    from = await findPart(ctx, userId, { from: range.to + 1, to })
  }
  return erased
}

async function findPart(ctx: Ctx, userId: string, { from, to }: Range): Promise<number | undefined> {
  for (let start = from; start <= to; start += placesPerStep) {
    const range = { from: start, to: Math.min(start + placesPerStep - 1, to) }
    const found = await queries.findPersonalPart(ctx.db, ctx.tenantId, userId, range)
    if (found !== undefined) return found
  }
  return undefined
}
