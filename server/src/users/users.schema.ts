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

/** A user as lists and single reads show them. */
export interface UserView extends User, UserLinks {
  readonly workspaceRole: WorkspaceRole
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
}
