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
