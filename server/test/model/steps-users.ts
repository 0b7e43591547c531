import fc from 'fast-check'
import type { WorkspaceRole } from '../../src/access/permissions.ts'
import { address, canonical, role } from './samples.ts'
import { idOf, idsOf, needAll, nothingHappens, ref, refs, step, type Effect, type Ref } from './step.ts'
import {
  Refusal,
  groupsOf,
  keepAnAdmin,
  need,
  onlyAdmins,
  openInvitation,
  personasOf,
  revokeOpen,
  sameKey,
  type ModelActor,
  type ModelUser,
  type TenantState,
} from './tenant-state.ts'

const text = fc.constantFrom('', 'Ann', 'Bob', 'ςΣ', "O'Neil %_")

const fields = {
  firstName: text,
  lastName: text,
  email: address,
  enabled: fc.boolean(),
  designation: text,
  workspaceRole: role,
  groups: refs,
  persona: refs,
}

/** Most change one thing: of many one is seldom allowed together with all the others. */
const one = (name: keyof typeof fields, weight: number) => ({
  weight,
  arbitrary: fc.record<Change>({ [name]: fields[name] }),
})
const change: fc.Arbitrary<Change> = fc.oneof(
  one('enabled', 4),
  one('workspaceRole', 2),
  one('email', 2),
  one('groups', 2),
  one('persona', 2),
  one('firstName', 1),
  one('lastName', 1),
  one('designation', 1),
  { weight: 3, arbitrary: fc.record(fields, { requiredKeys: [] }) },
)

export const updateUser = step({
  name: 'update user',
  weight: 10,
  input: fc.record({ user: ref, change }),
  move: (scene, { user: who, change }) => {
    const { state } = scene.here
    const id = idOf(scene, 'users', who)
    const { designation, groups, persona, ...fields } = change
    const groupIds = groups === undefined ? undefined : idsOf(scene, 'groups', groups)
    const personaIds = persona === undefined ? undefined : idsOf(scene, 'personas', persona)
    const body = {
      ...fields,
      ...(designation === undefined ? {} : { attributes: { designation: designation === '' ? [] : [designation] } }),
      ...(groupIds === undefined ? {} : { groups: groupIds }),
      ...(personaIds === undefined ? {} : { persona: personaIds }),
    }
    return {
      request: { method: 'POST', path: `/api/service/users/${id}`, body },
      rule: (actor) => {
        if (actor.userId !== id) onlyAdmins(actor)
        const user = need(state.users, id, 'user_not_found')
        const next = { ...user, ...(designation === undefined ? {} : { designation }) }
        changeEnabled(state, actor, next, fields.enabled)
        changeFields(state, actor, next, fields)
        changeRole(state, actor, next, fields.workspaceRole)
        const effects = [
          changeGroups(state, actor, id, groupIds),
          changePersonas(state, actor, id, { groupIds, personaIds }),
        ]
        return (json) => {
          const isReaddressed = next.email !== user.email
          if (isReaddressed && !user.accepted && revokeOpen(state, id))
            openInvitation(state, { ...user, email: next.email }, actor, scene.now)
          Object.assign(user, next)
          if (isReaddressed) user.verified = false
          for (const effect of effects) effect(json)
        }
      },
    }
  },
})

interface Change {
  readonly firstName?: string
  readonly lastName?: string
  readonly email?: string
  readonly enabled?: boolean
  readonly designation?: string
  readonly workspaceRole?: WorkspaceRole
  readonly groups?: readonly Ref[]
  readonly persona?: readonly Ref[]
}

function changeEnabled(state: TenantState, actor: ModelActor, user: ModelUser, enabled: boolean | undefined): void {
  if (enabled === undefined || enabled === user.enabled) return
  onlyAdmins(actor)
  if (!enabled && actor.userId === user.id) throw new Refusal(409, 'cannot_disable_self')
  if (!enabled) keepAnAdmin(state, user)
  user.enabled = enabled
}

function changeFields(state: TenantState, actor: ModelActor, user: ModelUser, fields: Change): void {
  user.firstName = fields.firstName ?? user.firstName
  user.lastName = fields.lastName ?? user.lastName
  if (fields.email === undefined || sameKey(fields.email, user.email)) return
  onlyAdmins(actor)
  user.email = canonical(fields.email)
  if ([...state.users.values()].some((other) => other.id !== user.id && sameKey(other.email, user.email)))
    throw new Refusal(409, 'user_exists')
}

function changeRole(state: TenantState, actor: ModelActor, user: ModelUser, wanted: WorkspaceRole | undefined): void {
  if (wanted === undefined || wanted === user.role) return
  onlyAdmins(actor)
  keepAnotherAdmin(state, user)
  user.role = wanted
}

/** The user may have been changed by the same request already. */
function keepAnotherAdmin(state: TenantState, user: ModelUser): void {
  if (user.role !== '$admin' || !user.enabled || !user.accepted) return
  const others = [...state.users.values()].filter(({ id }) => id !== user.id)
  if (!others.some(({ role, enabled, accepted }) => role === '$admin' && enabled && accepted))
    throw new Refusal(409, 'last_admin')
}

function changeGroups(
  state: TenantState,
  actor: ModelActor,
  userId: string,
  wanted: readonly string[] | undefined,
): Effect {
  const now = groupsOf(state, userId).map(({ id }) => id)
  if (wanted === undefined || isSameSet(wanted, now)) return nothingHappens
  onlyAdmins(actor)
  needAll(state.groups, wanted, 'group_not_found')
  return () => {
    for (const group of state.groups.values()) {
      if (wanted.includes(group.id)) group.members.add(userId)
      else group.members.delete(userId)
    }
  }
}

/** What comes through groups stays with the groups: of what is sent, it is not given anew. */
function changePersonas(
  state: TenantState,
  actor: ModelActor,
  userId: string,
  {
    groupIds,
    personaIds: wanted,
  }: { readonly groupIds: readonly string[] | undefined; readonly personaIds: readonly string[] | undefined },
): Effect {
  const shown = personasOf(state, userId).map(({ id }) => id)
  if (wanted === undefined || isSameSet(wanted, shown)) return nothingHappens
  onlyAdmins(actor)
  needAll(state.personas, wanted, 'persona_not_found')
  const groupsThen = new Set(groupIds ?? groupsOf(state, userId).map(({ id }) => id))
  return () => {
    for (const persona of state.personas.values()) {
      const isInherited = !persona.groups.isDisjointFrom(groupsThen)
      const isDirect = persona.users.has(userId)
      if (wanted.includes(persona.id) && (isDirect || !isInherited)) persona.users.add(userId)
      else persona.users.delete(userId)
    }
  }
}

function isSameSet(some: readonly string[], others: readonly string[]): boolean {
  return new Set(some).symmetricDifference(new Set(others)).size === 0
}

export const giveRole = step({
  name: 'change role',
  weight: 5,
  input: fc.record({
    user: ref,
    role: fc.oneof({ weight: 8, arbitrary: role }, fc.constantFrom('there' as const, 'nothing' as const)),
    form: fc.boolean(),
  }),
  move: (scene, { user: who, role: wanted, form }) => {
    const { state, roleIds } = scene.here
    const id = idOf(scene, 'users', who)
    const roleId = wanted === 'there' ? scene.there.roleIds.get('$member') : roleIds.get(wanted)
    const path = `/api/service/users/${id}/roles`
    return {
      request: form
        ? { method: 'PUT', path, body: { roles: [roleId ?? 'nothing'] } }
        : { method: 'POST', path: `${path}/update`, body: { roleId: roleId ?? 'nothing' } },
      status: form ? 204 : 200,
      rule: (actor) => {
        onlyAdmins(actor)
        if (wanted === 'there' || wanted === 'nothing') throw new Refusal(400, 'role_not_found')
        const user = need(state.users, id, 'user_not_found')
        if (user.role !== wanted) keepAnAdmin(state, user)
        return () => void (user.role = wanted)
      },
    }
  },
})

export const deleteUser = step({
  name: 'delete user',
  weight: 2,
  input: fc.record({ user: ref, heir: fc.option(ref) }),
  move: (scene, { user: who, heir }) => {
    const { state } = scene.here
    const id = idOf(scene, 'users', who)
    const heirId = heir === null ? null : idOf(scene, 'users', heir)
    return {
      request: { method: 'POST', path: `/api/service/users/${id}/delete`, body: { transferToUserId: heirId } },
      rule: (actor) => {
        onlyAdmins(actor)
        const user = need(state.users, id, 'user_not_found')
        if (heirId !== null && (!need(state.users, heirId, 'user_not_found').enabled || heirId === id))
          throw new Refusal(400, 'transfer_target_disabled')
        if (actor.userId === id) throw new Refusal(409, 'cannot_disable_self')
        keepAnAdmin(state, user)
        return () => forgetUser(state, id)
      },
    }
  },
})

function forgetUser(state: TenantState, id: string): void {
  state.users.delete(id)
  for (const group of state.groups.values()) group.members.delete(id)
  for (const persona of state.personas.values()) persona.users.delete(id)
  for (const token of state.tokens.values()) {
    if (token.ownerId !== id) continue
    state.deadSecrets.add(token.secret)
    state.tokens.delete(token.id)
  }
  for (const invitation of state.invitations.values()) {
    if (invitation.userId !== id) continue
    if (invitation.link !== null) state.deadLinks.add(invitation.link)
    state.invitations.delete(invitation.id)
  }
}
