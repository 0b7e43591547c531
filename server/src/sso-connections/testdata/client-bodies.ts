import type { TestApp } from '../../../test/start-test-app.ts'

export const okta = '/api/service/idp/okta/mappers'

export interface NamedGroup {
  readonly id: string
  readonly name: string
}

export async function addGroup(t: TestApp, name: string, alias = name): Promise<NamedGroup> {
  const { json } = await t.post('/api/service/groups', { group: { name, attributes: { alias: [alias] } } })
  return { id: json.group, name }
}

/** What pyatlan 9.11.0 sends in create_group_mapping. */
export function pythonCreate(group: NamedGroup, value: string, alias = 'okta') {
  return {
    name: `${group.id}--1767323045000`,
    identityProviderMapper: 'saml-group-idp-mapper',
    identityProviderAlias: alias,
    config: {
      syncMode: 'FORCE',
      attributes: '[]',
      group: group.name,
      'attribute.name': 'memberOf',
      'attribute.value': value,
      'are.attribute.values.regex': '',
    },
  }
}

/** What it sends in update_group_mapping: the pattern is not there. */
export function pythonUpdate(mapper: { readonly id: string; readonly name: string }, group: NamedGroup, value: string) {
  const { 'are.attribute.values.regex': _unset, ...config } = pythonCreate(group, value).config
  return { ...pythonCreate(group, value), id: mapper.id, name: mapper.name, config }
}

export function attributeMapper(userAttribute = 'firstName', attributeName = 'givenName') {
  return {
    name: `${userAttribute} mapper`,
    identityProviderMapper: 'saml-user-attribute-idp-mapper',
    identityProviderAlias: 'okta',
    config: {
      syncMode: 'IMPORT',
      attributes: '[]',
      'user.attribute': userAttribute,
      'attribute.name': attributeName,
    },
  }
}
