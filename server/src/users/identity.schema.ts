import type { User } from './users.schema.ts'

type Identifying = 'id' | 'username' | 'email' | 'enabled' | 'firstName' | 'lastName' | 'attributes' | 'createdAt'
type Invited = 'invitedAt' | 'invitedBy' | 'invitedByName'

export interface UserIdentity extends Pick<User, Identifying | Invited> {
  readonly groups: readonly { readonly id: string; readonly name: string }[]
}

export interface GroupIdentity {
  readonly id: string
  readonly name: string
  readonly alias: string
}
