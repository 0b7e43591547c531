import type { Bounds } from '../bounds/bounds.ts'
import type { Attributes } from '../text/clean-text.ts'

export type MembershipSource = 'local' | 'jit' | 'scim'

/** A group's own row. Times are epoch ms, 0 where the thing never happened. */
export interface Group {
  readonly id: string
  /** Internal, unique, never changes. */
  readonly name: string
  /** What people see. */
  readonly alias: string
  /** Custom ones; alias, default and stamps are fields of their own. */
  readonly attributes: Attributes
  readonly isDefault: boolean
  readonly source: MembershipSource
  /** At the instant of the request. */
  readonly memberCount: number
  /** Memberships that are time-bound, in whatever state. */
  readonly timedMembers: number
  readonly createdAt: number
  readonly createdBy: string
  readonly updatedAt: number
  readonly updatedBy: string
  /** When own fields or members last changed. */
  readonly modifiedAt: number
  readonly version: number
  readonly linksVersion: number
  readonly membersVersion: number
}

/** A group by itself, with what its entity tag needs. */
export interface TaggedGroup extends Group {
  /** The newest bound of a membership that has passed, epoch ms; 0 when there is none. */
  readonly lastBoundAt: number
}

/** Who is to be in a group, and when. */
export interface BoundMember {
  readonly userId: string
  readonly bounds: Bounds
}

/** A membership as admins see it, in whatever state. */
export interface BoundMemberView extends BoundMember {
  readonly username: string
  readonly addedAt: number
}

export interface NewGroup {
  /** Null derives it from the alias. */
  readonly name: string | null
  readonly alias: string | null
  readonly attributes: Attributes
  readonly isDefault: boolean
  readonly memberIds: readonly string[]
}

/** What is absent stays. */
export interface GroupChange {
  readonly name?: string
  readonly alias?: string
  /** Merged key by key; an empty list clears a key. */
  readonly attributes?: Attributes
  readonly isDefault?: boolean
}

export interface CreatedGroup {
  readonly group: Group
  /** The members asked for, and whether each one exists. */
  readonly members: readonly { readonly userId: string; readonly exists: boolean }[]
}
