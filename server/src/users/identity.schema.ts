import type { Attributes } from '../text/clean-text.ts'

export interface UserIdentity {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly enabled: boolean
  readonly firstName: string
  readonly lastName: string
  readonly attributes: Attributes
  readonly createdAt: number
  readonly groups: readonly { readonly id: string; readonly name: string }[]
}

export interface GroupIdentity {
  readonly id: string
  readonly name: string
  readonly alias: string
}
