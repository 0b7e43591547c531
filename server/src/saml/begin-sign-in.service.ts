import { randomBytes } from 'node:crypto'
import type { Ctx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { hashSecret, newSecret } from '../secrets/secrets.ts'
import type { Session } from '../sessions/sessions.schema.ts'
import type { SsoConnection } from '../sso-connections/sso-connections.schema.ts'
import { findUsableConnection } from '../sso-connections/sso-connections.service.ts'
import type { PendingRequest } from './assertion.schema.ts'
import { spAddresses } from '../sso-connections/sp-address-rules.ts'
import type { SamlDeps } from './saml-deps.ts'
import { deleteExpired, insertRequest } from './saml-requests.queries.ts'
import { getSpKey } from './sp-keys.service.ts'
import { authnRequest, type Outgoing } from './sp-messages.ts'
import { startTest } from './sso-tests.queries.ts'

const requestMs = 10 * 60_000
const browserPattern = /^msaml_[A-Za-z0-9_-]{43}$/

/** A question on its way to an IdP, and what the browser keeps to be known by when the answer comes. */
export interface BegunSignIn {
  readonly outgoing: Outgoing
  readonly browser: string
}

interface Beginning {
  readonly alias: string
  /** What the browser's cookie holds; empty when it has none. Kept, so that two tabs do not push each other out. */
  readonly browser: string
  readonly returnPath: string
}

/**
 * Asks an IdP who sits at this browser. Undefined where no sign-in is served: unknown, off, without a key that is valid,
 * on a plan without SSO.
 *
 * @param link the session of the person who wants to use this IdP from now on
 * @source contract/security-and-reliability.md SAML-15; 7.4
 */
export async function beginSignIn(
  ctx: Ctx,
  deps: SamlDeps,
  beginning: Beginning & { readonly link?: Pick<Session, 'id' | 'userId'> },
): Promise<BegunSignIn | undefined> {
  const connection = await findUsableConnection(ctx, beginning.alias)
  if (connection === undefined || !connection.isEnabled) return undefined
  const { link } = beginning
  const purpose =
    link === undefined
      ? ({ purpose: 'sign_in', userId: null, sessionId: null, testId: null } as const)
      : ({ purpose: 'link', userId: link.userId, sessionId: link.id, testId: null } as const)
  return ask(ctx, deps, { ...beginning, connection, ...purpose })
}

/** The same for a test, whose address opens once and only while it is young. The connection may be off. */
export async function beginTest(
  ctx: Ctx,
  deps: SamlDeps,
  { token, ...beginning }: Beginning & { readonly token: string },
): Promise<BegunSignIn | undefined> {
  const connection = await findUsableConnection(ctx, beginning.alias)
  if (connection === undefined) return undefined
  const test = await inTransaction(ctx, (ctx) =>
    startTest(ctx.db, ctx.tenantId, {
      tokenHash: hashSecret(token),
      connectionId: connection.id,
      bornAfter: ctx.now.getTime() - requestMs,
    }),
  )
  if (test === undefined) return undefined
  const purpose = { purpose: 'test', userId: test.userId, sessionId: null, testId: test.id } as const
  return ask(ctx, deps, { ...beginning, connection, ...purpose })
}

async function ask(
  ctx: Ctx,
  deps: SamlDeps,
  {
    connection,
    browser,
    returnPath,
    purpose,
    userId,
    sessionId,
    testId,
  }: Omit<PendingRequest, 'id' | 'connectionId'> & Beginning & { readonly connection: SsoConnection },
): Promise<BegunSignIn> {
  const key = await getSpKey(ctx, deps.vault)
  const sp = spAddresses(await deps.baseUrl(ctx.tenantId), connection.alias)
  const known = browserPattern.test(browser) ? browser : newSecret('msaml_')
  // An XML id begins with a letter or underscore.
  const id = `_${randomBytes(20).toString('hex')}`
  const now = ctx.now.getTime()
  await inTransaction(ctx, async (ctx) => {
    // Anybody can ask, and most who do in bad faith never answer: what they leave goes with whoever asks next.
    await deleteExpired(ctx.db, ctx.tenantId, now)
    await insertRequest(ctx.db, {
      tenant_id: ctx.tenantId,
      id,
      connection_id: connection.id,
      browser_hash: hashSecret(known),
      purpose,
      user_id: userId ?? '',
      session_id: sessionId ?? '',
      test_id: testId ?? '',
      return_path: returnPath,
      created_at: now,
      expires_at: now + requestMs,
    })
  })
  // Where to go afterwards is kept here: what comes back through the browser says nothing that is believed.
  const outgoing = await authnRequest({ connection, sp, key }, { id, relayState: id, asksAgain: purpose === 'test' })
  return { outgoing, browser: known }
}
