/** Times are epoch ms. */
export interface Purpose {
  readonly id: string
  readonly name: string
  readonly qualifiedName: string
  readonly displayName: string
  readonly description: string
  readonly isActive: boolean
  readonly tags: readonly string[]
  /** The version text clients keep beside a purpose. */
  readonly revision: string
  readonly createdAt: number
  readonly createdBy: string
  readonly updatedAt: number
  readonly updatedBy: string
  readonly version: number
  readonly linksVersion: number
}

export interface PurposeView extends Purpose {
  readonly userIds: readonly string[]
  readonly groupIds: readonly string[]
}

export interface NewPurpose {
  readonly name: string
  readonly displayName: string | null
  readonly description: string
  readonly tags: readonly string[]
  readonly isActive: boolean
  readonly revision: string
}

/** What is absent stays. */
export interface PurposeChange {
  readonly name?: string
  readonly displayName?: string
  readonly description?: string
  readonly isActive?: boolean
  readonly tags?: readonly string[]
  readonly revision?: string
}
