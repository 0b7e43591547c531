import { v7 as uuid } from 'uuid'
import type { Actor } from '../access/actor.ts'
import type { Ctx, ReadCtx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { recordEvent } from '../events/record-event.ts'
import { hashSecret, newSecret } from '../secrets/secrets.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import { findPresentRoles } from '../user-roles/present-roles.service.ts'
import * as queries from './sessions.queries.ts'
import { userActor } from './session-actor-rules.ts'
import { accessTokenSeconds, isLive, type NewSession, type Session } from './sessions.schema.ts'

const minuteMs = 60_000

/** A session and what its cookie holds; the latter is shown to the browser alone. */
export interface StartedSession {
  readonly session: Session
  readonly cookie: string
}

/**
 * Starts a session for somebody whose proof was checked in this very transaction.
 *
 * @source contract/security-and-reliability.md 7.2
 */
export async function startSession(ctx: TrxCtx, input: NewSession): Promise<StartedSession> {
  const { settings } = await getTenant(ctx)
  const now = ctx.now.getTime()
  const cookie = newSecret('mses_')
  const absoluteEnd = now + settings.sessionMaxMinutes * minuteMs
  const samlEnd = input.saml?.notOnOrAfter ?? 0
  const session: Session = {
    id: uuid(),
    userId: input.userId,
    csrfToken: newSecret('mcsrf_'),
    method: input.method,
    secondFactor: input.secondFactor,
    startedAt: now,
    lastSeenAt: now,
    confirmedAt: now,
    idleMs: settings.sessionIdleMinutes * minuteMs,
    endsAt: samlEnd > 0 ? Math.min(absoluteEnd, samlEnd) : absoluteEnd,
    isStale: false,
    address: ctx.origin.address,
    userAgent: ctx.origin.userAgent,
    connectionId: input.saml?.connectionId ?? '',
    nameId: input.saml?.nameId ?? '',
    sessionIndex: input.saml?.sessionIndex ?? '',
  }
  await queries.deleteEnded(ctx.db, ctx.tenantId, now)
  await queries.insertSession(ctx.db, { ...toRow(session), tenant_id: ctx.tenantId, id_hash: hashSecret(cookie) })
  await queries.noteSignIn(ctx.db, ctx.tenantId, session.userId, now)
  await recordEvent(ctx, {
    type: 'session.started',
    subjectId: session.userId,
    objectId: session.id,
    data: { method: session.method, secondFactor: session.secondFactor },
    personal: {},
  })
  return { session, cookie }
}

function toRow(session: Session) {
  return {
    id: session.id,
    user_id: session.userId,
    csrf_token: session.csrfToken,
    method: session.method,
    second_factor: session.secondFactor,
    started_at: session.startedAt,
    last_seen_at: session.lastSeenAt,
    confirmed_at: session.confirmedAt,
    idle_ms: session.idleMs,
    ends_at: session.endsAt,
    is_stale: 0,
    address: session.address,
    user_agent: session.userAgent,
    connection_id: session.connectionId,
    name_id: session.nameId,
    session_index: session.sessionIndex,
  }
}

/** A session and who is signed in by it, with the rights of this moment. */
export interface SignedIn {
  readonly session: Session
  readonly actor: Actor
}

/** The session a cookie stands for at this moment; undefined for everything that is none. */
export async function findSignedIn(
  { db, tenantId, now }: Pick<ReadCtx, 'db' | 'tenantId' | 'now'>,
  cookie: string,
): Promise<SignedIn | undefined> {
  const found = await queries.findSession(db, tenantId, hashSecret(cookie))
  if (found === undefined || !isLive(found.session, now.getTime())) return undefined
  const { session, username, role, hasMoreRoles } = found
  const present = hasMoreRoles ? await findPresentRoles(db, tenantId, session.userId, now) : { role, subRoles: [] }
  if (present === undefined) return undefined
  return {
    session,
    actor: userActor({
      userId: session.userId,
      username,
      sessionId: session.id,
      role: present.role,
      subRoles: present.subRoles,
      confirmedAt: session.confirmedAt,
      expiresAt: session.endsAt,
    }),
  }
}

const noteEveryMs = 60_000

/** Notes that a session is in use, at most once a minute; and gives it a new id when the role changed since. */
export async function keepAlive(ctx: Ctx, session: Session, cookie: string): Promise<string | undefined> {
  const now = ctx.now.getTime()
  if (session.isStale) return renewId(ctx, cookie)
  if (now - session.lastSeenAt < noteEveryMs) return undefined
  await inTransaction(ctx, (ctx) => queries.updateSession(ctx.db, ctx.tenantId, session.id, { last_seen_at: now }))
  return undefined
}

/**
 * After the person has proved again who they are: another id, and five minutes for what is critical.
 *
 * @returns what the cookie holds from here on; undefined when the session ended meanwhile
 */
export async function confirmSession(
  ctx: Ctx,
  session: Session,
  cookie: string,
  by: string,
): Promise<string | undefined> {
  const renewed = newSecret('mses_')
  const isMine = await inTransaction(ctx, async (ctx) => {
    const change = { ...renewal(ctx, renewed), confirmed_at: ctx.now.getTime() }
    if (!(await queries.replaceIdHash(ctx.db, ctx.tenantId, hashSecret(cookie), change))) return false
    await recordEvent(ctx, {
      type: 'session.confirmed',
      subjectId: session.userId,
      objectId: session.id,
      data: { by },
      personal: {},
    })
    return true
  })
  return isMine ? renewed : undefined
}

/** The old id is worth nothing from here on; undefined when somebody else renewed it first. */
async function renewId(ctx: Ctx, cookie: string): Promise<string | undefined> {
  const renewed = newSecret('mses_')
  const isMine = await inTransaction(ctx, (ctx) =>
    queries.replaceIdHash(ctx.db, ctx.tenantId, hashSecret(cookie), renewal(ctx, renewed)),
  )
  return isMine ? renewed : undefined
}

function renewal(ctx: TrxCtx, cookie: string) {
  return { id_hash: hashSecret(cookie), is_stale: 0, last_seen_at: ctx.now.getTime() }
}

/** A short bearer for the API, which reads no cookies. It ends with the session. */
export async function issueAccessToken(
  ctx: Ctx,
  session: Session,
): Promise<{ token: string; expiresInSeconds: number }> {
  const token = newSecret('msess_')
  const now = ctx.now.getTime()
  const expiresAt = Math.min(now + accessTokenSeconds * 1_000, session.endsAt)
  await inTransaction(ctx, async (ctx) => {
    await queries.deleteEndedTokens(ctx.db, ctx.tenantId, session.id, now)
    await queries.insertToken(ctx.db, {
      tenant_id: ctx.tenantId,
      token_hash: hashSecret(token),
      session_id: session.id,
      expires_at: expiresAt,
    })
  })
  return { token, expiresInSeconds: Math.floor((expiresAt - now) / 1_000) }
}

export type EndReason =
  | 'signed_out'
  | 'revoked'
  | 'idp_logout'
  | 'password_changed'
  | 'disabled'
  | 'deleted'
  | 'email_changed'

/** Ends one session; a second time changes nothing. */
export async function endSession(ctx: TrxCtx, session: Session, reason: EndReason): Promise<void> {
  if (!(await queries.deleteSession(ctx.db, ctx.tenantId, session.id))) return
  await recordEvent(ctx, {
    type: 'session.ended',
    subjectId: session.userId,
    objectId: session.id,
    data: { reason },
    personal: {},
  })
}

/** Ends all sessions of a user, but one where the person is left signed in; part of what makes them worthless. */
export async function endSessionsOf(
  ctx: TrxCtx,
  userId: string,
  reason: EndReason,
  exceptId: string | null = null,
): Promise<number> {
  const ended = await queries.deleteSessionsOf(ctx.db, ctx.tenantId, userId, exceptId)
  for (const objectId of ended)
    await recordEvent(ctx, { type: 'session.ended', subjectId: userId, objectId, data: { reason }, personal: {} })
  return ended.length
}

/** Ends the sessions of one login at an IdP, or of all of a person's there, when it says so; few at a time, until none is left. */
export async function endSamlSessions(
  ctx: TrxCtx,
  login: { readonly connectionId: string; readonly nameId: string; readonly sessionIndexes: readonly string[] },
): Promise<number> {
  const select = () => queries.selectSamlSessions(ctx.db, ctx.tenantId, login)
  let count = 0
  for (let sessions = await select(); sessions.length > 0; sessions = await select()) {
    for (const session of sessions) await endSession(ctx, session, 'idp_logout')
    count += sessions.length
  }
  return count
}

/** The role of a user changed: the ids of their sessions are renewed at the next request. */
export function roleChanged(ctx: TrxCtx, userId: string): Promise<void> {
  return queries.markStale(ctx.db, ctx.tenantId, userId)
}

/** Undefined for a session that was ended, has run out, or never was. */
export async function findLiveSession(ctx: ReadCtx, id: string): Promise<Session | undefined> {
  const session = await queries.findSessionById(ctx.db, ctx.tenantId, id)
  return session !== undefined && isLive(session, ctx.now.getTime()) ? session : undefined
}

/** The sessions of a user that are live now, newest first. */
export async function listLiveSessions(ctx: ReadCtx, userId: string): Promise<Session[]> {
  const now = ctx.now.getTime()
  return (await queries.selectSessionsOf(ctx.db, ctx.tenantId, userId)).filter((session) => isLive(session, now))
}
