/** One rule of an SSO connection: what an attribute of the identity provider means here. */
export interface SsoMapper {
  readonly id: string
  readonly alias: string
  readonly name: string
  readonly rule: GroupRule | UserAttributeRule
  /** '' = none. */
  readonly friendlyName: string
  /** As it was sent, '' or 'false': values are compared exactly. */
  readonly valuesRegex: string
  readonly version: number
}

/** Who brings this value becomes a member of this group. */
export interface GroupRule {
  readonly kind: 'group'
  readonly group: GroupName
  readonly attributeName: string
  readonly attributeValue: string
}

/** The value becomes this attribute of the user. */
export interface UserAttributeRule {
  readonly kind: 'user_attribute'
  readonly userAttribute: string
  readonly attributeName: string
}

export interface GroupName {
  readonly id: string
  /** Internal name. */
  readonly name: string
}

/** Groups are brought in line at every sign-in, names and attributes are taken over at the first one. */
export const syncModes = { group: 'FORCE', user_attribute: 'IMPORT' } as const

/** A mapper as clients describe it; null is "not said". */
export interface MapperFields {
  readonly id: string | null
  readonly alias: string | null
  readonly name: string | null
  readonly kind: SsoMapper['rule']['kind'] | 'unknown' | null
  readonly syncMode: string | null
  readonly attributes: string | null
  readonly group: string | null
  readonly attributeName: string | null
  readonly attributeValue: string | null
  readonly userAttribute: string | null
  readonly friendlyName: string | null
  readonly valuesRegex: string | null
}

/** For signing in: members of the attribute's value belong into the group. */
export interface GroupMapping {
  readonly id: string
  readonly group: GroupName
  readonly attributeName: string
  readonly attributeValue: string
}

export interface AttributeMapping {
  readonly userAttribute: string
  readonly attributeName: string
}
