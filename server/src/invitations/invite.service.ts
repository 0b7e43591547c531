import { v7 as uuid } from 'uuid'
import { authorize } from '../access/authorize.ts'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import type { WorkspaceRole } from '../access/permissions.ts'
import { addToCounter } from '../db/counters.ts'
import { toKey } from '../db/normal-key.ts'
import { ApiError } from '../errors/api-error.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import { recordEvents } from '../events/record-event.ts'
import { joinFirstGroups, listExistingGroupIds } from '../groups/group-members.service.ts'
import { readRoles, type RoleBook } from '../roles/roles.service.ts'
import type { Role } from '../roles/roles.schema.ts'
import { takeMails } from '../rates/mail-rate.ts'
import { hashSecret, newSecret } from '../secrets/secrets.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import { requireCleanAttributes, requireCleanName, type TextLimits } from '../text/clean-text.ts'
import { requireEmailAddress } from '../text/email-address.ts'
import { createUsers, type CreatedUser, type NewUser } from '../users/user-creation.service.ts'
import { requireUsername, userExistsText } from '../users/user-rules.ts'
import { isPending, type NewInvitee, type User } from '../users/users.schema.ts'
import { findUsersByEmail, getUser } from '../users/users.service.ts'
import { promiseMails } from './invitation-mail.ts'
import { insertInvitations, revokeOpenOf, selectLatestInvitations } from './invitations.queries.ts'
import { invitationLifetimeMs, invitationState, type Invitation } from './invitations.schema.ts'

export interface InviteResult {
  /** Address as sent → id of the user, created now or pending already. */
  readonly created: ReadonlyMap<string, string>
  readonly failed: ReadonlyMap<string, { readonly code: ErrorCode; readonly text: string }>
}

type WorkspaceRoleRow = Role & { readonly name: WorkspaceRole }

/** One address that passed its own checks. */
interface Entry {
  readonly addresses: readonly string[]
  readonly email: string
  readonly role: WorkspaceRoleRow
  readonly invitee: NewInvitee
}

/**
 * Invites people: each becomes a pending user at once, and a mail is promised in the same transaction.
 * A bad entry never spoils the others. An address that is pending with the same role answers as the first time, without a second mail.
 *
 * @throws insufficient_role · role_not_found · role_conflict · sso_enforced: these spoil the whole call, nothing is created
 * @throws rate_limited, when nobody is left to whom a mail may be sent now
 * @source contract/rest-api.md, U2 and 2.5
 */
export async function inviteUsers(ctx: Ctx, invitees: readonly NewInvitee[]): Promise<InviteResult> {
  authorize(ctx, 'users:write')
  return inTransaction(ctx, async (ctx) => {
    const created = new Map<string, string>()
    const failed = new Map<string, { code: ErrorCode; text: string }>()
    const fail = (entry: Pick<Entry, 'addresses'>, code: ErrorCode, text: string) => {
      for (const address of entry.addresses) failed.set(address, { code, text })
    }
    const refusals: ApiError[] = []
    const limit = (entry: Entry, refusal: ApiError) => {
      refusals.push(refusal)
      fail(entry, refusal.code, refusal.message)
    }
    const succeed = (entry: Entry, id: string) => {
      for (const address of entry.addresses) created.set(address, id)
    }
    const roles = await readRoles(ctx)
    const { settings } = await getTenant(ctx)
    if (settings.enforcesSso && ctx.actor.kind !== 'system') throw ssoEnforced()
    const entries = readEntries(invitees, (invitee) => chooseRole(invitee, roles, settings.defaultRole), {
      fail,
      limits: ctx.limits,
    })
    const fresh = await answerKnown(ctx, entries, { fail, succeed, limit })
    const { joinable, groupless } = await splitByGroups(ctx, fresh)
    for (const entry of groupless) fail(entry, 'group_not_found', 'one of the groups does not exist')
    const invited = await keepMailable(ctx, joinable, limit)
    const inviter = await inviterOf(ctx)
    const users = await createUsers(
      ctx,
      invited.map((entry) => toNewUser(entry, inviter)),
    )
    const byEmail = new Map(invited.map((entry) => [entry.email, entry]))
    await joinFirstGroups(
      ctx,
      users.map((user) => ({ id: user.id, groupIds: byEmail.get(user.email)?.invitee.groupIds ?? [] })),
    )
    await sendInvitations(ctx, users, inviter)
    await answerCreated(ctx, invited, users, { fail, succeed, limit })
    const isOnlyLimited = created.size === 0 && [...failed.values()].every(({ code }) => code === 'rate_limited')
    if (isOnlyLimited) for (const refusal of refusals) throw refusal
    return { created, failed }
  })
}

function ssoEnforced(): ApiError {
  return new ApiError('sso_enforced', {
    detail: 'People come in through the identity provider alone; give them access there.',
  })
}

type Fail = (entry: Pick<Entry, 'addresses'>, code: ErrorCode, text: string) => void

/** Checks every entry by itself; spellings of one address are one entry. */
function readEntries(
  invitees: readonly NewInvitee[],
  roleOf: (invitee: NewInvitee) => WorkspaceRoleRow,
  { fail, limits }: { readonly fail: Fail; readonly limits: TextLimits },
): Entry[] {
  const entries = new Map<string, Entry>()
  for (const invitee of invitees) {
    const role = roleOf(invitee)
    const { address } = invitee
    try {
      const email = requireEmailAddress(address)
      requireCleanName(invitee.firstName ?? '', 'firstName', limits)
      requireCleanName(invitee.lastName ?? '', 'lastName', limits)
      requireCleanAttributes(invitee.attributes ?? {}, limits)
      const username = invitee.username === undefined ? undefined : requireUsername(invitee.username, limits)
      const known = entries.get(toKey(email))
      if (known !== undefined && known.role.id !== role.id && !known.addresses.includes(address)) {
        fail({ addresses: [address] }, 'user_exists', otherRoleText)
        continue
      }
      const addresses = [...(known?.addresses ?? []), address]
      entries.set(
        toKey(email),
        known === undefined
          ? { addresses, email, role, invitee: { ...invitee, ...(username === undefined ? {} : { username }) } }
          : { ...known, addresses },
      )
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      fail({ addresses: [address] }, error.code, error.message)
    }
  }
  return [...entries.values()]
}

/** @throws role_not_found · role_conflict */
function chooseRole({ roleId, roleName }: NewInvitee, roles: RoleBook, fallback: WorkspaceRole): WorkspaceRoleRow {
  const byId = roleId === undefined ? undefined : roles.requireWorkspaceRoleById(roleId)
  const byName = roleName === undefined ? undefined : roles.requireWorkspaceRoleByName(roleName)
  if (byId !== undefined && byName !== undefined && byId.id !== byName.id) {
    throw new ApiError('role_conflict', {
      detail: `roleId is ${byId.name} and roleName is ${byName.name}; send one of them.`,
    })
  }
  return byId ?? byName ?? roles.requireWorkspaceRoleByName(fallback)
}

interface Answers {
  readonly fail: Fail
  readonly succeed: (entry: Entry, id: string) => void
  /** Nothing may be sent to it now. */
  readonly limit: (entry: Entry, refusal: ApiError) => void
}

const otherRoleText = 'this address is invited with another role; change the role of the pending user instead'

/** Answers for addresses that are users already; gives back the others. */
async function answerKnown(
  ctx: TrxCtx,
  entries: readonly Entry[],
  { fail, succeed, limit }: Answers,
): Promise<Entry[]> {
  const users = new Map(
    (
      await findUsersByEmail(
        ctx,
        entries.map((entry) => toKey(entry.email)),
      )
    ).map((user) => [toKey(user.email), user]),
  )
  const latest = await selectLatestInvitations(
    ctx.db,
    ctx.tenantId,
    [...users.values()].map((user) => user.id),
  )
  const fresh: Entry[] = []
  for (const entry of entries) {
    const user = users.get(toKey(entry.email))
    if (user === undefined) fresh.push(entry)
    else if (!isPending(user)) fail(entry, 'user_exists', userExistsText)
    else if (user.workspaceRoleId !== entry.role.id) fail(entry, 'user_exists', otherRoleText)
    else {
      const refusal = await renewIfClosed(ctx, user, latest.get(user.id), entry)
      if (refusal === undefined) succeed(entry, user.id)
      else limit(entry, refusal)
    }
  }
  return fresh
}

/** Somebody whose invitation ran out or was revoked is invited anew; an open one is left alone. */
async function renewIfClosed(
  ctx: TrxCtx,
  user: User,
  invitation: Invitation | undefined,
  entry: Entry,
): Promise<ApiError | undefined> {
  if (invitation !== undefined && invitationState(invitation, ctx.now.getTime()) === 'open') return undefined
  for (const refusal of (await takeMails(ctx, [user.email])).values()) return refusal
  await revokeOpenOf(ctx.db, ctx.tenantId, user.id, ctx.now.getTime())
  await sendInvitations(ctx, [{ id: user.id, email: user.email, role: entry.role }], await inviterOf(ctx))
  return undefined
}

/** Those who may be sent a mail now; it is counted. */
async function keepMailable(ctx: TrxCtx, entries: readonly Entry[], limit: Answers['limit']): Promise<Entry[]> {
  const refusals = await takeMails(
    ctx,
    entries.map((entry) => entry.email),
  )
  return entries.filter((entry) => {
    const refusal = refusals.get(entry.email)
    if (refusal !== undefined) limit(entry, refusal)
    return refusal === undefined
  })
}

/** Answers for those just created. Others were invited by somebody else at this very moment, which is a repeat, or want a username that is taken. */
async function answerCreated(
  ctx: TrxCtx,
  entries: readonly Entry[],
  users: readonly CreatedUser[],
  answers: Answers,
): Promise<void> {
  const idByEmail = new Map(users.map((user) => [user.email, user.id]))
  for (const entry of entries) {
    const id = idByEmail.get(entry.email)
    if (id !== undefined) answers.succeed(entry, id)
  }
  const nameless = await answerKnown(
    ctx,
    entries.filter((entry) => !idByEmail.has(entry.email)),
    answers,
  )
  for (const entry of nameless) answers.fail(entry, 'username_exists', 'another user has this username; choose another')
}

async function splitByGroups(
  ctx: TrxCtx,
  entries: readonly Entry[],
): Promise<{ joinable: Entry[]; groupless: Entry[] }> {
  const wanted = [...new Set(entries.flatMap((entry) => entry.invitee.groupIds ?? []))]
  const existing = await listExistingGroupIds(ctx, wanted)
  const isJoinable = (entry: Entry) => (entry.invitee.groupIds ?? []).every((id) => existing.has(id))
  return { joinable: entries.filter(isJoinable), groupless: entries.filter((entry) => !isJoinable(entry)) }
}

export interface Inviter {
  readonly kind: string
  /** The user whose role decides at acceptance, or the id of a service token or OAuth client. */
  readonly id: string
  readonly name: string
  readonly fullName: string
}

export async function inviterOf(ctx: TrxCtx): Promise<Inviter> {
  const { actor } = ctx
  // Behind a personal token stands a person, whose name says more than the token's.
  const user = actor.userId === null ? undefined : await getUser(ctx, actor.userId)
  const full = `${user?.firstName ?? ''} ${user?.lastName ?? ''}`.trim()
  return {
    kind: actor.userId === null ? actor.kind : 'user',
    id: actor.userId ?? actor.id,
    name: actor.name,
    fullName: full === '' ? (user?.username ?? actor.name) : full,
  }
}

function toNewUser({ email, role, invitee }: Entry, inviter: Inviter): NewUser {
  return {
    email,
    username: invitee.username ?? null,
    firstName: invitee.firstName ?? '',
    lastName: invitee.lastName ?? '',
    attributes: invitee.attributes ?? {},
    role,
    source: 'local',
    enabled: true,
    emailVerified: false,
    invitation: { by: inviter.name, byName: inviter.fullName },
  }
}

/** Opens an invitation for each, with its event and its mail. */
export async function sendInvitations(
  ctx: TrxCtx,
  users: readonly Pick<CreatedUser, 'id' | 'email' | 'role'>[],
  inviter: Inviter,
): Promise<void> {
  if (users.length === 0) return
  const now = ctx.now.getTime()
  const drafts = users.map((user) => {
    const token = newSecret('minv_')
    return { user, token, tokenHash: hashSecret(token), id: uuid() }
  })
  const expiresAt = now + invitationLifetimeMs
  await insertInvitations(
    ctx.db,
    drafts.map(({ user, tokenHash, id }) => ({
      tenant_id: ctx.tenantId,
      id,
      user_id: user.id,
      email: user.email,
      role_id: user.role.id,
      token_hash: tokenHash,
      inviter_kind: inviter.kind,
      inviter_id: inviter.id,
      inviter_name: inviter.fullName,
      created_at: now,
      expires_at: expiresAt,
      last_sent_at: now,
      accepted_at: 0,
      revoked_at: 0,
    })),
  )
  await addToCounter(ctx.db, ctx.tenantId, 'invitations', drafts.length)
  await recordEvents(
    ctx,
    drafts.map(({ user }) => ({
      type: 'invitation.sent',
      subjectId: user.id,
      data: { role: user.role.name },
      personal: { email: user.email },
    })),
  )
  await promiseMails(
    ctx,
    drafts.map(({ user, token, tokenHash, id }) => ({
      invitation: { id, email: user.email, inviterName: inviter.fullName, expiresAt },
      role: user.role.name,
      token,
      tokenHash,
    })),
  )
}
