import type { WorkspaceRole } from '../../src/access/permissions.ts'
import type { TestTenant } from '../start-test-app.ts'

/** One tenant as the contract says it is; kept by plain rules in memory, without SQL and without the server's code. */
export interface TenantState {
  readonly users: Map<string, ModelUser>
  readonly groups: Map<string, ModelGroup>
  readonly personas: Map<string, ModelPersona>
  readonly tokens: Map<string, ModelToken>
  readonly invitations: Map<string, ModelInvitation>
  /** By the id that addresses take. */
  readonly clients: Map<string, ModelClient>
  readonly goneClients: ModelClient[]
  /** What worked once and does not any more: secrets that nobody may be let in with. */
  readonly deadSecrets: Set<string>
  readonly deadLinks: Set<string>
  /** Made by the last step; their ids are read from the server's list. */
  readonly newInvitations: Omit<ModelInvitation, 'id'>[]
}

export interface ModelUser {
  readonly id: string
  /** Empty until it is read: the server may have derived it. */
  username: string
  email: string
  firstName: string
  lastName: string
  designation: string
  enabled: boolean
  verified: boolean
  accepted: boolean
  role: WorkspaceRole
}

export interface ModelGroup {
  readonly id: string
  readonly name: string
  alias: string
  description: string
  isDefault: boolean
  readonly members: Set<string>
}

export interface ModelPersona {
  readonly id: string
  readonly qualifiedName: string
  name: string
  description: string
  users: Set<string>
  groups: Set<string>
}

export interface ModelToken {
  readonly id: string
  readonly secret: string
  displayName: string
  /** Null: a service token, which has the role it was made with. */
  readonly ownerId: string | null
  readonly role: WorkspaceRole | null
  readonly lifetimeSeconds: number
  readonly expiresAt: number
}

export interface ModelClient {
  readonly id: string
  readonly clientId: string
  readonly secret: string
  displayName: string
  role: WorkspaceRole
  readonly accessTokens: { readonly secret: string; readonly expiresAt: number }[]
}

export interface ModelInvitation {
  readonly id: string
  readonly userId: string
  readonly email: string
  readonly role: WorkspaceRole
  /** Whose right to invite decides at acceptance. */
  readonly inviter: { readonly userId: string } | { readonly tokenId: string }
  expiresAt: number
  outcome: 'none' | 'accepted' | 'revoked'
  /** Of the newest link, when somebody has seen it. */
  link: string | null
}

/** A tenant of the server beside what the model says it is. */
export interface Side {
  readonly tenant: TestTenant
  readonly roleIds: ReadonlyMap<string, string>
  readonly state: TenantState
}

export interface ModelActor {
  readonly tokenId: string
  readonly userId: string | null
  readonly role: WorkspaceRole
  readonly expiresAt: number
}

/** The rule that forbids something; nothing changes then. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string) {
    super(`${status} ${code}`)
    this.status = status
    this.code = code
  }
}

export function emptyState(): TenantState {
  return {
    users: new Map(),
    groups: new Map(),
    personas: new Map(),
    tokens: new Map(),
    invitations: new Map(),
    clients: new Map(),
    goneClients: [],
    deadSecrets: new Set(),
    deadLinks: new Set(),
    newInvitations: [],
  }
}

export const weekMs = 7 * 24 * 60 * 60 * 1000
export const everSeconds = 157_680_000

/** Compared without regard to case; the texts used here need nothing more. */
export function sameKey(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

/** Who is behind a secret now. @throws Refusal 401 */
export function actorOf(state: TenantState, secret: string, now: number): ModelActor {
  const token = [...state.tokens.values()].find((candidate) => candidate.secret === secret)
  if (token === undefined || now >= token.expiresAt) throw new Refusal(401, 'invalid_token')
  if (token.ownerId === null) {
    if (token.role === null) throw new Error('a service token has a role')
    return { tokenId: token.id, userId: null, role: token.role, expiresAt: token.expiresAt }
  }
  const owner = state.users.get(token.ownerId)
  if (owner === undefined || !owner.enabled || !owner.accepted) throw new Refusal(401, 'invalid_token')
  return { tokenId: token.id, userId: owner.id, role: owner.role, expiresAt: token.expiresAt }
}

/** @throws Refusal 403 */
export function onlyAdmins({ role }: ModelActor): void {
  if (role !== '$admin') throw new Refusal(403, 'insufficient_role')
}

/** @throws Refusal 403 */
export function notGuests({ role }: ModelActor): void {
  if (role === '$guest') throw new Refusal(403, 'insufficient_role')
}

/** @throws Refusal 404 */
export function need<T>(things: ReadonlyMap<string, T>, id: string, code: string): T {
  const found = things.get(id)
  if (found === undefined) throw new Refusal(404, code)
  return found
}

function usableAdmins(state: TenantState): ModelUser[] {
  return [...state.users.values()].filter(({ role, enabled, accepted }) => role === '$admin' && enabled && accepted)
}

/** @throws Refusal: there must always be an enabled admin who accepted */
export function keepAnAdmin(state: TenantState, leaving: ModelUser): void {
  const admins = usableAdmins(state)
  if (admins.length === 1 && admins[0]?.id === leaving.id) throw new Refusal(409, 'last_admin')
}

export function groupsOf(state: TenantState, userId: string): ModelGroup[] {
  return [...state.groups.values()].filter(({ members }) => members.has(userId))
}

/** Personas as the user's record shows them: held directly or through a group. */
export function personasOf(state: TenantState, userId: string): ModelPersona[] {
  const groupIds = new Set(groupsOf(state, userId).map(({ id }) => id))
  return [...state.personas.values()].filter(
    ({ users, groups }) => users.has(userId) || !groups.isDisjointFrom(groupIds),
  )
}

export function invitationOutcome({ outcome, expiresAt }: ModelInvitation, now: number): string {
  if (outcome !== 'none') return outcome
  return now < expiresAt ? 'open' : 'expired'
}

/** The tenant offers a user to join; whoever acts answers for it. */
export function openInvitation(state: TenantState, user: ModelUser, actor: ModelActor, now: number): void {
  state.newInvitations.push({
    userId: user.id,
    email: user.email,
    role: user.role,
    inviter: actor.userId === null ? { tokenId: actor.tokenId } : { userId: actor.userId },
    expiresAt: now + weekMs,
    outcome: 'none',
    link: null,
  })
}

/** Ends whatever offer to a user is neither accepted nor revoked; answers whether there was one. */
export function revokeOpen(state: TenantState, userId: string): boolean {
  const open = [...state.invitations.values()].filter((one) => one.userId === userId && one.outcome === 'none')
  for (const invitation of open) {
    invitation.outcome = 'revoked'
    forgetLink(state, invitation)
  }
  return open.length > 0
}

export function forgetLink(state: TenantState, invitation: ModelInvitation): void {
  if (invitation.link !== null) state.deadLinks.add(invitation.link)
  invitation.link = null
}
