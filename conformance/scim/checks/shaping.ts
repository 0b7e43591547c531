import {
  check,
  enterpriseUrn,
  fresh,
  get,
  groupUrn,
  newGroup,
  newUser,
  nobody,
  ownCheck,
  patch,
  post,
  put,
  read,
  refused,
  same,
  search,
  status,
  that,
  userUrn,
  type Check,
} from '../check.ts'
import { send, type Answer } from '../client.ts'

function names(resource: object): string[] {
  return Object.keys(resource).toSorted()
}

/** 5.14: attributes and excludedAttributes. */
export const projections: readonly Check[] = [
  check(136, 'attributes shape every answer, and both together are refused', async (scim) => {
    const user = await newUser(scim, { title: 'T', nickName: 'N' })
    const path = `/Users/${user.id}`
    const wanted = ['id', 'schemas', 'title']
    same(names(await read(scim, `${path}?attributes=title`)), wanted, 'of GET')
    const { title, nickName, userName } = user
    const body = { schemas: [userUrn], userName, title, nickName }
    same(names((await put(scim, `${path}?attributes=title`, body)).json), wanted, 'of PUT')
    const operations = [{ op: 'replace', path: 'title', value: 'U' }]
    same(names((await patch(scim, `${path}?attributes=title`, operations)).json), wanted, 'of PATCH')
    const filter = `id eq "${user.id}"`
    const list = await get(scim, `/Users?filter=${encodeURIComponent(filter)}&attributes=title`)
    same(names(list.json.Resources[0]), wanted, 'of a list')
    const found = await search(scim, '/Users/.search', { filter, attributes: ['title'] })
    same(names(found.json.Resources[0]), wanted, 'of .search')
    refused(await get(scim, `${path}?attributes=title&excludedAttributes=nickName`), 400, 'invalidValue')
    const both = { filter, attributes: ['title'], excludedAttributes: ['nickName'] }
    refused(await search(scim, '/Users/.search', both), 400, 'invalidValue')
  }),
  check(137, 'names are short or with URN, whole or in part, in any case, after blanks', async (scim) => {
    const { id } = await newUser(scim, {
      title: 'T',
      name: { givenName: 'G', familyName: 'F' },
      emails: [{ value: `${fresh(scim)}@ex.test`, type: 'work' }],
      [enterpriseUrn]: { department: 'D', costCenter: 'C' },
    })
    const ask = async (attributes: string) => {
      const {
        schemas: _schemas,
        id: _id,
        ...rest
      } = await read(scim, `/Users/${id}?attributes=${encodeURIComponent(attributes)}`)
      return rest
    }
    same(await ask(`TITLE, name.givenName`), { title: 'T', name: { givenName: 'G' } }, 'short names')
    same(await ask(`${userUrn}:title`), { title: 'T' }, 'a name with its URN')
    same(await ask(`emails.type`), { emails: [{ type: 'work' }] }, 'a part of a list')
    same(await ask(enterpriseUrn), { [enterpriseUrn]: { department: 'D', costCenter: 'C' } }, 'an extension')
    same(await ask(`${enterpriseUrn}:department`), { [enterpriseUrn]: { department: 'D' } }, 'a part of an extension')
    const rest = await read(scim, `/Users/${id}?excludedAttributes=name.givenName,${enterpriseUrn}`)
    same([rest.name, enterpriseUrn in rest], [{ familyName: 'F' }, false], 'without parts')
  }),
  check(138, 'attributes answers what is always returned, schemas and what is named', async (scim) => {
    const { id } = await newUser(scim, { title: 'T' })
    same(names(await read(scim, `/Users/${id}?attributes=nickName`)), ['id', 'schemas'], 'members')
    same(
      names(await read(scim, `/Users/${id}?attributes=meta.version`)),
      ['id', 'meta', 'schemas'],
      'with a part of meta',
    )
  }),
  check(139, 'excludedAttributes takes nothing away that is always returned', async (scim) => {
    const { id } = await newUser(scim, { title: 'T' })
    same(
      names(await read(scim, `/Users/${id}?excludedAttributes=id,schemas,title,meta,active`)),
      ['id', 'schemas', 'userName'],
      'members',
    )
  }),
  check(140, 'unknown names are ignored, and a filter in a name is read as the whole', async (scim) => {
    const { id, emails } = await newUser(scim, { emails: [{ value: `${fresh(scim)}@ex.test`, type: 'home' }] })
    same(names(await read(scim, `/Users/${id}?attributes=shoeSize`)), ['id', 'schemas'], 'members')
    const name = encodeURIComponent('emails[type eq "work"]')
    same((await read(scim, `/Users/${id}?attributes=${name}`)).emails, emails, 'emails')
    that('userName' in (await read(scim, `/Users/${id}?excludedAttributes=shoeSize`)), 'the rest is there')
  }),
  check(141, 'members can be left out, or asked for alone', async (scim) => {
    const { id } = await newUser(scim)
    const group = await newGroup(scim, { members: [{ value: id }] })
    const path = `/Groups/${group.id}`
    that(!('members' in (await read(scim, `${path}?excludedAttributes=members`))), 'members are left out')
    same((await read(scim, `${path}?attributes=members.value`)).members, [{ value: id }], 'members in part')
  }),
]

/** 5.15: .search. */
export const searching: readonly Check[] = [
  check(142, '.search answers a ListResponse for users, groups and all', async (scim) => {
    const user = await newUser(scim)
    const group = await newGroup(scim, { displayName: user.userName })
    const ids = (answer: Answer) => answer.json.Resources.map(({ id }: { id: string }) => id)
    for (const [path, filter, wanted] of [
      ['/Users/.search', `userName eq "${user.userName}"`, user.id],
      ['/Groups/.search', `displayName eq "${group.displayName}"`, group.id],
      ['/.search', `id eq "${group.id}"`, group.id],
    ] as const) {
      const answer = await search(scim, path, { filter })
      status(answer, 200)
      same(ids(answer), [wanted], 'ids')
    }
  }),
  check(143, '.search means what GET means', async (scim) => {
    const body = { filter: 'userName pr', sortBy: 'userName', sortOrder: 'descending', startIndex: 2, count: 3 }
    const found = await search(scim, '/Users/.search', body)
    const query = 'filter=userName%20pr&sortBy=userName&sortOrder=descending&startIndex=2&count=3'
    same(found.json, (await get(scim, `/Users?${query}`)).json, 'the list')
    refused(await search(scim, '/Users/.search', { filter: 'x' }), 400, 'invalidFilter')
    refused(await search(scim, '/Users/.search', { startIndex: 'x' }), 400, 'invalidValue')
  }),
  ownCheck(144, 'a .search without its URN is tolerated, or invalidSyntax where read strictly', async (scim, own) => {
    const send2 = (schemas: unknown) => send(scim, 'POST', '/Users/.search', { body: { schemas, count: 0 } })
    status(await send2(undefined), 200)
    status(await send2(['urn:example:x']), 200)
    await own.withRules({ unknownInput: 'refuse' }, async () => {
      refused(await send2(undefined), 400, 'invalidSyntax')
      refused(await send2(['urn:example:x']), 400, 'invalidSyntax')
    })
  }),
]

/** 5.16: replace. */
export const replacing: readonly Check[] = [
  check(145, 'PUT never creates', async (scim) => {
    refused(await put(scim, `/Users/${nobody}`, { schemas: [userUrn], userName: fresh(scim) }), 404)
    refused(await put(scim, `/Groups/${nobody}`, { schemas: [groupUrn], displayName: fresh(scim) }), 404)
  }),
  check(146, 'PUT clears what is left out, but for active, externalId and members', async (scim) => {
    const externalId = fresh(scim)
    const user = await newUser(scim, {
      title: 'T',
      nickName: 'N',
      active: false,
      externalId,
      [enterpriseUrn]: { department: 'D' },
    })
    const body = { schemas: [userUrn], userName: user.userName, nickName: null }
    const { json } = await put(scim, `/Users/${user.id}`, body)
    for (const name of ['title', 'nickName', enterpriseUrn]) that(!(name in json), `${name} is cleared`)
    same([json.active, json.externalId], [false, externalId], 'active and externalId')
    const group = await newGroup(scim, { members: [{ value: user.id }] })
    const kept = await put(scim, `/Groups/${group.id}`, { schemas: [groupUrn], displayName: 'renamed' })
    same([kept.json.members?.length, kept.json.displayName], [1, 'renamed'], 'members and name')
    const emptied = await put(scim, `/Groups/${group.id}`, { schemas: [groupUrn], displayName: 'renamed', members: [] })
    that(!('members' in emptied.json), 'an empty list empties the group')
  }),
  check(147, 'members that are sent again are no change of what is immutable', async (scim) => {
    const user = await newUser(scim)
    const group = await newGroup(scim, { members: [{ value: user.id }] })
    const answer = await put(scim, `/Groups/${group.id}`, group)
    status(answer, 200)
    same(answer.json, group, 'the group')
  }),
  check(148, 'PUT ignores what is read-only, and the id in the body', async (scim) => {
    const user = await newUser(scim)
    const body = {
      schemas: [userUrn],
      id: nobody,
      userName: user.userName,
      groups: [{ value: 'x' }],
      meta: { version: 'x' },
    }
    const answer = await put(scim, `/Users/${user.id}`, body)
    status(answer, 200)
    same([answer.json.id, answer.json.meta], [user.id, user.meta], 'id and meta')
  }),
  ownCheck(148, 'an id that is no text is refused where read strictly', async (scim, own) => {
    const user = await newUser(scim)
    await own.withRules({ unknownInput: 'refuse' }, async () => {
      const body = { schemas: [userUrn], id: 7, userName: user.userName }
      refused(await put(scim, `/Users/${user.id}`, body), 400, 'invalidValue')
      status(await put(scim, `/Users/${user.id}`, { ...body, id: nobody }), 200)
    })
  }),
  check(149, 'PUT without a required attribute is invalidValue', async (scim) => {
    const group = await newGroup(scim)
    for (const displayName of [undefined, null, ''])
      refused(await put(scim, `/Groups/${group.id}`, { schemas: [groupUrn], displayName }), 400, 'invalidValue')
  }),
  check(150, 'PUT answers 200, the whole resource and a new ETag', async (scim) => {
    const user = await newUser(scim)
    const answer = await put(scim, `/Users/${user.id}`, { schemas: [userUrn], userName: user.userName, title: 'T' })
    status(answer, 200)
    same(answer.json, await read(scim, `/Users/${user.id}`), 'the resource')
    that(answer.headers.etag !== user.meta.version, 'the tag is new')
  }),
  check(151, 'PUT to a name that is taken is 409', async (scim) => {
    const [one, two] = [await newUser(scim), await newUser(scim)]
    const body = { schemas: [userUrn], userName: one.userName }
    refused(await put(scim, `/Users/${two.id}`, body), 409, 'uniqueness')
    const value = `${fresh(scim)}@ex.test`
    await newUser(scim, { emails: [{ value, primary: true }] })
    const mail = { schemas: [userUrn], userName: two.userName, emails: [{ value, primary: true }] }
    refused(await put(scim, `/Users/${two.id}`, mail), 409, 'uniqueness')
    status(await post(scim, '/Users', { schemas: [userUrn], userName: fresh(scim), emails: mail.emails }), 409)
  }),
]
