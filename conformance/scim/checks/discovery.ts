import {
  check,
  enterpriseUrn,
  get,
  groupUrn,
  listUrn,
  newGroup,
  newUser,
  ownCheck,
  read,
  refused,
  same,
  status,
  that,
  userUrn,
  type Check,
} from '../check.ts'

const core = 'urn:ietf:params:scim:schemas:core:2.0:'

interface AttributeDocument {
  readonly name: string
  readonly type: string
  readonly subAttributes?: readonly AttributeDocument[]
  readonly [member: string]: unknown
}

function everyAttribute(attributes: readonly AttributeDocument[]): AttributeDocument[] {
  return attributes.flatMap((one) => [one, ...everyAttribute(one.subAttributes ?? [])])
}

/** 5.4: discovery. */
export const discovery: readonly Check[] = [
  check(31, 'ServiceProviderConfig is published under its URN', async (scim) => {
    const { schemas } = await read(scim, '/ServiceProviderConfig')
    same(schemas, [`${core}ServiceProviderConfig`], 'schemas')
  }),
  check(32, 'ServiceProviderConfig has every feature and every number', async (scim) => {
    const config = await read(scim, '/ServiceProviderConfig')
    for (const name of ['patch', 'bulk', 'filter', 'changePassword', 'sort', 'etag'])
      same(typeof config[name].supported, 'boolean', `type of ${name}.supported`)
    for (const number of [config.bulk.maxOperations, config.bulk.maxPayloadSize, config.filter.maxResults])
      that(Number.isInteger(number), `${number} is a whole number`)
    for (const scheme of config.authenticationSchemes)
      for (const name of ['type', 'name', 'description']) same(typeof scheme[name], 'string', `type of ${name}`)
  }),
  check(33, 'the authentication scheme is oauthbearertoken', async (scim) => {
    const { authenticationSchemes } = await read(scim, '/ServiceProviderConfig')
    same(
      authenticationSchemes.map(({ type }: { type: string }) => type),
      ['oauthbearertoken'],
      'types',
    )
    same(authenticationSchemes[0].primary, true, 'primary')
  }),
  check(34, 'ServiceProviderConfig has meta and says where it is documented', async (scim) => {
    const { meta, documentationUri } = await read(scim, '/ServiceProviderConfig')
    same(meta.resourceType, 'ServiceProviderConfig', 'meta.resourceType')
    that(meta.location.endsWith('/ServiceProviderConfig'), 'meta.location names it')
    same(typeof meta.version, 'string', 'type of meta.version')
    that(URL.canParse(documentationUri), 'documentationUri is a URL')
  }),
  check(35, 'pagination is published', async (scim) => {
    const { pagination, filter } = await read(scim, '/ServiceProviderConfig')
    same([pagination.cursor, pagination.index], [true, true], 'cursor and index')
    same(pagination.defaultPaginationMethod, 'index', 'the default')
    same(pagination.maxPageSize, filter.maxResults, 'maxPageSize')
    that(pagination.cursorTimeout > 0 && pagination.defaultPageSize > 0, 'there are numbers')
  }),
  check(36, 'securityEvents, where published, is one of the defined forms', async (scim) => {
    const { securityEvents } = await read(scim, '/ServiceProviderConfig')
    if (securityEvents === undefined) return
    that(['none', 'long', 'request'].includes(securityEvents.asyncRequest), 'asyncRequest is defined')
    that(Array.isArray(securityEvents.eventUris), 'eventUris is a list')
  }),
  check(37, 'schemas are found together and alone, by URN in any case and encoding', async (scim) => {
    const { schemas, Resources } = await read(scim, '/Schemas')
    same(schemas, [listUrn], 'schemas')
    that(Resources.length >= 6, 'all are listed')
    for (const urn of [userUrn, encodeURIComponent(userUrn), userUrn.toUpperCase()])
      same((await read(scim, `/Schemas/${urn}`)).id, userUrn, 'id')
    refused(await get(scim, '/Schemas/urn:example:nothing'), 404)
  }),
  check(38, 'schema documents describe every attribute in full, without null', async (scim) => {
    const answer = await get(scim, '/Schemas')
    that(!answer.text.includes('null'), 'nothing is null')
    for (const schema of answer.json.Resources) {
      for (const name of ['id', 'name', 'description']) same(typeof schema[name], 'string', `type of ${name}`)
      for (const attribute of everyAttribute(schema.attributes)) {
        const needed = ['name', 'type', 'multiValued', 'description', 'required', 'mutability', 'returned']
        const more = attribute.type === 'complex' ? ['subAttributes'] : ['caseExact', 'uniqueness']
        for (const name of [...needed, ...more]) that(name in attribute, `${schema.id} ${attribute.name} has ${name}`)
        if (attribute.type === 'reference') that('referenceTypes' in attribute, `${attribute.name} has referenceTypes`)
        if (attribute.type === 'complex') that(!('uniqueness' in attribute), `${attribute.name} has no uniqueness`)
      }
    }
  }),
  check(39, 'of the common attributes only externalId is listed', async (scim) => {
    for (const urn of [userUrn, groupUrn]) {
      const { attributes } = await read(scim, `/Schemas/${urn}`)
      const names = attributes.map(({ name }: AttributeDocument) => name)
      for (const name of ['id', 'meta', 'schemas']) that(!names.includes(name), `${name} is not listed`)
      that(names.includes('externalId'), 'externalId is listed')
    }
  }),
  check(40, 'resource types name schemas that are published', async (scim) => {
    const { Resources } = await read(scim, '/ResourceTypes')
    const published = (await read(scim, '/Schemas')).Resources.map(({ id }: { id: string }) => id)
    for (const type of Resources) {
      for (const name of ['id', 'name', 'endpoint', 'description', 'schema']) that(name in type, `it has ${name}`)
      for (const urn of [type.schema, ...(type.schemaExtensions ?? []).map((one: { schema: string }) => one.schema)])
        that(published.includes(urn), `${urn} is published`)
      same((await read(scim, `/ResourceTypes/${type.name}`)).endpoint, type.endpoint, 'endpoint')
    }
    const user = await read(scim, '/ResourceTypes/User')
    same(user.schemaExtensions, [{ schema: enterpriseUrn, required: false }], 'extensions of User')
    refused(await get(scim, '/ResourceTypes/Printer'), 404)
  }),
  check(41, 'discovery ignores paging and sorting, and refuses a filter', async (scim) => {
    for (const path of ['/Schemas', '/ResourceTypes']) {
      const { Resources } = await read(scim, path)
      const paged = await read(scim, `${path}?startIndex=2&count=1&sortBy=id&attributes=id`)
      same(paged.Resources, Resources, 'the list')
    }
    for (const path of ['/Schemas', '/ResourceTypes', '/ServiceProviderConfig'])
      refused(await get(scim, `${path}?filter=id%20pr`), 403)
  }),
  check(42, 'discovery lists hold everything', async (scim) => {
    for (const path of ['/Schemas', '/ResourceTypes']) {
      const { totalResults, Resources, schemas } = await read(scim, path)
      same(schemas, [listUrn], 'schemas')
      same(Resources.length, totalResults, 'resources')
    }
  }),
  check(43, 'the schemas of the discovery documents are published too', async (scim) => {
    for (const name of ['ServiceProviderConfig', 'ResourceType', 'Schema'])
      same((await read(scim, `/Schemas/${core}${name}`)).name, name, 'name')
  }),
  check(44, 'resource endpoints are plural', async (scim) => {
    const { Resources } = await read(scim, '/ResourceTypes')
    const endpoints = Resources.map(({ endpoint }: { endpoint: string }) => endpoint)
    same(endpoints.toSorted(), ['/Groups', '/Users'], 'endpoints')
    for (const endpoint of endpoints) status(await get(scim, `${endpoint}?count=0`), 200)
  }),
  check(45, 'meta.resourceType is the name of the resource type', async (scim) => {
    const names = (await read(scim, '/ResourceTypes')).Resources.map(({ name }: { name: string }) => name)
    for (const { meta } of [await newUser(scim), await newGroup(scim)])
      that(names.includes(meta.resourceType), `${meta.resourceType} is published`)
  }),
  check(46, 'discovery documents carry an ETag and Cache-Control: private', async (scim) => {
    for (const path of ['/ServiceProviderConfig', '/Schemas', '/ResourceTypes', `/Schemas/${userUrn}`]) {
      const { headers } = await get(scim, path)
      that(/private/.test(String(headers['cache-control'])), 'it is private')
      const tag = String(headers.etag)
      that(/^(W\/)?".+"$/.test(tag), `${tag} is a tag`)
      status(await get(scim, path, { headers: { 'if-none-match': tag } }), 304)
    }
  }),
  ownCheck(39, 'externalId leaves the schemas where a workspace wants it so', async (scim, own) => {
    await own.withRules({ externalIdInSchema: false }, async () => {
      const { attributes } = await read(scim, `/Schemas/${userUrn}`)
      that(!attributes.some(({ name }: AttributeDocument) => name === 'externalId'), 'externalId is not listed')
    })
  }),
]
