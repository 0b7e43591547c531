import { authorize, insufficientRole, may } from '../access/authorize.ts'
import type { Ctx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { notFound } from '../errors/api-error.ts'
import { getUser } from '../users/users.service.ts'
import * as queries from './sessions.queries.ts'
import type { Session } from './sessions.schema.ts'
import { endSession, endSessionsOf, listLiveSessions } from './sessions.service.ts'

/**
 * Where somebody is signed in, newest first. One's own, or anybody's for admins; guests learn of nobody else.
 *
 * @throws insufficient_role · user_not_found
 * @source contract/rest-api.md, U10; security-and-reliability.md 5.2
 */
export async function listSessionsOf(
  ctx: Ctx,
  userId: string,
): Promise<{ readonly sessions: readonly Session[]; readonly username: string }> {
  authorize(ctx, 'self:read')
  if (ctx.actor.userId !== userId && !may(ctx, 'users:write')) {
    if (may(ctx, 'users:read')) throw insufficientRole(ctx.actor.role)
    throw notFound('user_not_found')
  }
  const { username } = await getUser(ctx, userId)
  return { sessions: await listLiveSessions(ctx, userId), username }
}

/**
 * Ends one session at once: one's own, or anybody's for admins. Somebody else's is to others as unknown as none.
 *
 * @throws session_not_found
 */
export async function revokeSession(ctx: Ctx, id: string): Promise<void> {
  authorize(ctx, 'self:write')
  await inTransaction(ctx, async (ctx) => {
    const session = await queries.findSessionById(ctx.db, ctx.tenantId, id)
    const isMine = session !== undefined && session.userId === ctx.actor.userId
    if (session === undefined || !(isMine || may(ctx, 'users:write'))) throw notFound('session_not_found')
    await endSession(ctx, session, 'revoked')
  })
}

/**
 * Signs somebody out everywhere.
 *
 * @returns how many sessions ended
 * @throws insufficient_role · user_not_found
 */
export async function revokeSessionsOf(ctx: Ctx, userId: string): Promise<number> {
  authorize(ctx, 'self:write')
  if (ctx.actor.userId !== userId) authorize(ctx, 'users:write')
  return inTransaction(ctx, async (ctx) => {
    await getUser(ctx, userId)
    return endSessionsOf(ctx, userId, 'revoked')
  })
}
