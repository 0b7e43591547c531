import { attribute, type Attribute, type Schema } from './attribute.ts'

export const serviceProviderConfigUrn = 'urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'
export const resourceTypeUrn = 'urn:ietf:params:scim:schemas:core:2.0:ResourceType'
export const schemaUrn = 'urn:ietf:params:scim:schemas:core:2.0:Schema'

const readOnly = { mutability: 'readOnly' } as const

function fixed(name: string, description: string, rest: Parameters<typeof attribute>[2] = {}): Attribute {
  return attribute(name, description, { ...readOnly, ...rest })
}

function feature(name: string, more: readonly Attribute[] = []): Attribute {
  return fixed(name, `Whether and how far ${name} is offered.`, {
    type: 'complex',
    required: true,
    subAttributes: [fixed('supported', `Whether ${name} is offered.`, { type: 'boolean', required: true }), ...more],
  })
}

function whole(name: string, description: string): Attribute {
  return fixed(name, description, { type: 'integer', required: true })
}

/** RFC 7643 sections 5 to 7 and 8.7.2, RFC 9865 section 4: the documents that describe the service itself. */
export const serviceProviderConfigSchema: Schema = {
  id: serviceProviderConfigUrn,
  name: 'ServiceProviderConfig',
  description: 'What this service offers.',
  attributes: [
    fixed('documentationUri', 'Where people read about it.', { type: 'reference', referenceTypes: ['external'] }),
    feature('patch'),
    feature('bulk', [
      whole('maxOperations', 'Operations in one request.'),
      whole('maxPayloadSize', 'Bytes in one request.'),
    ]),
    feature('filter', [whole('maxResults', 'Resources in one answer.')]),
    feature('changePassword'),
    feature('sort'),
    feature('etag'),
    fixed('authenticationSchemes', 'How clients prove who they are.', {
      type: 'complex',
      multiValued: true,
      required: true,
      subAttributes: [
        fixed('type', 'The scheme.', {
          required: true,
          canonicalValues: ['oauth', 'oauth2', 'oauthbearertoken', 'httpbasic', 'httpdigest'],
        }),
        fixed('name', 'Its name.', { required: true }),
        fixed('description', 'What it is.', { required: true }),
        fixed('specUri', 'Where it is specified.', { type: 'reference', referenceTypes: ['external'] }),
        fixed('documentationUri', 'Where people read about it.', { type: 'reference', referenceTypes: ['external'] }),
        fixed('primary', 'Whether it is the preferred one.', { type: 'boolean' }),
      ],
    }),
    fixed('pagination', 'How lists are paged.', {
      type: 'complex',
      subAttributes: [
        fixed('cursor', 'Whether by cursor.', { type: 'boolean', required: true }),
        fixed('index', 'Whether by index.', { type: 'boolean', required: true }),
        fixed('defaultPaginationMethod', 'Which one when nothing is asked for.'),
        fixed('defaultPageSize', 'Resources in a page.', { type: 'integer' }),
        fixed('maxPageSize', 'Resources in a page at most.', { type: 'integer' }),
        fixed('cursorTimeout', 'Seconds a cursor is good for.', { type: 'integer' }),
      ],
    }),
  ],
}

const uri = { type: 'reference', referenceTypes: ['uri'] } as const

export const resourceTypeSchema: Schema = {
  id: resourceTypeUrn,
  name: 'ResourceType',
  description: 'One kind of resource and where it is found.',
  attributes: [
    fixed('id', 'The id of the resource type.'),
    fixed('name', 'Its name.', { required: true, uniqueness: 'server' }),
    fixed('description', 'What it is.'),
    fixed('endpoint', 'Its address below the base.', { ...uri, required: true, uniqueness: 'server' }),
    fixed('schema', 'The schema of its resources.', { ...uri, required: true, caseExact: true }),
    fixed('schemaExtensions', 'Further schemas of its resources.', {
      type: 'complex',
      multiValued: true,
      subAttributes: [
        fixed('schema', 'The extension.', { ...uri, required: true, caseExact: true }),
        fixed('required', 'Whether every resource must have it.', { type: 'boolean', required: true }),
      ],
    }),
  ],
}

/** `subAttributes` holds attributes again, without further sub-attributes (errata 8415, 5606 and 8435). */
function attributeShape(isSub: boolean): readonly Attribute[] {
  const types = ['string', 'boolean', 'decimal', 'integer', 'dateTime', 'binary', 'reference']
  const own = [
    fixed('name', 'The name.', { required: true, caseExact: true }),
    fixed('type', 'The type.', { required: true, canonicalValues: isSub ? types : [...types, 'complex'] }),
    fixed('multiValued', 'Whether there may be several.', { type: 'boolean', required: true }),
    fixed('description', 'What it is.', { caseExact: true }),
    fixed('required', 'Whether it must be there.', { type: 'boolean' }),
    fixed('canonicalValues', 'Suggested values.', { multiValued: true, caseExact: true }),
    fixed('caseExact', 'Whether case counts.', { type: 'boolean' }),
    fixed('mutability', 'Who may change it.', {
      caseExact: true,
      canonicalValues: ['readOnly', 'readWrite', 'immutable', 'writeOnly'],
    }),
    fixed('returned', 'When it is answered.', {
      caseExact: true,
      canonicalValues: ['always', 'never', 'default', 'request'],
    }),
    fixed('uniqueness', 'Where it is unique.', { caseExact: true, canonicalValues: ['none', 'server', 'global'] }),
    fixed('referenceTypes', 'What it may refer to.', { multiValued: true, caseExact: true }),
  ]
  return isSub
    ? own
    : [
        ...own,
        fixed('subAttributes', 'Its parts.', {
          type: 'complex',
          multiValued: true,
          subAttributes: attributeShape(true),
        }),
      ]
}

export const schemaSchema: Schema = {
  id: schemaUrn,
  name: 'Schema',
  description: 'One schema.',
  attributes: [
    fixed('id', 'The URN of the schema.', { ...uri, required: true }),
    fixed('name', 'Its name.', { required: true }),
    fixed('description', 'What it is.'),
    fixed('attributes', 'Its attributes.', {
      type: 'complex',
      multiValued: true,
      required: true,
      subAttributes: attributeShape(false),
    }),
  ],
}
