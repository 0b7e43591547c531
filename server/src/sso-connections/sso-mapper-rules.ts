import { ApiError } from '../errors/api-error.ts'
import { requireCleanName } from '../text/clean-text.ts'
import { syncModes, type GroupName, type MapperFields, type SsoMapper } from './sso-mappers.schema.ts'

/** The attribute that official clients map groups by. */
const groupAttribute = 'memberOf'
type Kind = SsoMapper['rule']['kind']
type Decided = Pick<SsoMapper, 'rule' | 'friendlyName' | 'valuesRegex'>

/** The alias of a connection: one part of an address. @throws invalid_body */
export function requireAlias(alias: string): string {
  if (alias.includes('/')) throw invalid('The alias of a connection cannot contain /; take it out of the address.')
  return requireCleanName(alias, 'The alias of the connection')
}

/** @throws invalid_body */
export function requireKind({ kind }: MapperFields): Kind {
  if (kind !== null && kind !== 'unknown') return kind
  throw invalid(
    'identityProviderMapper must be saml-group-idp-mapper or saml-user-attribute-idp-mapper; other kinds are not read here.',
  )
}

/** The address says which connection is meant; a body cannot redirect it. @throws read_only_field */
export function refuseOtherAlias(alias: string, fields: MapperFields): void {
  if (fields.alias === null || fields.alias === alias) return
  throw readOnly('identityProviderAlias names another connection than the address; leave it out, or let both agree.')
}

/** @throws read_only_field */
export function refuseOtherIdentity(before: SsoMapper, fields: MapperFields): void {
  if (fields.id !== null && fields.id !== before.id)
    throw readOnly('id is another one than in the address; leave it out, or let both agree.')
  if (fields.kind !== null && fields.kind !== before.rule.kind)
    throw readOnly('identityProviderMapper cannot change; delete this mapper and create another one.')
}

/** The id in front of `<group id>--<epoch ms>`, the form in which official clients name group mappers. */
export function groupIdInName(name: string | null): string | null {
  return name === null ? null : (/^(.+?)--[0-9]+$/.exec(name)?.[1] ?? null)
}

/**
 * What a mapper will be: the fields sent, over those it has. `group` is the one found for a group mapper.
 *
 * @throws invalid_body, with the field and what it may be
 */
export function decideMapper(
  kind: Kind,
  fields: MapperFields,
  { before, group }: { readonly before: SsoMapper | null; readonly group: GroupName | null },
): Decided {
  refuseOtherModes(kind, fields)
  const friendlyName = requireCleanName(
    fields.friendlyName ?? before?.friendlyName ?? '',
    'config.attribute.friendly.name',
  )
  const common = { friendlyName, valuesRegex: requireExact(fields.valuesRegex ?? before?.valuesRegex ?? '') }
  const rule = before?.rule
  if (kind === 'user_attribute') {
    const known = rule?.kind === 'user_attribute' ? rule : undefined
    const userAttribute = requireText(fields.userAttribute ?? known?.userAttribute, 'config.user.attribute')
    const attributeName = requireText(fields.attributeName ?? known?.attributeName, 'config.attribute.name')
    return { ...common, rule: { kind, userAttribute, attributeName } }
  }
  const known = rule?.kind === 'group' ? rule : undefined
  const chosen = group ?? known?.group
  if (chosen === undefined) throw invalid('config.group is missing; give the internal name of a group.')
  return {
    ...common,
    rule: {
      kind,
      group: chosen,
      attributeName: requireText(
        fields.attributeName ?? known?.attributeName ?? groupAttribute,
        'config.attribute.name',
      ),
      attributeValue: requireText(fields.attributeValue ?? known?.attributeValue, 'config.attribute.value'),
    },
  }
}

/** Names of what differs, for the event. */
export function changedFields(before: SsoMapper, after: SsoMapper): string[] {
  const [old, next] = [partsOf(before), partsOf(after)]
  return Object.keys(old).filter((field) => old[field] !== next[field])
}

function partsOf({ rule, friendlyName, valuesRegex }: SsoMapper): Readonly<Record<string, string>> {
  const common = { attributeName: rule.attributeName, friendlyName, valuesRegex }
  return rule.kind === 'group'
    ? { ...common, group: rule.group.id, attributeValue: rule.attributeValue }
    : { ...common, userAttribute: rule.userAttribute }
}

function refuseOtherModes(kind: Kind, { syncMode, attributes }: MapperFields): void {
  const mode = syncModes[kind]
  if (syncMode !== null && syncMode !== mode) {
    const when =
      kind === 'group'
        ? 'groups follow the identity provider at every sign-in'
        : 'attributes are taken over at the first sign-in'
    throw invalid(`config.syncMode must be ${mode} here: ${when}.`)
  }
  if (attributes !== null && attributes !== '[]')
    throw invalid('config.attributes must be the text []; config.attribute.name says which attribute is read.')
}

/** A pattern that is stored and then compared as text would never match, and nobody would know why. */
function requireExact(valuesRegex: string): string {
  if (valuesRegex !== '' && valuesRegex !== 'false')
    throw invalid('config.are.attribute.values.regex must be empty or false: values are compared exactly.')
  return valuesRegex
}

function requireText(text: string | undefined, field: string): string {
  if (text === undefined || text.trim() === '') throw invalid(`${field} is missing or empty.`)
  return requireCleanName(text, field)
}

function readOnly(detail: string): ApiError {
  return new ApiError('read_only_field', { detail })
}

function invalid(detail: string): ApiError {
  return new ApiError('invalid_body', { detail })
}
