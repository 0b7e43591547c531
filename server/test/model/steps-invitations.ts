import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { WorkspaceRole } from '../../src/access/permissions.ts'
import { idOf, idsOf, pick, ref, refs, step, type Effect, type Move, type Scene } from './step.ts'
import { address, canonical, role } from './samples.ts'
import {
  Refusal,
  forgetLink,
  invitationOutcome,
  need,
  onlyAdmins,
  openInvitation,
  revokeOpen,
  sameKey,
  weekMs,
  type ModelActor,
  type ModelInvitation,
  type ModelUser,
  type TenantState,
} from './tenant-state.ts'

const badAddress = 'no address'

export const invite = step({
  name: 'invite',
  weight: 12,
  input: fc.record({
    entries: fc.array(
      fc.record({
        email: fc.oneof({ weight: 9, arbitrary: address }, { weight: 1, arbitrary: fc.constant(badAddress) }),
        groups: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: refs }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    role: fc.oneof({ weight: 12, arbitrary: role }, { weight: 1, arbitrary: fc.constant('$nobody' as const) }),
    form: fc.constantFrom<'users' | 'emails'>('users', 'emails'),
  }),
  move: (scene, { entries, role: roleName, form }) => {
    const { state } = scene.here
    const wanted = entries.map(({ email, groups }) => ({
      email,
      groupIds: form === 'users' ? idsOf(scene, 'groups', groups) : [],
    }))
    const body =
      form === 'emails'
        ? { emails: wanted.map(({ email }) => email), roleName }
        : { users: wanted.map(({ email, groupIds }) => ({ email, roleName, groups: groupIds })) }
    return {
      request: { method: 'POST', path: '/api/service/users', body },
      rule: (actor) => {
        onlyAdmins(actor)
        if (roleName === '$nobody') throw new Refusal(400, 'role_not_found')
        const failures = new Map<string, string>()
        const known = new Map<string, ModelUser>()
        const fresh: Fresh[] = []
        for (const { email, groupIds } of distinct(wanted, failures)) {
          const user = [...state.users.values()].find((candidate) =>
            sameKey(candidate.email, canonical(email[0] ?? '')),
          )
          const reason = user === undefined ? missingGroup(state, groupIds) : duplicate(user, roleName)
          if (reason !== null) for (const spelling of email) failures.set(spelling, reason)
          else if (user === undefined) fresh.push({ email, groupIds })
          else for (const spelling of email) known.set(spelling, user)
        }
        if (form === 'users' && known.size + fresh.length === 0) throw refusalOf([...failures.values()])
        return (json) => {
          expectFailures(json.failedUsers, failures)
          expectCreated(json.createdUsers, known, fresh)
          for (const user of new Set(known.values())) renewIfOver(scene, user, actor)
          for (const one of fresh) addInvited(scene, actor, json.createdUsers[one.email[0] ?? ''], { ...one, roleName })
        }
      },
    }
  },
})

interface Fresh {
  /** Spellings of one address. */
  readonly email: readonly string[]
  readonly groupIds: readonly string[]
}

/** Spellings of one address are one entry, with what the first of them asks for. */
function distinct(
  wanted: readonly { readonly email: string; readonly groupIds: readonly string[] }[],
  failures: Map<string, string>,
): Fresh[] {
  const good = wanted.filter(({ email }) => email !== badAddress)
  if (good.length < wanted.length) failures.set(badAddress, 'invalid_email')
  const byKey = Map.groupBy(good, ({ email }) => email.toLowerCase())
  return [...byKey.values()].map((same) => ({
    email: same.map(({ email }) => email),
    groupIds: same[0]?.groupIds ?? [],
  }))
}

function missingGroup(state: TenantState, groupIds: readonly string[]): string | null {
  return groupIds.every((id) => state.groups.has(id)) ? null : 'group_not_found'
}

function duplicate(user: ModelUser, roleName: WorkspaceRole): string | null {
  return user.accepted || user.role !== roleName ? 'user_exists' : null
}

/** When nobody could be invited, one of the reasons is the answer. */
function refusalOf(reasons: readonly string[]): Refusal {
  if (reasons.includes('invalid_email')) return new Refusal(400, 'invalid_email')
  return reasons.includes('user_exists') ? new Refusal(409, 'user_exists') : new Refusal(400, 'invalid_body')
}

function expectFailures(shown: Record<string, string>, failures: ReadonlyMap<string, string>): void {
  const codes = Object.entries(shown).map(([email, text]) => [email, text.split(':')[0]])
  assert.deepEqual(Object.fromEntries(codes), Object.fromEntries(failures))
}

function expectCreated(
  shown: Record<string, string>,
  known: ReadonlyMap<string, ModelUser>,
  fresh: readonly Fresh[],
): void {
  assert.deepEqual(
    Object.keys(shown).toSorted(),
    [...known.keys(), ...fresh.flatMap(({ email }) => email)].filter(isFirst).toSorted(),
  )
  for (const [email, user] of known) assert.equal(shown[email], user.id)
}

function isFirst<T>(value: T, at: number, all: readonly T[]): boolean {
  return all.indexOf(value) === at
}

function renewIfOver(scene: Scene, user: ModelUser, actor: ModelActor): void {
  const { invitations } = scene.here.state
  const isOpen = [...invitations.values()].some(
    (one) => one.userId === user.id && invitationOutcome(one, scene.now) === 'open',
  )
  if (isOpen) return
  revokeOpen(scene.here.state, user.id)
  openInvitation(scene.here.state, user, actor, scene.now)
}

function addInvited(
  scene: Scene,
  actor: ModelActor,
  id: string,
  { email, groupIds, roleName }: Fresh & { readonly roleName: WorkspaceRole },
): void {
  const { state } = scene.here
  const user: ModelUser = {
    id,
    username: '',
    email: canonical(email[0] ?? ''),
    firstName: '',
    lastName: '',
    designation: '',
    enabled: true,
    verified: false,
    accepted: false,
    role: roleName,
  }
  state.users.set(id, user)
  for (const group of state.groups.values()) if (group.isDefault || groupIds.includes(group.id)) group.members.add(id)
  openInvitation(state, user, actor, scene.now)
}

type Verb = 'resend' | 'revoke' | 'link'

export const manageInvitation = step({
  name: 'invitation',
  weight: 4,
  input: fc.record({
    invitation: fc.oneof(ref, fc.nat(9)),
    verb: fc.constantFrom<Verb>('resend', 'revoke', 'link', 'link'),
  }),
  move: (scene, { invitation: which, verb }) => {
    const id = typeof which === 'number' ? pick(openIds(scene), which) : idOf(scene, 'invitations', which)
    return id === undefined ? undefined : manage(scene, id, verb)
  },
})

export function manage(scene: Scene, id: string, verb: Verb): Move {
  const { state } = scene.here
  return {
    request: { method: 'POST', path: `/api/muster/invitations/${id}/${verb}` },
    rule: (actor) => {
      onlyAdmins(actor)
      const invitation = need(state.invitations, id, 'invitation_not_found')
      if (invitation.outcome === 'accepted') throw new Refusal(409, 'invitation_closed')
      if (verb === 'revoke') return () => revoke(state, invitation)
      if (invitation.outcome === 'revoked') throw new Refusal(409, 'invitation_closed')
      return renewLink(scene, invitation)
    },
  }
}

/** Most requests are about invitations that can still be accepted. */
export function openIds({ here: { state }, now }: Scene): string[] {
  return [...state.invitations.values()].filter((one) => invitationOutcome(one, now) === 'open').map(({ id }) => id)
}

function revoke(state: TenantState, invitation: ModelInvitation): void {
  invitation.outcome = 'revoked'
  forgetLink(state, invitation)
}

function renewLink({ here, now }: Scene, invitation: ModelInvitation): Effect {
  return (json) => {
    forgetLink(here.state, invitation)
    invitation.expiresAt = now + weekMs
    if (json === null) return
    assert.equal(json.expiresAt, invitation.expiresAt)
    invitation.link = new URL(json.link).searchParams.get('token')
  }
}
