import {
  check,
  enterpriseUrn,
  find,
  fresh,
  get,
  groupUrn,
  newGroup,
  newUser,
  ownCheck,
  patch,
  post,
  put,
  read,
  refused,
  same,
  that,
  userUrn,
  type Check,
} from '../check.ts'

/** 5.5: common attributes. */
export const common: readonly Check[] = [
  check(47, 'id is made by the server, and one that a client sends is ignored', async (scim) => {
    const made = await newUser(scim, { id: 'mine', externalId: fresh(scim) })
    that(made.id !== 'mine' && made.id !== made.externalId, 'it is another id')
    that(!/bulkid/i.test(made.id), 'it is no bulkId')
    same((await find(scim, 'Users', `id eq "${made.id.toUpperCase()}"`)).json.totalResults, 0, 'matches in capitals')
    refused(await patch(scim, `/Users/${made.id}`, [{ op: 'replace', path: 'id', value: 'x' }]), 400, 'mutability')
    same((await get(scim, `/Users/${made.id}?attributes=title`)).json.id, made.id, 'the id, which is always returned')
  }),
  check(48, 'externalId is the client’s own, exact in case and not unique', async (scim) => {
    const externalId = `Ext-${fresh(scim)}`
    const without = await newUser(scim)
    that(!('externalId' in without), 'none is invented')
    await newUser(scim, { externalId })
    await newUser(scim, { externalId })
    same((await find(scim, 'Users', `externalId eq "${externalId}"`)).json.totalResults, 2, 'users with it')
    same(
      (await find(scim, 'Users', `externalId eq "${externalId.toLowerCase()}"`)).json.totalResults,
      0,
      'in lower case',
    )
    for (const bad of ['x'.repeat(1_001), 7, {}])
      refused(
        await post(scim, '/Users', { schemas: [userUrn], userName: fresh(scim), externalId: bad }),
        400,
        'invalidValue',
      )
  }),
  ownCheck(48, 'externalId is unique where a workspace wants it so', async (scim, own) => {
    const { externalId } = await newUser(scim, { externalId: fresh(scim) })
    await own.withRules({ uniqueExternalId: true }, async () => {
      const body = { schemas: [userUrn], userName: fresh(scim), externalId }
      refused(await post(scim, '/Users', body), 409, 'uniqueness')
    })
  }),
  check(49, 'meta is the server’s, whatever a client sends', async (scim) => {
    const meta = {
      resourceType: 'Group',
      created: '2001-01-01T00:00:00Z',
      location: 'https://x.test',
      version: 'W/"9"',
    }
    const made = await newUser(scim, { meta })
    same(made.meta.resourceType, 'User', 'resourceType')
    that(Date.parse(made.meta.created) > Date.parse('2020-01-01T00:00:00Z'), 'created is true')
    same(made.meta.lastModified, made.meta.created, 'lastModified before any change')
    for (const name of ['created', 'lastModified', 'location', 'version']) that(made.meta[name] !== meta.version, name)
  }),
  check(50, 'meta.location equals Location and Content-Location', async (scim) => {
    for (const [type, body] of [
      ['/Users', { schemas: [userUrn], userName: fresh(scim) }],
      ['/Groups', { schemas: [groupUrn], displayName: fresh(scim) }],
    ] as const) {
      const made = await post(scim, type, body)
      same(made.headers.location, made.json.meta.location, 'Location')
      const found = await get(scim, `${type}/${made.json.id}`)
      if (found.headers['content-location'] !== undefined)
        same(found.headers['content-location'], found.json.meta.location, 'Content-Location')
    }
  }),
  check(51, 'meta.version equals the ETag', async (scim) => {
    for (const path of [`/Users/${(await newUser(scim)).id}`, `/Groups/${(await newGroup(scim)).id}`]) {
      const answer = await get(scim, path)
      same(answer.json.meta.version, answer.headers.etag, 'meta.version')
      that(/^W\/".+"$/.test(answer.json.meta.version), 'it has W/ and quotes')
    }
  }),
  check(52, 'instants come in UTC and compare as instants in every zone', async (scim) => {
    const { id, meta } = await newUser(scim)
    that(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(meta.created), `${meta.created} is in UTC`)
    const local = new Date(Date.parse(meta.created) + 5.5 * 3_600_000).toISOString().replace('Z', '+05:30')
    same((await find(scim, 'Users', `id eq "${id}" and meta.created eq "${local}"`)).json.totalResults, 1, 'matches')
    refused(await find(scim, 'Users', 'meta.created gt "yesterday"'), 400, 'invalidFilter')
  }),
  check(53, 'schemas names the base and exactly the extensions in use', async (scim) => {
    const made = await newUser(scim, { schemas: [userUrn, enterpriseUrn] })
    same(made.schemas, [userUrn], 'schemas without extension data')
    const path = `/Users/${made.id}`
    await patch(scim, path, [{ op: 'add', path: `${enterpriseUrn}:department`, value: 'R' }])
    same((await read(scim, path)).schemas, [userUrn, enterpriseUrn], 'schemas with extension data')
    await patch(scim, path, [{ op: 'remove', path: `${enterpriseUrn}:department` }])
    same((await read(scim, path)).schemas, [userUrn], 'schemas after it is gone')
  }),
  check(54, 'version and lastModified move only with a change', async (scim) => {
    const user = await newUser(scim, { title: 'T', emails: [{ value: `${fresh(scim)}@ex.test`, type: 'work' }] })
    const path = `/Users/${user.id}`
    await patch(scim, path, [{ op: 'replace', path: 'title', value: 'T' }])
    await put(scim, path, user)
    same((await read(scim, path)).meta, user.meta, 'meta after changes without effect')
    const group = await newGroup(scim, { members: [{ value: user.id }] })
    same((await read(scim, path)).meta.version, user.meta.version, 'version of a user who joined a group')
    await patch(scim, `/Groups/${group.id}`, [{ op: 'add', path: 'members', value: [{ value: user.id }] }])
    same((await read(scim, `/Groups/${group.id}`)).meta, group.meta, 'meta of a group with the member again')
    await patch(scim, `/Groups/${group.id}`, [{ op: 'remove', path: `members[value eq "${user.id}"]` }])
    that((await read(scim, `/Groups/${group.id}`)).meta.version !== group.meta.version, 'a member gone is a change')
    await patch(scim, path, [{ op: 'replace', path: 'title', value: 'U' }])
    that((await read(scim, path)).meta.version !== user.meta.version, 'a title is a change')
  }),
]
