import type { Bounds } from '../bounds/bounds.ts'

/** A role somebody holds beside the workspace role, and when. Times are epoch ms. */
export interface HeldRole {
  readonly roleId: string
  readonly name: string
  readonly description: string
  readonly bounds: Bounds
  readonly givenAt: number
  readonly givenBy: string
}

/** What is to be given. */
export interface NewHeldRole {
  readonly roleId: string
  readonly bounds: Bounds
}

/** The roles of a user at one instant, by name. */
export interface PresentRoles {
  readonly role: string
  readonly subRoles: readonly string[]
  /** When the clock next changes any of them, epoch ms. */
  readonly until: number
}
