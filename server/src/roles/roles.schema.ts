/** `workspace`: the one every user has. `admin-subrole`: added to a member. `token`: held by token actors, never listed. */
export type RoleLevel = 'workspace' | 'admin-subrole' | 'token'

export interface Role {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly level: RoleLevel
  readonly memberCount: number
}
