import type { WorkspaceRole } from '../access/permissions.ts'
import type { ConnectionOptions } from '../sso-connections/connection-options.schema.ts'
import type { AttributeMapping, GroupMapping } from '../sso-connections/sso-mappers.schema.ts'
import { requireCleanAttributes, requireCleanName, type Attributes, type TextLimits } from '../text/clean-text.ts'
import { parseEmailAddress } from '../text/email-address.ts'
import { ApiError } from '../errors/api-error.ts'
import type { SignedAssertion } from './assertion.schema.ts'
import { refuse } from './saml-refusal.ts'

/** What is made of an assertion under the rules of its connection. */
export interface Claims {
  /** Canonical; empty when there is no usable one. */
  readonly email: string
  readonly firstName: string
  readonly lastName: string
  /** Null: the rules say nothing about this person. */
  readonly role: WorkspaceRole | null
  /** Groups the rules speak of, and those of them this person belongs into. */
  readonly mappedGroupIds: ReadonlySet<string>
  readonly claimedGroupIds: ReadonlySet<string>
  /** For the user's own attributes. */
  readonly attributes: Attributes
}

export interface Rules {
  readonly options: ConnectionOptions
  readonly groups: readonly GroupMapping[]
  readonly attributes: readonly AttributeMapping[]
}

const soap = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/'
/** What IdPs call these by default, the plainest first: Okta and OneLogin, Entra and AD FS, Shibboleth, Google, JumpCloud. */
const usualNames = {
  email: [
    'email',
    'mail',
    'Email',
    'emailAddress',
    'User.email',
    `${soap}emailaddress`,
    'urn:oid:0.9.2342.19200300.100.1.3',
    'urn:oid:1.2.840.113549.1.9.1',
  ],
  firstName: [
    'firstName',
    'givenName',
    'first_name',
    'firstname',
    'User.FirstName',
    `${soap}givenname`,
    'urn:oid:2.5.4.42',
  ],
  lastName: [
    'lastName',
    'surname',
    'sn',
    'last_name',
    'lastname',
    'User.LastName',
    `${soap}surname`,
    'urn:oid:2.5.4.4',
  ],
} as const
const emailFormat = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'

type Field = keyof typeof usualNames
/** Attributes of a user that are fields of their own. */
const fields: readonly string[] = ['email', 'firstName', 'lastName', 'username'] satisfies readonly (
  | Field
  | 'username'
)[]

/**
 * Reads an assertion under the rules of its connection. Values are compared exactly.
 *
 * @throws SamlRefusal for names that could deceive people
 * @source contract/rest-api.md 8.4
 */
export function readClaims(assertion: SignedAssertion, rules: Rules, limits: TextLimits): Claims {
  const { options, groups } = rules
  const valuesOf = (name: string) => assertion.attributes.get(name) ?? []
  const first = (field: Field) => valuesOf(attributeFor(field, assertion, rules) ?? '')[0]?.trim() ?? ''
  const address = first('email') || (assertion.nameIdFormat === emailFormat ? assertion.nameId : '')
  const roleValues = options.roleAttribute === '' ? [] : valuesOf(options.roleAttribute)
  return {
    email: parseEmailAddress(address) ?? '',
    firstName: clean(() => requireCleanName(first('firstName'), 'firstName', limits)),
    lastName: clean(() => requireCleanName(first('lastName'), 'lastName', limits)),
    role: options.roleRules.find(({ value }) => roleValues.includes(value))?.role ?? null,
    mappedGroupIds: new Set(groups.map(({ group }) => group.id)),
    claimedGroupIds: new Set(
      groups
        .filter(({ attributeName, attributeValue }) => valuesOf(attributeName).includes(attributeValue))
        .map(({ group }) => group.id),
    ),
    attributes: clean(() => requireCleanAttributes(ownAttributes(assertion, rules), limits)),
  }
}

/** The name under which this IdP sends the field, if it sends it at all: a mapper decides, then the connection, then custom. */
export function attributeFor(field: Field, { attributes }: SignedAssertion, rules: Rules): string | undefined {
  const mapped = rules.attributes.find(({ userAttribute }) => userAttribute === field)?.attributeName
  const configured = mapped ?? (rules.options[`${field}Attribute`] || undefined)
  if (configured !== undefined) return configured
  return usualNames[field].find((name) => attributes.has(name))
}

function ownAttributes({ attributes }: SignedAssertion, rules: Rules): Attributes {
  return Object.fromEntries(
    rules.attributes
      .filter(({ userAttribute, attributeName }) => !fields.includes(userAttribute) && attributes.has(attributeName))
      .map(({ userAttribute, attributeName }) => [userAttribute, attributes.get(attributeName) ?? []]),
  )
}

function clean<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return refuse('identity: a name or attribute that cannot be shown safely', error)
  }
}
