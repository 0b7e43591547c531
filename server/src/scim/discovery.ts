import { hash } from 'node:crypto'
import type { ScimRules } from '../scim-tokens/scim-rules.schema.ts'
import { cursorLifetimeSeconds } from './list/cursor.ts'
import { pageSizeDefault, pageSizeMax } from './list/list-request.ts'
import { listUrn } from './list/list.ts'
import { commonAttributes, serviceSchemas, type ResourceType } from './schemas/registry.ts'
import type { Attribute, Schema } from './schemas/attribute.ts'
import { resourceTypeUrn, schemaUrn, serviceProviderConfigUrn } from './schemas/service-schemas.ts'
import { noResource, ScimError } from './scim-error.ts'
import type { ScimSession } from './scim-session.ts'

export const bulkLimits = { maxOperations: 1_000, maxPayloadSize: 1_048_576 } as const

/** What the service offers, made from what it does, so that the two cannot disagree (items 31–36, 187). */
export function serviceProviderConfig({ base, rules }: Pick<ScimSession, 'base' | 'rules'>): object {
  return withMeta(
    {
      schemas: [serviceProviderConfigUrn],
      documentationUri: `${new URL(base).origin}/api/docs`,
      patch: { supported: true },
      bulk: { supported: true, ...bulkLimits },
      filter: { supported: true, maxResults: pageSizeMax },
      changePassword: { supported: rules.passwords },
      sort: { supported: true },
      etag: { supported: true },
      authenticationSchemes: [
        {
          type: 'oauthbearertoken',
          name: 'Bearer token',
          description: 'A SCIM token of this workspace, made in its SCIM settings.',
          specUri: 'https://www.rfc-editor.org/info/rfc6750',
          primary: true,
        },
      ],
      pagination: {
        cursor: true,
        index: true,
        defaultPaginationMethod: 'index',
        defaultPageSize: pageSizeDefault,
        maxPageSize: pageSizeMax,
        cursorTimeout: cursorLifetimeSeconds,
      },
    },
    'ServiceProviderConfig',
    `${base}/ServiceProviderConfig`,
  )
}

/** All resource types, or one by its name. @throws ScimError 404 */
export function resourceTypeDocuments(
  { base, types }: Pick<ScimSession, 'base' | 'types'>,
  name: string | undefined,
): object {
  const documents = [types.user, types.group].map((type) => resourceTypeDocument(type, base))
  if (name === undefined) return listOf(documents)
  const wanted = [types.user, types.group].findIndex((type) => type.name.toLowerCase() === name.toLowerCase())
  const found = documents[wanted]
  if (found === undefined) throw noResource()
  return found
}

function resourceTypeDocument({ name, endpoint, description, schema, extensions }: ResourceType, base: string): object {
  return withMeta(
    {
      schemas: [resourceTypeUrn],
      id: name,
      name,
      endpoint,
      description,
      schema: schema.id,
      ...(extensions.length === 0
        ? {}
        : { schemaExtensions: extensions.map(({ id }) => ({ schema: id, required: false })) }),
    },
    'ResourceType',
    `${base}/ResourceTypes/${name}`,
  )
}

/** All schemas, or one by its URN in any case. @throws ScimError 404 */
export function schemaDocuments(
  { base, types, rules }: Pick<ScimSession, 'base' | 'types' | 'rules'>,
  urn: string | undefined,
): object {
  const ofResources = [types.user, types.group].flatMap((type) => [type.schema, ...type.extensions])
  const documents = [...ofResources, ...serviceSchemas].map((schema) => ({
    id: schema.id,
    document: schemaDocument(schema, base, rules),
  }))
  if (urn === undefined) return listOf(documents.map(({ document }) => document))
  const found = documents.find(({ id }) => id.toLowerCase() === urn.toLowerCase())
  if (found === undefined) throw noResource()
  return found.document
}

const resourceUrns = /:schemas:core:2\.0:(User|Group)$/

function schemaDocument(
  { id, name, description, attributes }: Schema,
  base: string,
  { externalIdInSchema }: ScimRules,
): object {
  const externalId = commonAttributes.filter((one) => one.name === 'externalId')
  const listed = externalIdInSchema && resourceUrns.test(id) ? [...externalId, ...attributes] : attributes
  return withMeta(
    { schemas: [schemaUrn], id, name, description, attributes: listed.map(attributeDocument) },
    'Schema',
    `${base}/Schemas/${id}`,
  )
}

/** Complex attributes have no uniqueness (erratum 6004), and nothing is null (item 38). */
function attributeDocument(attribute: Attribute): object {
  const { subAttributes, uniqueness, caseExact, type, ...rest } = attribute
  const isComplex = type === 'complex'
  return {
    ...rest,
    type,
    ...(isComplex ? {} : { caseExact, uniqueness }),
    ...(subAttributes === undefined ? {} : { subAttributes: subAttributes.map(attributeDocument) }),
  }
}

function listOf(resources: readonly object[]): object {
  return {
    schemas: [listUrn],
    totalResults: resources.length,
    startIndex: 1,
    itemsPerPage: resources.length,
    Resources: resources,
  }
}

function withMeta(document: object, resourceType: string, location: string): object {
  return { ...document, meta: { resourceType, location, version: versionOf(document) } }
}

/** The tag of a document that never changes but with the program and the rules. */
export function versionOf(document: object): string {
  return `W/"${hash('sha256', JSON.stringify(document), 'base64url').slice(0, 20)}"`
}

/** A filter would look as though it had been honoured (item 41). @throws ScimError 403 */
export function refuseFilter(query: Readonly<Record<string, unknown>>): void {
  if (Object.keys(query).some((name) => name.toLowerCase() === 'filter'))
    throw new ScimError(403, 'Discovery documents cannot be filtered.')
}
