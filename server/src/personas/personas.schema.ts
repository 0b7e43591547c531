/** What clients sent under the policy keys; kept and given back as it came. */
export interface Policies {
  readonly metadataPolicies: readonly unknown[]
  readonly dataPolicies: readonly unknown[]
  readonly glossaryPolicies: readonly unknown[]
}

/** What else clients keep with a persona; as it came. */
export interface PersonaExtras {
  readonly readme: string
  readonly resources: readonly unknown[]
  readonly attributes: Readonly<Record<string, unknown>>
}

/** Times are epoch ms. */
export interface Persona extends PersonaExtras {
  readonly id: string
  readonly name: string
  readonly qualifiedName: string
  readonly displayName: string
  readonly description: string
  readonly isEnabled: boolean
  readonly policies: Policies
  readonly createdAt: number
  readonly createdBy: string
  readonly updatedAt: number
  readonly updatedBy: string
  readonly version: number
  readonly linksVersion: number
}

export interface PersonaView extends Persona {
  readonly userIds: readonly string[]
  readonly groupIds: readonly string[]
}

export interface NewPersona {
  readonly name: string
  readonly displayName: string | null
  readonly description: string
  readonly isEnabled: boolean
  readonly policies: Partial<Policies>
  readonly extras: Partial<PersonaExtras>
}

/** What is absent stays. */
export interface PersonaChange {
  readonly name?: string
  readonly displayName?: string
  readonly description?: string
  readonly isEnabled?: boolean
  readonly policies?: Partial<Policies>
  readonly extras?: Partial<PersonaExtras>
}
