import {
  bulk,
  check,
  enterpriseUrn,
  find,
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
  remove,
  same,
  status,
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

/** 5.7: users, groups, the enterprise extension. */
export const resources: readonly Check[] = [
  check(68, 'userName is required, not empty, and unique whatever its case and width', async (scim) => {
    for (const userName of ['', null, 'x'.repeat(257), 'a\u0007b', `${fresh(scim)}\n`])
      refused(await post(scim, '/Users', { schemas: [userUrn], userName }), 400, 'invalidValue')
    const stem = fresh(scim)
    await newUser(scim, { userName: `${stem}Müller` })
    for (const twin of [`${stem}MÜLLER`, `${stem}Mu\u0308ller`, `${stem}Ｍüller`])
      refused(await post(scim, '/Users', { schemas: [userUrn], userName: twin }), 409, 'uniqueness')
    await newUser(scim, { userName: `${stem}${'x'.repeat(256 - stem.length)}` })
  }),
  check(69, 'a password that is sent while passwords are off is dropped, and refused by PATCH', async (scim) => {
    const { changePassword } = await read(scim, '/ServiceProviderConfig')
    if (changePassword.supported) return
    const { attributes } = await read(scim, `/Schemas/${userUrn}`)
    that(!attributes.some(({ name }: { name: string }) => name === 'password'), 'it is not published')
    const { id } = await newUser(scim, { password: '1mz050nq' })
    refused(await patch(scim, `/Users/${id}`, [{ op: 'replace', path: 'password', value: 'x' }]), 400, 'invalidPath')
  }),
  ownCheck(69, 'with passwords on they are set by POST, PUT and PATCH', async (scim, own) => {
    await own.withRules({ passwords: true }, async () => {
      same((await read(scim, '/ServiceProviderConfig')).changePassword.supported, true, 'changePassword')
      const user = await newUser(scim, { password: 'correct horse battery 1' })
      const path = `/Users/${user.id}`
      const body = { schemas: [userUrn], userName: user.userName, password: 'correct horse battery 2' }
      status(await put(scim, path, body), 200)
      status(await patch(scim, path, [{ op: 'replace', path: 'password', value: 'correct horse battery 3' }]), 200)
    })
  }),
  check(70, 'groups of a user are read-only', async (scim) => {
    const user = await newUser(scim, { groups: [{ value: nobody }] })
    that(!('groups' in user), 'what was sent is ignored')
    const group = await newGroup(scim, { members: [{ value: user.id }] })
    const { groups } = await read(scim, `/Users/${user.id}`)
    same(groups.length, 1, 'the number of groups')
    same([groups[0].value, groups[0].display, groups[0].type], [group.id, group.displayName, 'direct'], 'the group')
    that(groups[0].$ref.endsWith(`/Groups/${group.id}`), '$ref names the group')
    refused(await patch(scim, `/Users/${user.id}`, [{ op: 'remove', path: 'groups' }]), 400, 'mutability')
  }),
  ownCheck(71, 'a country is two letters where read strictly, and any text otherwise', async (scim, own) => {
    const addresses = [{ type: 'work', country: 'United Kingdom' }]
    same((await newUser(scim, { addresses })).addresses, addresses, 'addresses')
    await own.withRules({ unknownInput: 'refuse' }, async () => {
      refused(await post(scim, '/Users', { schemas: [userUrn], userName: fresh(scim), addresses }), 400, 'invalidValue')
      await newUser(scim, { addresses: [{ type: 'work', country: 'GB' }] })
    })
  }),
  check(71, 'photos are URIs and certificates base64', async (scim) => {
    const photos = [{ value: 'https://ex.test/p.png', type: 'photo' }]
    const x509Certificates = [{ value: 'MIIBpzCCAU2g' }]
    const made = await newUser(scim, { photos, x509Certificates })
    same([made.photos, made.x509Certificates], [photos, x509Certificates], 'values')
  }),
  check(72, 'addresses and numbers are echoed as they were sent', async (scim) => {
    const phoneNumbers = [{ value: '+49 (0)30 / 12-34', type: 'work' }]
    const [email] = [{ value: `First.${fresh(scim)}@EX.Test`, type: 'work' }]
    const made = await newUser(scim, { phoneNumbers, emails: [email] })
    same(made.phoneNumbers[0].value, phoneNumbers[0]?.value, 'the number')
    same(made.emails[0].value, email?.value, 'the address')
  }),
  check(73, 'locale, timezone and preferredLanguage are kept, odd ones as text', async (scim) => {
    for (const sent of [
      { locale: 'en-US', timezone: 'Europe/Berlin', preferredLanguage: 'de, en;q=0.5' },
      { locale: 'English', timezone: 'Berlin time', preferredLanguage: '?' },
    ]) {
      const { locale, timezone, preferredLanguage } = await newUser(scim, sent)
      same({ locale, timezone, preferredLanguage }, sent, 'what was kept')
    }
  }),
  check(74, 'every attribute of RFC 7643 is kept', async (scim) => {
    const entry = (value: string) => [{ value, display: 'D', type: 'other', primary: true }]
    const sent = {
      name: {
        formatted: 'Dr. First M. Last jr.',
        familyName: 'Last',
        givenName: 'First',
        middleName: 'M.',
        honorificPrefix: 'Dr.',
        honorificSuffix: 'jr.',
      },
      displayName: 'D',
      nickName: 'N',
      profileUrl: 'https://ex.test/u',
      title: 'T',
      userType: 'Contractor',
      preferredLanguage: 'en',
      locale: 'en-US',
      timezone: 'Europe/Paris',
      active: false,
      emails: entry(`${fresh(scim)}@ex.test`),
      phoneNumbers: entry('+1'),
      ims: entry('im'),
      photos: entry('https://ex.test/x.png'),
      addresses: [
        {
          formatted: 'S\nL',
          streetAddress: 'S',
          locality: 'L',
          region: 'R',
          postalCode: '1',
          country: 'DE',
          type: 'home',
          primary: true,
        },
      ],
      entitlements: entry('e'),
      roles: entry('r'),
      x509Certificates: entry('QUJD'),
    }
    const { id } = await newUser(scim, sent)
    const { schemas, id: _id, meta, userName, ...kept } = await read(scim, `/Users/${id}`)
    same(kept, sent, 'what was kept')
    that(schemas.length > 0 && meta.version !== '' && userName !== '', 'the rest is there')
  }),
  check(75, 'members have value, $ref, type and a display, the client’s own if it sent one', async (scim) => {
    const user = await newUser(scim, { displayName: 'Shown' })
    const other = await newUser(scim)
    const group = await newGroup(scim, { members: [{ value: user.id }, { value: other.id, display: 'Mine' }] })
    const { members } = await read(scim, `/Groups/${group.id}`)
    const by = new Map(members.map((member: { value: string }) => [member.value, member]))
    const seen = (id: string) => by.get(id) as { display: string; type: string; $ref: string } // from the list above
    same([seen(user.id).display, seen(user.id).type], ['Shown', 'User'], 'display and type')
    that(seen(user.id).$ref.endsWith(`/Users/${user.id}`), '$ref names the user')
    same(seen(other.id).display, 'Mine', 'the display that was sent')
  }),
  check(76, 'a group may be a member, but not of itself', async (scim) => {
    const user = await newUser(scim)
    const inner = await newGroup(scim, { members: [{ value: user.id }] })
    const outer = await newGroup(scim, { members: [{ value: inner.id, type: 'Group' }] })
    same(outer.members[0].type, 'Group', 'type')
    const { groups } = await read(scim, `/Users/${user.id}`)
    const types = Object.fromEntries(groups.map((one: { value: string; type: string }) => [one.value, one.type]))
    same(types, { [inner.id]: 'direct', [outer.id]: 'indirect' }, 'groups of the user')
    for (const [group, member] of [
      [inner, outer],
      [inner, inner],
    ]) {
      const operations = [{ op: 'add', path: 'members', value: [{ value: member.id }] }]
      refused(await patch(scim, `/Groups/${group.id}`, operations), 400, 'invalidValue')
    }
    const ring = await bulk(scim, [{ method: 'PATCH', path: `/Groups/${inner.id}`, data: addMember(outer.id) }])
    that(['409', '400'].includes(ring.json.Operations[0].status), 'a ring is refused in Bulk')
  }),
  ownCheck(76, 'nested groups can be switched off', async (scim, own) => {
    const inner = await newGroup(scim)
    await own.withRules({ nestedGroups: false }, async () => {
      const body = { schemas: [groupUrn], displayName: fresh(scim), members: [{ value: inner.id }] }
      refused(await post(scim, '/Groups', body), 400, 'invalidValue')
    })
  }),
  check(77, 'the enterprise extension is kept; the manager gets $ref and displayName from its record', async (scim) => {
    const boss = await newUser(scim, { displayName: 'The Boss' })
    const extension = {
      employeeNumber: '7',
      costCenter: 'C',
      organization: 'O',
      division: 'D',
      department: 'E',
      manager: { value: boss.id, displayName: 'ignored' },
    }
    const user = await newUser(scim, { schemas: [userUrn, enterpriseUrn], [enterpriseUrn]: extension })
    const { manager, ...rest } = user[enterpriseUrn]
    const { manager: _manager, ...sent } = extension
    same(rest, sent, 'the extension')
    same([manager.value, manager.displayName], [boss.id, 'The Boss'], 'the manager')
    that(manager.$ref.endsWith(`/Users/${boss.id}`), '$ref names the manager')
    const stranger = await newUser(scim, { [enterpriseUrn]: { manager: { value: 'nobody here' } } })
    same(stranger[enterpriseUrn].manager, { value: 'nobody here' }, 'a manager who is unknown')
  }),
  check(78, 'extension data stands under its URN, and the URN in schemas', async (scim) => {
    const user = await newUser(scim)
    const operations = [{ op: 'add', value: { [enterpriseUrn]: { costCenter: '9' } } }]
    status(await patch(scim, `/Users/${user.id}`, operations), 200, 204)
    const changed = await read(scim, `/Users/${user.id}`)
    same(changed[enterpriseUrn], { costCenter: '9' }, 'the extension')
    that(changed.schemas.includes(enterpriseUrn), 'its URN is in schemas')
  }),
]

function addMember(value: string): object {
  return {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'add', path: 'members', value: [{ value }] }],
  }
}
