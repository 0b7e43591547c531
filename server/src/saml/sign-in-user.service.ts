import { systemActor } from '../access/actor.ts'
import type { TrxCtx } from '../access/ctx.ts'
import { toKey } from '../db/normal-key.ts'
import { isVerifiedAddress } from '../domains/domains.service.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { joinFirstGroups, listGroupIdsOfUser, replaceGroupsOfUser } from '../groups/group-members.service.ts'
import { acceptBySignIn } from '../invitations/acceptance.service.ts'
import { readRoles } from '../roles/roles.service.ts'
import { findLiveSession } from '../sessions/sessions.service.ts'
import type { SsoConnection } from '../sso-connections/sso-connections.schema.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import { createUsers } from '../users/user-creation.service.ts'
import { applyRole, holdUser } from '../users/user-roles.service.ts'
import { isScimManaged } from '../users/user-rules.ts'
import { confirmAddress, takeOverNames } from '../users/user-sign-in.service.ts'
import { isPending, type User } from '../users/users.schema.ts'
import { findUserByName, findUsersByEmail } from '../users/users.service.ts'
import type { PendingRequest, SignedAssertion } from './assertion.schema.ts'
import type { Claims } from './claims.ts'
import {
  findLinkedUserId,
  hasAnyIdentity,
  insertIdentity,
  isLinked,
  noteSignIn,
} from './external-identities.queries.ts'
import { refuse, require } from './saml-refusal.ts'

export interface SignIn {
  readonly connection: SsoConnection
  readonly assertion: SignedAssertion
  readonly claims: Claims
  readonly request: PendingRequest | undefined
  /** For a test: whether it would work once SSO is enforced. */
  readonly asIfEnforced: boolean
}

/**
 * Whose account this is, brought up to date with what the IdP says: found by (connection, NameID), else linked or made
 * under the rules. An address alone never selects an account.
 *
 * @throws SamlRefusal
 * @source contract/security-and-reliability.md G2, V-A11, V-A12; 5.4; contract/rest-api.md 8.4; contract/scim.md 4.1
 */
export async function resolveUser(
  outer: TrxCtx,
  signIn: SignIn,
): Promise<{ readonly user: User; readonly isNew: boolean }> {
  const { connection, assertion, claims } = signIn
  const ctx: TrxCtx = { ...outer, actor: { ...systemActor, name: `sso ${connection.alias}` } }
  const key = { connectionId: connection.id, nameId: assertion.nameId }
  const linkedId = await findLinkedUserId(ctx.db, ctx.tenantId, key)
  if (signIn.request?.purpose === 'link') await requireStillSignedIn(ctx, signIn.request)
  const asked = signIn.request?.purpose === 'link' ? signIn.request.userId : null
  if (linkedId !== undefined && asked !== null && asked !== linkedId)
    refuse('user: this identity belongs to somebody else')
  const known = linkedId ?? (await findAccount(ctx, signIn))
  const id = known ?? (await createAccount(ctx, signIn))
  const user = await holdUser(ctx, id)
  require(user.enabled, 'user: it is disabled')
  if (linkedId === undefined) await link(ctx, signIn, user)
  else await noteSignIn(ctx.db, ctx.tenantId, { ...key, now: ctx.now.getTime() })
  await followRole(ctx, id, claims)
  await followGroups(ctx, id, claims)
  return { user: await holdUser(ctx, id), isNew: known === undefined }
}

/** Whoever asked for a link must not have left: anybody may sit at this browser since. */
async function requireStillSignedIn(ctx: TrxCtx, { userId, sessionId }: PendingRequest): Promise<void> {
  const session = sessionId === null ? undefined : await findLiveSession(ctx, sessionId)
  const isStill = session !== undefined && session.userId === userId
  require(isStill, 'user: whoever wanted to link this account has signed out meanwhile')
}

/** Somebody who has an account, and whom the rules let have it by this sign-in; undefined when nobody is like that. */
async function findAccount(ctx: TrxCtx, signIn: SignIn): Promise<string | undefined> {
  const { connection, assertion, claims, request } = signIn
  if (request?.purpose === 'link' && request.userId !== null) return request.userId
  const { settings } = await getTenant(ctx)
  const byName = await findUserByName(ctx, assertion.nameId)
  const managed = byName !== undefined && isScimManaged(byName, settings.scimIsOn) ? byName : undefined
  const [byAddress] = claims.email === '' ? [] : await findUsersByEmail(ctx, [toKey(claims.email)])
  const user = managed ?? byAddress
  if (user === undefined) return undefined
  const isKnown = await isLinked(ctx.db, ctx.tenantId, { connectionId: connection.id, userId: user.id })
  require(!isKnown, 'user: the identity provider knew this person under another NameID')
  // Whom SCIM manages is bound by the first sign-in; a second connection has to earn it like any other.
  const isFirst = !(await hasAnyIdentity(ctx.db, ctx.tenantId, user.id))
  if (isFirst && isScimManaged(user, settings.scimIsOn)) return user.id
  // Somebody found by name has to be vouched for by their own address: any IdP can send some address of our domain.
  require(toKey(claims.email) === toKey(user.email), 'user: the account of this name has another address')
  const isOurs = await isVerifiedAddress(ctx, claims.email)
  require(isOurs, 'user: the address has an account, and its domain is not verified')
  // Whoever was invited has proven nothing yet that could be taken over.
  require(isPending(user) ||
    settings.enforcesSso ||
    signIn.asIfEnforced, 'user: the address has an account; its owner links it while signed in, or SSO is enforced')
  return user.id
}

async function createAccount(ctx: TrxCtx, { connection, claims }: SignIn): Promise<string> {
  const { options } = connection
  require(options.createsUsers, 'user: nobody here is known by this name, and accounts are not made at sign-in')
  require(claims.email !== '', 'user: the identity provider sends no usable e-mail address')
  const { settings } = await getTenant(ctx)
  const roles = await readRoles(ctx)
  const role = roles.requireWorkspaceRoleByName(claims.role ?? options.defaultRole ?? settings.defaultRole)
  const [created] = await createUsers(ctx, [
    {
      email: claims.email,
      username: null,
      firstName: claims.firstName,
      lastName: claims.lastName,
      attributes: claims.attributes,
      role,
      source: 'jit',
      enabled: true,
      emailVerified: await isVerifiedAddress(ctx, claims.email),
      invitation: null,
    },
  ])
  if (created === undefined) return refuse('user: the address has just been given to somebody')
  await joinFirstGroups(ctx, [{ id: created.id, groupIds: [] }])
  return created.id
}

/** Binds the name at the IdP to the account; names and attributes are taken over this once. */
async function link(ctx: TrxCtx, { connection, assertion, claims }: SignIn, user: User): Promise<void> {
  const isFirst = await insertIdentity(ctx.db, ctx.tenantId, {
    connectionId: connection.id,
    nameId: assertion.nameId,
    nameIdFormat: assertion.nameIdFormat,
    userId: user.id,
    now: ctx.now.getTime(),
  })
  require(isFirst, 'user: this identity was linked a moment ago')
  await recordEvent(ctx, {
    type: 'external_identity.linked',
    subjectId: user.id,
    data: { alias: connection.alias },
    personal: {},
  })
  if (isPending(user)) await acceptBySignIn(ctx, user)
  const { settings } = await getTenant(ctx)
  const isManaged = isScimManaged(user, settings.scimIsOn)
  if (!isManaged) await takeOverNames(ctx, await holdUser(ctx, user.id), claims)
  const vouchesFor = claims.email !== '' && toKey(claims.email) === toKey(user.email)
  if (vouchesFor && (isManaged || (await isVerifiedAddress(ctx, claims.email))))
    await confirmAddress(ctx, await holdUser(ctx, user.id))
}

/** At each sign-in, over what was set by hand; but the last admin stays one, and can get in to mend the rules. */
async function followRole(ctx: TrxCtx, userId: string, { role }: Claims): Promise<void> {
  if (role === null) return
  const roles = await readRoles(ctx)
  try {
    await applyRole(ctx, await holdUser(ctx, userId), roles.requireWorkspaceRoleByName(role).id, roles)
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'last_admin') throw error
  }
}

/** Groups that mappings speak of follow the claim; all others are left alone. */
async function followGroups(ctx: TrxCtx, userId: string, claims: Claims): Promise<void> {
  if (claims.mappedGroupIds.size === 0) return
  const current = new Set(await listGroupIdsOfUser(ctx, userId))
  const next = current.difference(claims.mappedGroupIds).union(claims.claimedGroupIds)
  await replaceGroupsOfUser(ctx, userId, [...next])
}
