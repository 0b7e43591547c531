import type { Bounds } from '../bounds/bounds.ts'

/** What makes two grants the same: the role, and what it is held on. */
export interface DecentralizedRoleKey {
  readonly roleId: string
  /** The kind of thing it is held on: `connection`. */
  readonly level: string
  /** Which thing; empty where nobody said. */
  readonly objectId: string
}

export interface NewDecentralizedRole extends DecentralizedRoleKey {
  readonly privilege: string
  readonly bounds: Bounds
}

/** A role held on one thing, not on the workspace. Times are epoch ms. */
export interface DecentralizedRole extends NewDecentralizedRole {
  readonly id: string
  readonly roleName: string
  readonly givenAt: number
  readonly givenBy: string
}
