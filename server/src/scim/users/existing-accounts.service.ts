import type { TrxCtx } from '../../access/ctx.ts'
import { toKey } from '../../db/normal-key.ts'
import { ApiError } from '../../errors/api-error.ts'
import { readRoles } from '../../roles/roles.service.ts'
import { changeProvisionedUser, provisionUser, type ProvisionedUser } from '../../users/user-provisioning.service.ts'
import { holdUser } from '../../users/user-roles.service.ts'
import { noResource, ScimError, toScimError } from '../scim-error.ts'
import type { ScimSession } from '../scim-session.ts'
import { findNamesake, findStored } from './scim-users.queries.ts'
import type { UserRecord } from './user-record.ts'
import type { StoredUser } from './user-resource.ts'

interface Wanted {
  readonly wanted: ProvisionedUser
  readonly record: UserRecord
}

/**
 * A collision is a conflict, unless the tenant lets SCIM take over accounts that are not admins' (4.2).
 *
 * @returns the user's id
 */
export async function provisionOrLink(ctx: TrxCtx, session: ScimSession, { wanted, record }: Wanted): Promise<string> {
  const { rules, trace } = session
  const known = await findNamesake(ctx.db, ctx.tenantId, toKey(wanted.username), toKey(wanted.email))
  if (known !== undefined && rules.adoptExisting === 'link' && known.user.source !== 'scim') {
    const roles = await readRoles(ctx)
    if (roles.byId(known.user.workspaceRoleId)?.name !== '$admin') {
      await changeProvisionedUser(ctx, await holdUser(ctx, known.user.id), {
        ...wanted,
        enabled: record.active ?? known.user.enabled,
      })
      trace.add({
        subjectKind: 'user',
        subjectId: known.user.id,
        outcome: 'matched',
        operation: 'create',
        note: 'linked to an account that was there',
      })
      return known.user.id
    }
  }
  const isOnlyAddress = known !== undefined && toKey(known.user.username) !== toKey(wanted.username)
  const detached = isOnlyAddress && rules.emailConflict === 'detach'
  if (detached)
    trace.add({
      subjectKind: 'user',
      subjectId: known.user.id,
      outcome: 'skipped',
      operation: 'create',
      attribute: 'emails',
      note: 'the address belongs to another account, which keeps it',
    })
  try {
    return (await provisionUser(ctx, detached ? { ...wanted, email: '' } : wanted)).id
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error
    throw conflict(session, known, error)
  }
}

/** What an administrator has to decide; the client hears only that the name or address is taken. */
function conflict({ trace }: ScimSession, known: StoredUser | undefined, error: ApiError): ScimError {
  if (known !== undefined)
    trace.add({
      subjectKind: 'user',
      subjectId: known.user.id,
      outcome: 'refused',
      operation: 'create',
      note: 'the name or the address belongs to this account',
    })
  trace.cause = 'an account with this userName or address exists already'
  return toScimError(error, () => error)
}

/** An address that belongs to somebody else: refused, or left with its owner where the tenant wants that. */
export async function emailToKeep(
  ctx: TrxCtx,
  session: ScimSession,
  stored: StoredUser,
  record: UserRecord,
): Promise<string> {
  if (toKey(record.email) === toKey(stored.user.email)) return stored.user.email
  if (session.rules.emailConflict !== 'detach' || record.email === '') return record.email
  const owner = await findNamesake(ctx.db, ctx.tenantId, '', toKey(record.email))
  if (owner === undefined || owner.user.id === stored.user.id) return record.email
  session.trace.add({
    subjectKind: 'user',
    subjectId: stored.user.id,
    outcome: 'skipped',
    operation: 'update',
    attribute: 'emails',
    note: 'the address belongs to another account, which keeps it',
  })
  return stored.user.email
}

const adminsOwn = new Set(['userName', 'emails', 'externalId', 'password'])

/** Accounts that were there before SCIM (4.2). @throws ScimError 409 */
export async function requireMayAdopt(
  ctx: TrxCtx,
  session: ScimSession,
  { user }: StoredUser,
  changed: readonly string[],
): Promise<void> {
  if (user.source === 'scim') return
  const isAdmin = (await readRoles(ctx)).byId(user.workspaceRoleId)?.name === '$admin'
  const takesAdmin = isAdmin && changed.some((name) => adminsOwn.has(name))
  if (session.rules.adoptExisting !== 'ask' && !takesAdmin) return
  session.trace.cause = takesAdmin ? 'SCIM does not manage this administrator' : 'SCIM does not manage this account yet'
  session.trace.add({
    subjectKind: 'user',
    subjectId: user.id,
    outcome: 'refused',
    operation: 'update',
    note: session.trace.cause,
  })
  throw new ScimError(409, 'This account is not managed by SCIM; an administrator has to link it first.')
}

/** @throws ScimError 404 */
export async function requireStored(ctx: TrxCtx, id: string): Promise<StoredUser> {
  const stored = await findStored(ctx.db, ctx.tenantId, id)
  if (stored === undefined) throw noResource()
  return stored
}
