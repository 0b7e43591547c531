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
  remove,
  same,
  status,
  that,
  userUrn,
  type Check,
} from '../check.ts'

/** 5.6: characteristics of schemas. */
export const characteristics: readonly Check[] = [
  check(55, 'types are enforced', async (scim) => {
    const wrong = [
      { title: 7 },
      { active: 1 },
      { active: 'yes' },
      { name: 'text' },
      { emails: { value: 'x' } },
      { emails: [{ value: 7 }] },
      { x509Certificates: [{ value: '***' }] },
      { profileUrl: 'http://[' },
      { displayName: ['x'] },
    ]
    for (const part of wrong)
      refused(await post(scim, '/Users', { schemas: [userUrn], userName: fresh(scim), ...part }), 400, 'invalidValue')
  }),
  ownCheck(55, 'booleans as strings are refused where a workspace wants it so', async (scim, own) => {
    await own.withRules({ stringBooleans: false }, async () => {
      const body = { schemas: [userUrn], userName: fresh(scim), active: 'true' }
      refused(await post(scim, '/Users', body), 400, 'invalidValue')
    })
  }),
  check(56, 'a wrong type is invalidValue, a wrong structure invalidSyntax', async (scim) => {
    refused(await post(scim, '/Users', { schemas: [userUrn], userName: 7 }), 400, 'invalidValue')
    refused(await post(scim, '/Users', { schemas: userUrn, userName: fresh(scim) }), 400, 'invalidSyntax')
    refused(await post(scim, '/Users', [1]), 400, 'invalidSyntax')
  }),
  check(57, 'attributes have the defaults of the RFC where nothing else is meant', async (scim) => {
    const { attributes } = await read(scim, `/Schemas/${userUrn}`)
    const { description, ...nickName } = attributes.find(({ name }: { name: string }) => name === 'nickName')
    same(typeof description, 'string', 'type of the description')
    const defaults = {
      type: 'string',
      multiValued: false,
      required: false,
      caseExact: false,
      mutability: 'readWrite',
      returned: 'default',
      uniqueness: 'none',
    }
    same(nickName, { name: 'nickName', ...defaults }, 'nickName')
  }),
  check(58, 'a required attribute is invalidValue when missing and mutability when removed', async (scim) => {
    refused(await post(scim, '/Users', { schemas: [userUrn] }), 400, 'invalidValue')
    refused(await post(scim, '/Groups', { schemas: [groupUrn] }), 400, 'invalidValue')
    const { id } = await newUser(scim)
    refused(await put(scim, `/Users/${id}`, { schemas: [userUrn] }), 400, 'invalidValue')
    refused(await patch(scim, `/Users/${id}`, [{ op: 'remove', path: 'userName' }]), 400, 'mutability')
    const group = await newGroup(scim)
    refused(await patch(scim, `/Groups/${group.id}`, [{ op: 'remove', path: 'displayName' }]), 400, 'mutability')
  }),
  check(59, 'always-returned attributes are there whatever is asked for', async (scim) => {
    const { id } = await newUser(scim, { password: 'correct horse battery' })
    for (const query of ['attributes=title', 'excludedAttributes=id,schemas,userName']) {
      const answer = await get(scim, `/Users/${id}?${query}`)
      same([answer.json.id, answer.json.schemas], [id, [userUrn]], `id and schemas with ${query}`)
      that(!answer.text.includes('correct horse'), 'no password is shown')
    }
  }),
  ownCheck(59, 'members on request come only when named, or to who sent them', async (scim, own) => {
    const { id } = await newUser(scim)
    await own.withRules({ groupMembersReturned: 'request' }, async () => {
      const group = await newGroup(scim, { members: [{ value: id }] })
      same(group.members?.length, 1, 'members after a write that sent them')
      that(!('members' in (await read(scim, `/Groups/${group.id}`))), 'members are not read unless named')
      same((await read(scim, `/Groups/${group.id}?attributes=members`)).members.length, 1, 'members when named')
      const { attributes } = await read(scim, `/Schemas/${groupUrn}`)
      same(attributes.find(({ name }: { name: string }) => name === 'members').returned, 'request', 'returned')
    })
  }),
  ownCheck(60, 'what is writeOnly is never returned', async (scim, own) => {
    await own.withRules({ passwords: true }, async () => {
      const password = 'plain to see 4711'
      const body = { schemas: [userUrn], userName: fresh(scim), password }
      const made = await post(scim, '/Users?attributes=password', body)
      status(made, 201)
      const found = await get(scim, `/Users/${made.json.id}?attributes=password`)
      for (const { text } of [made, found]) that(!text.includes('password'), 'no password in an answer')
      refused(await find(scim, 'Users', 'password pr'), 400, 'invalidFilter')
    })
  }),
  check(61, 'case counts only where caseExact says so, and is kept', async (scim) => {
    const stem = fresh(scim)
    const made = await newUser(scim, { userName: `${stem}-ÄÖ`, displayName: 'MiXed', externalId: `${stem}-Ext` })
    same([made.userName, made.displayName], [`${stem}-ÄÖ`, 'MiXed'], 'names')
    const lower = `${stem}-äö`.toLowerCase()
    same((await find(scim, 'Users', `userName eq "${lower}"`)).json.totalResults, 1, 'userName in lower case')
    same(
      (await find(scim, 'Users', `id eq "${made.id}" and displayName eq "mIXED"`)).json.totalResults,
      1,
      'displayName',
    )
    same((await find(scim, 'Users', `externalId eq "${stem}-ext"`)).json.totalResults, 0, 'externalId in lower case')
  }),
  check(62, 'a name that is taken is 409 uniqueness on POST, PUT and PATCH', async (scim) => {
    const [one, two] = [await newUser(scim), await newUser(scim)]
    refused(await post(scim, '/Users', { schemas: [userUrn], userName: one.userName }), 409, 'uniqueness')
    refused(await put(scim, `/Users/${two.id}`, { schemas: [userUrn], userName: one.userName }), 409, 'uniqueness')
    const operations = [{ op: 'replace', path: 'userName', value: one.userName.toUpperCase() }]
    refused(await patch(scim, `/Users/${two.id}`, operations), 409, 'uniqueness')
    same((await read(scim, `/Users/${two.id}`)).userName, two.userName, 'the name afterwards')
  }),
  check(63, 'values beside the canonical ones are accepted and echoed', async (scim) => {
    const emails = [{ value: `${fresh(scim)}@ex.test`, type: 'holiday' }]
    same((await newUser(scim, { emails })).emails, emails, 'emails')
  }),
  check(64, 'at most one element is primary', async (scim) => {
    const two = [
      { value: `${fresh(scim)}@ex.test`, type: 'work', primary: true },
      { value: `${fresh(scim)}@ex.test`, type: 'home', primary: true },
    ]
    const answer = await post(scim, '/Users', { schemas: [userUrn], userName: fresh(scim), emails: two })
    status(answer, 201, 400)
    if (answer.status === 400) return refused(answer, 400, 'invalidValue')
    const primary = answer.json.emails.map((email: { primary?: boolean }) => email.primary === true)
    same(primary, [true, false], 'which are primary')
  }),
  check(65, 'the same value of the same type is kept once', async (scim) => {
    const email = { value: `${fresh(scim)}@ex.test`, type: 'work' }
    const other = { ...email, type: 'home' }
    same((await newUser(scim, { emails: [email, email, other] })).emails, [email, other], 'emails')
  }),
  check(66, 'references can be fetched, and name the resource', async (scim) => {
    const user = await newUser(scim)
    const group = await newGroup(scim, { members: [{ $ref: `../Users/${user.id}`, value: user.id }] })
    const [member] = group.members
    that(new URL(member.$ref).pathname.endsWith(`/v2/Users/${user.id}`), '$ref is in the first form')
    status(await get(scim, `/Users/${member.$ref.split('/').at(-1)}`), 200)
    const again = await find(scim, 'Groups', `members.$ref eq "${member.$ref}"`)
    same(again.json.totalResults, 1, 'groups found by the reference')
    const bare = await find(scim, 'Groups', `members.$ref eq "${member.$ref.replace('/v2/', '/')}"`)
    same(bare.json.totalResults, 1, 'groups found by the reference without a version')
  }),
  check(67, 'a user who is deleted leaves every group, and stays the manager only by name', async (scim) => {
    const boss = await newUser(scim)
    const user = await newUser(scim, {
      schemas: [userUrn, enterpriseUrn],
      [enterpriseUrn]: { manager: { value: boss.id } },
    })
    that('$ref' in user[enterpriseUrn].manager, 'the manager has a $ref')
    const again = await put(scim, `/Users/${user.id}`, user)
    same(again.json, user, 'a user who is sent back as read')
    const group = await newGroup(scim, { members: [{ value: boss.id }] })
    status(await remove(scim, `/Users/${boss.id}`), 204)
    that(!('members' in (await read(scim, `/Groups/${group.id}`))), 'the group has no member')
    same((await read(scim, `/Users/${user.id}`))[enterpriseUrn].manager, { value: boss.id }, 'the manager')
  }),
]
