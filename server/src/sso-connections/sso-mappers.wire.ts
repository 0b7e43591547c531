import Type, { type Static } from 'typebox'
import { syncModes, type MapperFields, type SsoMapper } from './sso-mappers.schema.ts'

const MaybeText = Type.Optional(Type.Union([Type.String({ maxLength: 4_000 }), Type.Null()]))

/** Keycloak's names; those it has beside these are not read. */
const ConfigBody = Type.Object({
  syncMode: MaybeText,
  attributes: MaybeText,
  group: MaybeText,
  'attribute.name': MaybeText,
  'attribute.value': MaybeText,
  'attribute.friendly.name': MaybeText,
  'are.attribute.values.regex': MaybeText,
  'user.attribute': MaybeText,
})

const fields = { id: MaybeText, name: MaybeText, identityProviderAlias: MaybeText }

export const CreateMapperBody = Type.Object({
  ...fields,
  identityProviderMapper: Type.String({ maxLength: 200 }),
  config: ConfigBody,
})

/** Absent and null leave a field as it is. */
export const UpdateMapperBody = Type.Object({
  ...fields,
  identityProviderMapper: MaybeText,
  config: Type.Optional(Type.Union([ConfigBody, Type.Null()])),
})

export const MapperRecord = Type.Object(
  {
    id: Type.String(),
    name: Type.String({ description: '<group id>--<epoch ms> for group mappers of official clients; never changes.' }),
    identityProviderMapper: Type.String({ description: 'saml-group-idp-mapper or saml-user-attribute-idp-mapper' }),
    identityProviderAlias: Type.String(),
    config: Type.Object({
      syncMode: Type.String({ description: 'FORCE for groups, IMPORT for user attributes.' }),
      attributes: Type.String({ description: 'Always "[]".' }),
      group: Type.Optional(Type.String({ description: 'Internal name of the group.' })),
      'user.attribute': Type.Optional(Type.String()),
      'attribute.name': Type.String(),
      'attribute.value': Type.Optional(Type.String({ description: 'Compared exactly.' })),
      'attribute.friendly.name': Type.Optional(Type.String({ description: 'Absent when there is none.' })),
      'are.attribute.values.regex': Type.Optional(
        Type.String({ description: 'In the answer to the creation as it was sent; elsewhere absent when empty.' }),
      ),
    }),
  },
  { $id: 'SsoMapper' },
)

export const MapperRef = Type.Unsafe<Static<typeof MapperRecord>>({ $ref: 'SsoMapper#' })
/** No envelope: official clients expect the bare list. */
export const MapperList = Type.Array(MapperRef)

const wireKinds = { group: 'saml-group-idp-mapper', user_attribute: 'saml-user-attribute-idp-mapper' } as const

export function fromMapperBody(body: Static<typeof UpdateMapperBody>): MapperFields {
  const config = body.config ?? {}
  return {
    id: body.id ?? null,
    alias: body.identityProviderAlias ?? null,
    name: body.name ?? null,
    kind: toKind(body.identityProviderMapper ?? null),
    syncMode: config.syncMode ?? null,
    attributes: config.attributes ?? null,
    group: config.group ?? null,
    attributeName: config['attribute.name'] ?? null,
    attributeValue: config['attribute.value'] ?? null,
    userAttribute: config['user.attribute'] ?? null,
    friendlyName: config['attribute.friendly.name'] ?? null,
    valuesRegex: config['are.attribute.values.regex'] ?? null,
  }
}

function toKind(wireKind: string | null): MapperFields['kind'] {
  if (wireKind === null) return null
  if (wireKind === wireKinds.group) return 'group'
  return wireKind === wireKinds.user_attribute ? 'user_attribute' : 'unknown'
}

export function toMapperRecord(mapper: SsoMapper): Static<typeof MapperRecord> {
  const { rule, friendlyName, valuesRegex } = mapper
  return {
    id: mapper.id,
    name: mapper.name,
    identityProviderMapper: wireKinds[rule.kind],
    identityProviderAlias: mapper.alias,
    config: {
      syncMode: syncModes[rule.kind],
      attributes: '[]',
      ...(rule.kind === 'group' ? { group: rule.group.name } : { 'user.attribute': rule.userAttribute }),
      'attribute.name': rule.attributeName,
      ...(rule.kind === 'group' ? { 'attribute.value': rule.attributeValue } : {}),
      ...(friendlyName === '' ? {} : { 'attribute.friendly.name': friendlyName }),
      ...(valuesRegex === '' ? {} : { 'are.attribute.values.regex': valuesRegex }),
    },
  }
}

/** The answer to the creation repeats the pattern as it was sent, the empty one too. */
export function toMapperCreated(mapper: SsoMapper, sent: MapperFields): Static<typeof MapperRecord> {
  const record = toMapperRecord(mapper)
  if (sent.valuesRegex === null) return record
  return { ...record, config: { ...record.config, 'are.attribute.values.regex': sent.valuesRegex } }
}
