import type { WorkspaceRole } from '../access/permissions.ts'
import type { Attributes } from '../text/clean-text.ts'

export type UserSource = 'local' | 'jit' | 'scim'

/** A user's own row. Times are epoch ms, 0 where the thing never happened. */
export interface User {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly firstName: string
  readonly lastName: string
  readonly enabled: boolean
  readonly emailVerified: boolean
  readonly source: UserSource
  readonly workspaceRoleId: string
  readonly attributes: Attributes
  readonly lockedUntil: number
  readonly invitedAt: number
  readonly invitedBy: string
  readonly invitedByName: string
  readonly acceptedAt: number
  readonly lastLoginAt: number
  readonly createdAt: number
  /** When own fields or the role last changed. */
  readonly modifiedAt: number
  readonly version: number
  readonly linksVersion: number
  /** Whether the user was ever given anything time-bound. */
  readonly hasTimeBounds: boolean
  /** Whether the user was ever given a role beside the workspace role. */
  readonly hasMoreRoles: boolean
}

export function isPending(user: Pick<User, 'invitedAt' | 'acceptedAt'>): boolean {
  return user.invitedAt > 0 && user.acceptedAt === 0
}

/** What links show on a user: ids of groups, and personas and purposes, held directly or through groups. */
export interface UserLinks {
  readonly groupIds: readonly string[]
  readonly personas: readonly NamedLink[]
  readonly purposes: readonly NamedLink[]
}

export interface NamedLink {
  readonly id: string
  readonly name: string
  readonly displayName: string
  readonly qualifiedName: string
}

/** A role held on one thing, not on the workspace. */
export interface DecentralizedRoleLink {
  readonly roleId: string
  readonly level: string
  readonly privilege: string
}

/** A user as lists and single reads show them, at one instant. */
export interface UserView extends User, UserLinks {
  /** The one that counts now: one's own, or the one granted for the time being. */
  readonly workspaceRole: WorkspaceRole
  /** Added to a member; nobody else has any. */
  readonly subRoles: readonly { readonly id: string; readonly name: string }[]
  readonly decentralizedRoles: readonly DecentralizedRoleLink[]
  /** The newest of the user's bounds in time that has passed, epoch ms; 0 when there is none. */
  readonly lastBoundAt: number
}

/** A change of one user; what is absent stays. */
export interface UserChange {
  readonly email?: string
  readonly firstName?: string
  readonly lastName?: string
  readonly enabled?: boolean
  /** Merged key by key; an empty list clears a key. */
  readonly attributes?: Attributes
  readonly workspaceRole?: string
  /** Full replacement of memberships. */
  readonly groupIds?: readonly string[]
  /** Full replacement of the personas held directly. */
  readonly personaIds?: readonly string[]
}

export interface NewInvitee {
  /** As sent: the key of the answer. */
  readonly address: string
  readonly roleId?: string
  readonly roleName?: string
  readonly username?: string
  readonly firstName?: string
  readonly lastName?: string
  readonly attributes?: Attributes
  readonly groupIds?: readonly string[]
}

/** Which versions make up what a user's document shows. */
export interface DocumentVersion {
  readonly id: string
  /** Whether there are events of what the user did as an admin; they are read anew each time. */
  readonly hasActed: boolean
  readonly version: number
  readonly linksVersion: number
  readonly catalogueVersion: number
  /** The newest of the user's bounds in time that has passed: what is true by the clock is true until it rises. */
  readonly lastBoundAt: number
}
