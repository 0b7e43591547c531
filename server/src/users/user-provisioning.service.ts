import { authorize } from '../access/authorize.ts'
import type { TrxCtx } from '../access/ctx.ts'
import type { WorkspaceRole } from '../access/permissions.ts'
import { toKey } from '../db/normal-key.ts'
import { violatesUnique } from '../db/dialects/violations.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { joinFirstGroups } from '../groups/group-members.service.ts'
import { voidInvitations } from '../invitations/invitations.service.ts'
import { readRoles } from '../roles/roles.service.ts'
import { endSessionsOf } from '../sessions/sessions.service.ts'
import { createUsers } from './user-creation.service.ts'
import { applyRole, requireOtherAdmin, requireUser } from './user-roles.service.ts'
import { emailKey, titleKey, userExistsText } from './user-rules.ts'
import { updateUser } from './user-writes.queries.ts'
import { findIdByName } from './users.queries.ts'
import type { User } from './users.schema.ts'

/** A user as an identity provider describes one; values are checked by the protocol's own rules. */
export interface ProvisionedUser {
  readonly username: string
  /** Canonical; empty when there is none. */
  readonly email: string
  readonly firstName: string
  readonly lastName: string
  /** Empty when there is none. */
  readonly title: string
  readonly enabled: boolean
  readonly role: WorkspaceRole
}

/**
 * Creates a user whom an identity provider owns: no invitation, in every default group, able to sign in there at once.
 *
 * @throws username_exists · user_exists
 * @source contract/scim.md 4.1
 */
export async function provisionUser(ctx: TrxCtx, input: ProvisionedUser): Promise<User> {
  authorize(ctx, 'users:write')
  const role = (await readRoles(ctx)).requireWorkspaceRoleByName(input.role)
  const [user] = await createUsers(ctx, [
    {
      email: input.email,
      username: input.username,
      firstName: input.firstName,
      lastName: input.lastName,
      attributes: input.title === '' ? {} : { designation: [input.title] },
      role,
      source: 'scim',
      enabled: input.enabled,
      emailVerified: false,
      invitation: null,
    },
  ])
  if (user === undefined) throw await collision(ctx, input)
  await joinFirstGroups(ctx, [{ id: user.id, groupIds: [] }])
  return requireUser(ctx, user.id)
}

/** Nothing was inserted: the name or the address belongs to somebody. */
async function collision(ctx: TrxCtx, { username, email }: ProvisionedUser): Promise<ApiError> {
  const byName = await findIdByName(ctx.db, ctx.tenantId, toKey(username))
  return byName !== undefined || email === '' ? usernameExists(username) : userExists()
}

function usernameExists(username: string, cause?: unknown): ApiError {
  return new ApiError('username_exists', { detail: `The username "${username}" is taken; choose another.`, cause })
}

function userExists(cause?: unknown): ApiError {
  return new ApiError('user_exists', { detail: `${userExistsText}; addresses are unique in a workspace.`, cause })
}

const ownFields = ['username', 'email', 'firstName', 'lastName', 'title'] as const

/**
 * Makes a user what an identity provider says, who owns the record from now on: the name and the address may change,
 * and enabling is theirs. The row is held. A record that is so already is left alone.
 *
 * @throws username_exists · user_exists · last_admin
 * @source contract/scim.md 4.1, 4.2
 */
export async function changeProvisionedUser(ctx: TrxCtx, user: User, next: ProvisionedUser): Promise<boolean> {
  authorize(ctx, 'users:write')
  const fields = await writeOwnFields(ctx, user, next)
  const enabling = await writeEnabled(ctx, user, next.enabled)
  const roles = await readRoles(ctx)
  const role = roles.requireWorkspaceRoleByName(next.role)
  const changesRole = user.workspaceRoleId !== role.id
  await applyRole(ctx, { ...user, enabled: next.enabled && user.enabled }, role.id, roles)
  return fields || enabling || changesRole
}

async function writeOwnFields(ctx: TrxCtx, user: User, next: ProvisionedUser): Promise<boolean> {
  const before = { ...user, title: user.attributes['designation']?.[0] ?? '' }
  const fields = ownFields.filter((name) => before[name] !== next[name])
  const adopts = user.source !== 'scim'
  if (fields.length === 0 && !adopts) return false
  const signsInElsewhere = fields.includes('username') || (fields.includes('email') && user.email !== '')
  const attributes = fields.includes('title') ? withTitle(user, next.title) : user.attributes
  try {
    await updateUser(ctx.db, ctx.tenantId, user.id, {
      username: next.username,
      username_key: toKey(next.username),
      email: next.email,
      email_key: emailKey(next.email, user.id),
      first_name: next.firstName,
      first_name_key: toKey(next.firstName),
      last_name: next.lastName,
      last_name_key: toKey(next.lastName),
      attributes: JSON.stringify(attributes),
      title_key: titleKey(attributes),
      source: 'scim',
      // Who was invited is let in by the identity provider now.
      ...(adopts && user.invitedAt > 0 && user.acceptedAt === 0 ? { accepted_at: ctx.now.getTime() } : {}),
      ...(fields.includes('email') ? { email_verified: 0 } : {}),
      modified_at: ctx.now.getTime(),
    })
  } catch (error) {
    if (violatesUnique(error, 'users', 'username_key')) throw usernameExists(next.username, error)
    if (violatesUnique(error, 'users', 'email_key')) throw userExists(error)
    throw error
  }
  if (adopts) await recordEvent(ctx, { type: 'user.adopted', subjectId: user.id, data: {}, personal: {} })
  if (fields.length > 0) {
    const pick = (values: typeof before | ProvisionedUser) =>
      Object.fromEntries(fields.map((name) => [name, values[name]]))
    await recordEvent(ctx, {
      type: 'user.updated',
      subjectId: user.id,
      data: { fields: [...fields] },
      personal: { before: pick(before), after: pick(next) },
    })
  }
  if (signsInElsewhere || adopts) await voidInvitations(ctx, user.id)
  return true
}

function withTitle({ attributes }: User, title: string): User['attributes'] {
  const { designation: _replaced, ...others } = attributes
  return title === '' ? others : { ...others, designation: [title] }
}

async function writeEnabled(ctx: TrxCtx, user: User, enabled: boolean): Promise<boolean> {
  if (user.enabled === enabled) return false
  if (!enabled) await requireOtherAdmin(ctx, user, await readRoles(ctx))
  await updateUser(ctx.db, ctx.tenantId, user.id, { enabled: enabled ? 1 : 0, modified_at: ctx.now.getTime() })
  await recordEvent(ctx, {
    type: enabled ? 'user.enabled' : 'user.disabled',
    subjectId: user.id,
    data: {},
    personal: {},
  })
  if (!enabled) await endSessionsOf(ctx, user.id, 'disabled')
  return true
}

/** The SCIM document of a user changed though no field of the user did: the version rises all the same. */
export async function touchUser(ctx: TrxCtx, userId: string): Promise<void> {
  await updateUser(ctx.db, ctx.tenantId, userId, { modified_at: ctx.now.getTime() })
}
