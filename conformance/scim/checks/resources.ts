import {
  bulk,
  check,
  enterpriseUrn,
  fresh,
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
  status,
  that,
  userUrn,
  type Check,
} from '../check.ts'

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
