import Type, { type Static } from 'typebox'

/** How SCIM is read and answered; one set per tenant, a token may carry its own. contract/scim.md, section 6. */
export const ScimProfile = Type.Union(
  [Type.Literal('lenient'), Type.Literal('strict'), Type.Literal('entra'), Type.Literal('okta')],
  { description: 'A named set of rules: strict reads the RFCs literally, lenient serves every known client.' },
)
export type ScimProfile = Static<typeof ScimProfile>

const Success = Type.Union([Type.Literal(200), Type.Literal(204)])

/** The single rules a profile is made of. */
export const ScimRules = Type.Object(
  {
    unknownInput: Type.Union([Type.Literal('ignore'), Type.Literal('refuse')], {
      description: 'Attributes and schema URNs nobody knows: ignored and listed in the inspector, or 400.',
    }),
    patchResponseUsers: Success,
    patchResponseGroups: Success,
    emptyOperations: Type.Union([Type.Literal('accept'), Type.Literal('refuse')]),
    createOnNoTarget: Type.Boolean({ description: 'A replace on an element that is not there makes it.' }),
    addMissingUrn: Type.Boolean({ description: 'Extension data counts although `schemas` does not name it.' }),
    stringBooleans: Type.Boolean({ description: '"True" and "false" count as booleans.' }),
    emptyStringUnassigns: Type.Boolean(),
    danglingMembers: Type.Union([Type.Literal('reject'), Type.Literal('ignore')], {
      description: 'A member that does not exist: the request is refused, or the member is left out and listed.',
    }),
    uniqueGroupNames: Type.Boolean(),
    uniqueExternalId: Type.Boolean(),
    externalIdInSchema: Type.Boolean(),
    looseFilterLiterals: Type.Boolean(),
    multiValuedAdd: Type.Union([Type.Literal('append'), Type.Literal('replace')]),
    groupMembersReturned: Type.Union([Type.Literal('default'), Type.Literal('request')]),
    emailConflict: Type.Union([Type.Literal('reject'), Type.Literal('detach')]),
    adoptExisting: Type.Union([Type.Literal('writes'), Type.Literal('ask'), Type.Literal('link')], {
      description: 'What happens when SCIM writes to a person it did not make.',
    }),
    visible: Type.Union([Type.Literal('all'), Type.Literal('managed')]),
    nestedGroups: Type.Boolean(),
    passwords: Type.Boolean({ description: 'Whether SCIM may set passwords.' }),
    refuseSensitiveFilters: Type.Boolean(),
  },
  { additionalProperties: false },
)
export type ScimRules = Static<typeof ScimRules>

const lenient: ScimRules = {
  unknownInput: 'ignore',
  patchResponseUsers: 200,
  patchResponseGroups: 200,
  emptyOperations: 'accept',
  createOnNoTarget: true,
  addMissingUrn: true,
  stringBooleans: true,
  emptyStringUnassigns: true,
  danglingMembers: 'reject',
  uniqueGroupNames: false,
  uniqueExternalId: false,
  externalIdInSchema: true,
  looseFilterLiterals: false,
  multiValuedAdd: 'append',
  groupMembersReturned: 'default',
  emailConflict: 'reject',
  adoptExisting: 'writes',
  visible: 'all',
  nestedGroups: true,
  passwords: false,
  refuseSensitiveFilters: false,
}

export const profiles: Readonly<Record<ScimProfile, ScimRules>> = {
  lenient,
  strict: {
    ...lenient,
    unknownInput: 'refuse',
    emptyOperations: 'refuse',
    createOnNoTarget: false,
    addMissingUrn: false,
    stringBooleans: false,
    emptyStringUnassigns: false,
  },
  entra: { ...lenient, patchResponseGroups: 204, uniqueGroupNames: true },
  okta: { ...lenient, patchResponseGroups: 204 },
}

/** What a tenant, or one token, goes by. */
export function rulesOf(profile: ScimProfile, overrides: Partial<ScimRules>): ScimRules {
  return { ...profiles[profile], ...overrides }
}
