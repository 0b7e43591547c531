import { authorize, insufficientRole, may } from '../access/authorize.ts'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { requireVersion, tagOf } from '../access/version-check.ts'
import { toKey } from '../db/normal-key.ts'
import { violatesUnique } from '../db/dialects/violations.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { listGroupIdsOfUser, replaceGroupsOfUser } from '../groups/group-members.service.ts'
import { reissueInvitation } from '../invitations/invitations.service.ts'
import { listPersonaIdsOfUser, replacePersonasOfUser } from '../personas/persona-subjects.service.ts'
import { readRoles } from '../roles/roles.service.ts'
import { endSessionsOf } from '../sessions/sessions.service.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import { requireCleanAttributes, requireCleanName, type Attributes } from '../text/clean-text.ts'
import { requireEmailAddress } from '../text/email-address.ts'
import { applyRole, holdUser, requireOtherAdmin, requireUser } from './user-roles.service.ts'
import { cannotDisableSelf, isScimManaged, managedByScim, titleKey, userExistsText } from './user-rules.ts'
import { updateUser as writeUser } from './user-writes.queries.ts'
import { getCatalogueVersion } from './users.queries.ts'
import { isPending, type User, type UserChange } from './users.schema.ts'

/**
 * Changes a user. What equals the stored value is no change, and a change that changes nothing leaves no trace.
 * People may change their own names and attributes; everything else is for admins.
 *
 * @returns the user after the change
 * @throws insufficient_role · user_not_found · user_exists · invalid_email · role_not_found · group_not_found ·
 *   persona_not_found · cannot_disable_self · last_admin · managed_by_scim · api_deactivation_off · version_mismatch
 * @source contract/rest-api.md, U4
 */
export async function updateUser(ctx: Ctx, userId: string, change: UserChange, ifMatch?: string): Promise<User> {
  authorize(ctx, 'self:write')
  if (!may(ctx, 'users:write') && ctx.actor.userId !== userId) throw insufficientRole(ctx.actor.role)
  return inTransaction(ctx, async (ctx) => {
    const user = await holdUser(ctx, userId)
    if (ifMatch !== undefined) {
      const catalogueVersion = await getCatalogueVersion(ctx.db, ctx.tenantId)
      requireVersion(ifMatch, tagOf(user.version, user.linksVersion, catalogueVersion))
    }
    await applyEnabled(ctx, user, change.enabled)
    await applyFields(ctx, user, change)
    await applyWorkspaceRole(ctx, change.workspaceRole, userId)
    await applyLinks(ctx, userId, change)
    return requireUser(ctx, userId)
  })
}

/**
 * Lists as the record shows them are no change, whoever sends them back. Both are compared before either is replaced:
 * a group that goes takes its personas along.
 */
async function applyLinks(ctx: TrxCtx, userId: string, { groupIds, personaIds }: UserChange): Promise<void> {
  const newGroupIds =
    groupIds === undefined || isSameSet(groupIds, await listGroupIdsOfUser(ctx, userId)) ? undefined : groupIds
  const newPersonaIds =
    personaIds === undefined || isSameSet(personaIds, await listPersonaIdsOfUser(ctx, userId)) ? undefined : personaIds
  if (newGroupIds === undefined && newPersonaIds === undefined) return
  authorize(ctx, 'users:write')
  if (newGroupIds !== undefined) await replaceGroupsOfUser(ctx, userId, newGroupIds)
  if (newPersonaIds !== undefined) await replacePersonasOfUser(ctx, userId, newPersonaIds)
}

function isSameSet(some: readonly string[], others: readonly string[]): boolean {
  return new Set(some).symmetricDifference(new Set(others)).size === 0
}

async function applyWorkspaceRole(ctx: TrxCtx, name: string | undefined, userId: string): Promise<void> {
  if (name === undefined) return
  const roles = await readRoles(ctx)
  const user = await requireUser(ctx, userId)
  if (roles.byId(user.workspaceRoleId)?.name === name) return
  authorize(ctx, 'users:write')
  await applyRole(ctx, user, roles.requireWorkspaceRoleByName(name).id, roles)
}

async function applyEnabled(ctx: TrxCtx, user: User, enabled: boolean | undefined): Promise<void> {
  if (enabled === undefined || enabled === user.enabled) return
  authorize(ctx, 'users:write')
  const { settings } = await getTenant(ctx)
  if (isProgram(ctx) && !settings.apiMayDeactivateUsers) {
    throw new ApiError('api_deactivation_off', {
      detail: 'This workspace does not let programs enable or disable users (Settings, API); do it in the console.',
    })
  }
  if (enabled) {
    if (isScimManaged(user, settings.scimIsOn)) throw managedByScim('enable them')
  } else {
    if (ctx.actor.userId === user.id) throw cannotDisableSelf('disable')
    await requireOtherAdmin(ctx, user, await readRoles(ctx))
  }
  await writeUser(ctx.db, ctx.tenantId, user.id, { enabled: enabled ? 1 : 0, modified_at: ctx.now.getTime() })
  await recordEvent(ctx, {
    type: enabled ? 'user.enabled' : 'user.disabled',
    subjectId: user.id,
    data: {},
    personal: {},
  })
  if (!enabled) await endSessionsOf(ctx, user.id, 'disabled')
}

function isProgram({ actor }: TrxCtx): boolean {
  return actor.kind === 'api_token' || actor.kind === 'oauth_client'
}

interface FieldValues {
  email: string
  firstName: string
  lastName: string
  attributes: Attributes
}

const fieldNames = ['email', 'firstName', 'lastName', 'attributes'] as const

async function applyFields(ctx: TrxCtx, user: User, change: UserChange): Promise<void> {
  const next = nextValues(user, change)
  const fields = fieldNames.filter((name) => JSON.stringify(next[name]) !== JSON.stringify(user[name]))
  if (fields.length === 0) return
  const emailChanges = fields.includes('email')
  if (emailChanges) await requireMayChangeEmail(ctx, user)
  try {
    await writeUser(ctx.db, ctx.tenantId, user.id, {
      email: next.email,
      email_key: toKey(next.email),
      first_name: next.firstName,
      first_name_key: toKey(next.firstName),
      last_name: next.lastName,
      last_name_key: toKey(next.lastName),
      attributes: JSON.stringify(next.attributes),
      title_key: titleKey(next.attributes),
      modified_at: ctx.now.getTime(),
      ...(emailChanges ? { email_verified: 0 } : {}),
    })
  } catch (error) {
    if (!violatesUnique(error, 'users', 'email_key')) throw error
    throw new ApiError('user_exists', {
      detail: `${userExistsText}; addresses are unique in a workspace.`,
      cause: error,
    })
  }
  const pick = (values: FieldValues) => Object.fromEntries(fields.map((name) => [name, values[name]]))
  await recordEvent(ctx, {
    type: 'user.updated',
    subjectId: user.id,
    data: { fields },
    personal: { before: pick(user), after: pick(next) },
  })
  // The link mailed to the old address must not let its reader in under the new one.
  if (emailChanges && isPending(user)) await reissueInvitation(ctx, user.id, next.email)
}

async function requireMayChangeEmail(ctx: TrxCtx, user: User): Promise<void> {
  const { settings } = await getTenant(ctx)
  if (isScimManaged(user, settings.scimIsOn)) throw managedByScim('change the address')
  authorize(ctx, 'users:write')
}

function nextValues(user: User, change: UserChange): FieldValues {
  return {
    // A record sent back may carry the address as it was typed; only a different one is judged anew.
    email:
      change.email === undefined || toKey(change.email) === toKey(user.email)
        ? user.email
        : requireEmailAddress(change.email),
    firstName: change.firstName === undefined ? user.firstName : requireCleanName(change.firstName, 'firstName'),
    lastName: change.lastName === undefined ? user.lastName : requireCleanName(change.lastName, 'lastName'),
    attributes: change.attributes === undefined ? user.attributes : mergeAttributes(user.attributes, change.attributes),
  }
}

/** The result is what must stay within the limits: many small changes add up. */
function mergeAttributes(stored: Attributes, change: Attributes): Attributes {
  return requireCleanAttributes(
    Object.fromEntries(Object.entries({ ...stored, ...change }).filter(([, values]) => values.length > 0)),
  )
}
