import {
  check,
  find,
  fresh,
  get,
  groupUrn,
  listUrn,
  newGroup,
  newUser,
  nobody,
  ownCheck,
  post,
  read,
  refused,
  same,
  search,
  status,
  that,
  userUrn,
  type Check,
} from '../check.ts'

/** 5.8: create. */
export const create: readonly Check[] = [
  check(79, 'POST answers 201 with Location, ETag and the resource', async (scim) => {
    const answer = await post(scim, '/Users', { schemas: [userUrn], userName: fresh(scim) })
    status(answer, 201)
    same(answer.headers.location, answer.json.meta.location, 'Location')
    same(answer.headers.etag, answer.json.meta.version, 'ETag')
  }),
  check(80, 'read-only attributes are ignored, and active is true unless said otherwise', async (scim) => {
    const made = await newUser(scim, { id: 'x', groups: [{ value: 'x' }], meta: { version: 'x' } })
    that(made.id !== 'x' && !('groups' in made), 'they are ignored')
    same([made.active, (await newUser(scim, { active: null })).active], [true, true], 'active')
  }),
  check(81, 'the second of two equal POSTs is 409, also at the same time', async (scim) => {
    const body = { schemas: [userUrn], userName: fresh(scim) }
    const answers = await Promise.all(Array.from({ length: 6 }, () => post(scim, '/Users', body)))
    same(answers.filter((answer) => answer.status === 201).length, 1, 'users made')
    for (const answer of answers.filter((one) => one.status !== 201)) refused(answer, 409, 'uniqueness')
    same((await find(scim, 'Users', `userName eq "${body.userName}"`)).json.totalResults, 1, 'users')
  }),
  check(82, 'meta.resourceType is the server’s', async (scim) => {
    same((await newUser(scim, { meta: { resourceType: 'Group' } })).meta.resourceType, 'User', 'of a user')
    same((await newGroup(scim, { meta: { resourceType: 'User' } })).meta.resourceType, 'Group', 'of a group')
  }),
  check(83, 'attributes and excludedAttributes shape the answer of POST', async (scim) => {
    const body = () => ({ schemas: [userUrn], userName: fresh(scim), title: 'T', nickName: 'N' })
    const only = await post(scim, '/Users?attributes=title', body())
    same(Object.keys(only.json).toSorted(), ['id', 'schemas', 'title'], 'with attributes')
    const except = await post(scim, '/Users?excludedAttributes=title', body())
    that(!('title' in except.json) && 'nickName' in except.json, 'without the excluded')
  }),
  check(84, 'a 201 always has a body', async (scim) => {
    const group = await post(scim, '/Groups', { schemas: [groupUrn], displayName: fresh(scim), members: [] })
    status(group, 201)
    that(group.json.id !== '', 'it has an id')
  }),
]

/** 5.9: read and list. */
export const reading: readonly Check[] = [
  check(85, 'one resource is read with its ETag, or 404', async (scim) => {
    const { id } = await newUser(scim)
    const found = await get(scim, `/Users/${id}`)
    status(found, 200)
    const again = await get(scim, `/Users/${id}`, { headers: { 'if-none-match': String(found.headers.etag) } })
    status(again, 304)
    same(again.text, '', 'the body of a 304')
    for (const odd of [id.toUpperCase(), `${id}%20`, '%20', "'", '%F0%9F%98%80', nobody])
      refused(await get(scim, `/Users/${odd}`), 404)
  }),
  check(86, 'a list is a ListResponse with all its members and no others', async (scim) => {
    await newUser(scim)
    for (const path of ['/Users', '/Groups', '/Users?count=1']) {
      const answer = await read(scim, path)
      const names = ['Resources', 'itemsPerPage', 'schemas', 'startIndex', 'totalResults']
      same(Object.keys(answer).toSorted(), names, 'members')
      same(answer.schemas, [listUrn], 'schemas')
    }
  }),
  check(87, 'no match is 200 with totalResults 0', async (scim) => {
    for (const type of ['Users', 'Groups']) {
      const answer = await find(scim, type, `displayName eq "${fresh(scim)}"`)
      status(answer, 200)
      same([answer.json.totalResults, answer.json.Resources], [0, []], 'the list')
    }
  }),
  check(88, 'a query at the base spans all types', async (scim) => {
    const stem = fresh(scim)
    await newUser(scim, { displayName: `${stem} u` })
    await newGroup(scim, { displayName: `${stem} g` })
    const types = (answer: { json: { Resources: { meta: { resourceType: string } }[] } }) =>
      answer.json.Resources.map(({ meta }) => meta.resourceType).toSorted()
    const filter = `displayName sw "${stem}"`
    const all = await get(scim, `/?filter=${encodeURIComponent(filter)}`)
    status(all, 200)
    same(types(all), ['Group', 'User'], 'types')
    const users = await search(scim, '/.search', { filter: `${filter} and meta.resourceType eq "User"` })
    same(types(users), ['User'], 'types of one kind')
    const active = await search(scim, '/.search', { filter: `${filter} and active eq true` })
    same(types(active), ['User'], 'types that are active')
    const work = await search(scim, '/.search', { filter: `${filter} and not (emails[primary eq true])` })
    same(types(work), ['Group', 'User'], 'types without a primary address')
    const named = await search(scim, '/.search', { filter: `${filter} and not (userName pr)` })
    same(types(named), ['Group'], 'types without a userName')
  }),
  check(89, 'a list is paged, and never refused for its length', async (scim) => {
    status(await get(scim, '/Users'), 200)
    status(await get(scim, '/'), 200)
  }),
  ownCheck(90, 'filters in addresses are 403 sensitive where a workspace wants it so', async (scim, own) => {
    await own.withRules({ refuseSensitiveFilters: true }, async () => {
      refused(await find(scim, 'Users', 'userName eq "x"'), 403, 'sensitive')
      status(await search(scim, '/Users/.search', { filter: 'userName eq "x"' }), 200)
    })
  }),
]
