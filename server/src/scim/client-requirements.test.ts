import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  addScimGroup,
  addScimUser,
  changeScim,
  enterpriseUrn,
  findScim,
  groupUrn,
  nobody,
  outcome,
  patchScim,
  patchUrn,
  readScim,
  scimRequest,
  userUrn,
  newScim,
} from '../../test/scim-workspace.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

let t: TestApp
before(async () => {
  t = await startTestApp()
})
after(() => t[Symbol.asyncDispose]())

// What clients in the field need, contract/scim.md section 8: the number is in the title.

test('K1: op counts in any case', async () => {
  const scim = await newScim(t)
  const { id } = await addScimUser(scim, 'ann', { nickName: 'A', locale: 'de' })
  const answer = await patchScim(
    scim,
    `/Users/${id}`,
    { op: 'Add', path: 'title', value: 'T' },
    { op: 'REPLACE', path: 'nickName', value: 'B' },
    { op: 'Remove', path: 'locale' },
  )
  const { title, nickName, locale } = answer.json
  assert.deepEqual([title, nickName, locale], ['T', 'B', undefined])
})

test('K2: booleans come as strings in POST, PUT, PATCH and filters', async () => {
  const scim = await newScim(t)
  const emails = [{ value: 'ann@example.com', primary: 'True' }]
  const made = await addScimUser(scim, 'ann', { active: 'false', emails })
  assert.deepEqual([made.active, made.emails[0].primary], [false, true])
  const path = `/Users/${made.id}`
  const replaced = await scimRequest(scim, 'PUT', path, { schemas: [userUrn], userName: 'ann', active: 'TRUE', emails })
  assert.equal(replaced.json.active, true)
  assert.equal((await patchScim(scim, path, { op: 'replace', path: 'active', value: 'False' })).json.active, false)
  assert.deepEqual(await findScim(scim, 'Users', 'emails[primary eq "True"]'), [made.id])
  assert.deepEqual(await findScim(scim, 'Users', 'userName eq "ann" and active eq "False"'), [made.id])
  for (const active of ['yes', '1', '', 'FALSE '])
    assert.deepEqual(
      outcome(await patchScim(scim, path, { op: 'replace', path: 'active', value: active })),
      active === '' ? [200] : [400, 'invalidValue'],
      active,
    )
})

test('K3: values without a path have dotted keys and keys of URN and colon', async () => {
  const scim = await newScim(t)
  const { id } = await addScimUser(scim, 'ann', { name: { givenName: 'Ann', familyName: 'Old' } })
  const value = {
    'name.familyName': 'New',
    [`${enterpriseUrn}:department`]: 'R&D',
    [`${enterpriseUrn}:manager`]: nobody,
    [`${userUrn}:nickName`]: 'N',
    'emails[type eq "work"].value': 'ann@example.com',
  }
  const { json } = await patchScim(scim, `/Users/${id}`, { op: 'replace', value })
  assert.deepEqual(json.name, { givenName: 'Ann', familyName: 'New' })
  assert.deepEqual(json[enterpriseUrn], { department: 'R&D', manager: { value: nobody } })
  assert.deepEqual([json.nickName, json.emails], ['N', [{ type: 'work', value: 'ann@example.com' }]])
})

test('K4: add and replace on an element that is not there make it from the eq terms', async () => {
  const scim = await newScim(t)
  for (const op of ['Add', 'Replace']) {
    const { id } = await addScimUser(scim, `ann-${op}`)
    const { json } = await patchScim(
      scim,
      `/Users/${id}`,
      { op, path: 'phoneNumbers[type eq "work" and primary eq "True"].value', value: '1' },
      { op, path: 'addresses[type eq "work"].country', value: 'United Kingdom' },
      { op, path: 'roles[primary eq "True"].value', value: 'admin' },
    )
    assert.deepEqual(json.phoneNumbers, [{ type: 'work', primary: true, value: '1' }])
    assert.deepEqual(json.addresses, [{ type: 'work', country: 'United Kingdom' }])
    assert.deepEqual(json.roles, [{ primary: true, value: 'admin' }])
    const or = { op, path: 'ims[type eq "a" or type eq "b"].value', value: '1' }
    assert.deepEqual(outcome(await patchScim(scim, `/Users/${id}`, or)), [400, 'noTarget'])
  }
})

test('K5: a single complex attribute comes as a string or a list of one', async () => {
  const scim = await newScim(t)
  const boss = await addScimUser(scim, 'boss')
  const { id } = await addScimUser(scim, 'ann')
  const manager = async (value: unknown, path = `${enterpriseUrn}:manager`) =>
    (await patchScim(scim, `/Users/${id}`, { op: 'Add', path, value })).json[enterpriseUrn]?.manager.value
  assert.equal(await manager(boss.id), boss.id)
  assert.equal(await manager([{ $ref: `../Users/${nobody}`, value: nobody }]), nobody)
  assert.equal(await manager({ value: boss.id }), boss.id)
  assert.equal(await manager(nobody, 'manager'), nobody)
  const made = await addScimUser(scim, 'bob', { [enterpriseUrn]: { manager: boss.id } })
  assert.equal(made[enterpriseUrn].manager.value, boss.id)
  const cleared = await patchScim(scim, `/Users/${id}`, { op: 'Replace', path: `${enterpriseUrn}:manager`, value: '' })
  assert.equal(cleared.json[enterpriseUrn], undefined)
})

test('K6: a remove with a list of members removes only those', async () => {
  const scim = await newScim(t)
  const ids = [await addScimUser(scim, 'a'), await addScimUser(scim, 'b'), await addScimUser(scim, 'c')].map(
    (u) => u.id,
  )
  const group = await addScimGroup(scim, 'Ops', ids)
  const left = async (operation: object) => {
    assert.equal((await patchScim(scim, `/Groups/${group.id}`, operation)).status, 200)
    const { members = [] } = await readScim(scim, `/Groups/${group.id}`)
    return members.map(({ value }: { value: string }) => ids.indexOf(value)).join('')
  }
  assert.equal(await left({ op: 'Remove', path: 'members', value: [{ $ref: null, value: ids[0] }] }), '12')
  assert.equal(await left({ op: 'Remove', path: 'members', value: [{ value: nobody }] }), '12')
  assert.equal(await left({ op: 'Remove', path: 'members', value: [] }), '12', 'an empty list names nobody')
  assert.equal(await left({ op: 'Remove', path: 'members' }), '')
})

test('K7: adding a member twice is a success and no change', async () => {
  const scim = await newScim(t)
  const { id } = await addScimUser(scim, 'ann')
  const group = await addScimGroup(scim, 'Ops', [id])
  const again = { op: 'add', path: 'members', value: [{ value: id }, { value: id }] }
  assert.equal((await patchScim(scim, `/Groups/${group.id}`, again, again)).status, 200)
  assert.deepEqual(await readScim(scim, `/Groups/${group.id}`), group)
})

test('K8: null, [] and "" in POST mean nothing', async () => {
  const scim = await newScim(t)
  const empty = { addresses: null, phoneNumbers: [], title: '', nickName: null, name: null, roles: [], displayName: '' }
  const made = await addScimUser(scim, 'ann', { ...empty, [enterpriseUrn]: null, externalId: '' })
  assert.deepEqual(Object.keys(made).toSorted(), ['active', 'id', 'meta', 'schemas', 'userName'])
})

test('K9: unknown URNs are ignored, and the misspelt one is the enterprise extension', async () => {
  const scim = await newScim(t)
  const misspelt = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0User'
  const made = await addScimUser(scim, 'ann', {
    schemas: [userUrn, misspelt, 'urn:example:else', 'http://schemas.microsoft.com/x'],
    [misspelt]: { department: 'D' },
    'urn:example:else': { a: 1 },
  })
  assert.deepEqual([made.schemas, made[enterpriseUrn]], [[userUrn, enterpriseUrn], { department: 'D' }])
  assert.equal('urn:example:else' in made, false)
  const path = `/Users/${made.id}`
  const { json } = await patchScim(scim, path, { op: 'replace', path: `${misspelt}:department`, value: 'E' })
  assert.equal(json[enterpriseUrn].department, 'E')
  const old = await addScimUser(scim, 'bob', { schemas: ['urn:scim:schemas:core:1.0'] })
  assert.deepEqual(old.schemas, [userUrn])
})

test('K10: extension data counts although schemas does not name it', async () => {
  const scim = await newScim(t)
  const sent = { department: 'R&D', manager: { managerId: '77', displayName: 'The Manager' } }
  const made = await addScimUser(scim, 'ann', { id: null, active: 'true', [enterpriseUrn]: sent })
  assert.deepEqual(made.schemas, [userUrn, enterpriseUrn])
  assert.deepEqual(made[enterpriseUrn], { department: 'R&D', manager: { value: '77' } })
})

test('K11: a sub-attribute behind brackets, a manager, members and emails are compared by their value', async () => {
  const scim = await newScim(t)
  const boss = await addScimUser(scim, 'boss')
  const emails = [
    { type: 'work', value: 'ann@example.com' },
    { type: 'home', value: 'home@example.com' },
  ]
  const { id } = await addScimUser(scim, 'ann', { emails, [enterpriseUrn]: { manager: boss.id } })
  const group = await addScimGroup(scim, 'Ops', [id])
  assert.deepEqual(await findScim(scim, 'Users', 'emails[type eq "work"].value eq "ANN@example.com"'), [id])
  assert.deepEqual(await findScim(scim, 'Users', 'emails[type eq "work"].value eq "home@example.com"'), [])
  assert.deepEqual(await findScim(scim, 'Users', `id eq "${id}" and manager eq "${boss.id}"`), [id])
  assert.deepEqual(await findScim(scim, 'Users', 'emails eq "home@example.com"'), [id])
  assert.deepEqual(await findScim(scim, 'Groups', `id eq "${group.id}" and members eq "${id}"`), [group.id])
  assert.deepEqual(await findScim(scim, 'Groups', `members eq "${boss.id}"`), [])
})

test('K12: members are replaced without a path, with the id of the group in the value', async () => {
  const scim = await newScim(t)
  const [a, b] = [await addScimUser(scim, 'a'), await addScimUser(scim, 'b')]
  const group = await addScimGroup(scim, 'Ops', [a.id])
  const value = { id: group.id, displayName: 'Ops 2', members: [{ value: b.id, display: 'b' }] }
  const { json } = await patchScim(scim, `/Groups/${group.id}`, { op: 'replace', value })
  assert.deepEqual([json.displayName, json.members.map((member: { value: string }) => member.value)], ['Ops 2', [b.id]])
  const emptied = await patchScim(scim, `/Groups/${group.id}`, { op: 'replace', value: { id: group.id, members: [] } })
  assert.equal(emptied.json.members, undefined)
})

test('K13: names of attributes count in any case', async () => {
  const scim = await newScim(t)
  const body = {
    Schemas: [userUrn],
    UserName: 'ann',
    ActiVe: false,
    Emails: [{ Value: 'ann@example.com', Primary: true }],
  }
  const made = await scimRequest(scim, 'POST', '/Users', body)
  assert.deepEqual([made.json.active, made.json.emails], [false, [{ value: 'ann@example.com', primary: true }]])
  const message = { Schemas: [patchUrn], operations: [{ OP: 'replace', Path: 'ACTIVE', Value: true }] }
  assert.equal((await scimRequest(scim, 'PATCH', `/Users/${made.json.id}`, message)).json.active, true)
})

test('K14: the PATCH of a group is 204 for Entra and Okta, and excludedAttributes=members leaves members out', async () => {
  const scim = await newScim(t, 'entra')
  const { id } = await addScimUser(scim, 'ann')
  const group = await addScimGroup(scim, 'Ops', [id])
  for (const profile of ['entra', 'okta'] as const) {
    await changeScim(scim, { profile })
    const operation = { op: 'Add', path: 'members', value: [{ value: id }] }
    const answer = await patchScim(scim, `/Groups/${group.id}`, operation)
    assert.deepEqual([answer.status, answer.text], [204, ''])
  }
  const filter = encodeURIComponent('displayName eq "Ops"')
  const list = await readScim(scim, `/Groups?excludedAttributes=members&filter=${filter}`)
  assert.deepEqual(['members' in list.Resources[0], list.totalResults], [false, 1])
})

test('K15: a PATCH without operations does nothing and succeeds', async () => {
  const scim = await newScim(t)
  const user = await addScimUser(scim, 'ann')
  const group = await addScimGroup(scim, 'Ops')
  for (const path of [`/Users/${user.id}`, `/Groups/${group.id}`]) {
    const before = await readScim(scim, path)
    assert.ok([200, 204].includes((await patchScim(scim, path)).status))
    assert.deepEqual(await readScim(scim, path), before)
  }
})

test('K16: a member comes as a bare string', async () => {
  const scim = await newScim(t)
  const [a, b] = [await addScimUser(scim, 'a'), await addScimUser(scim, 'b')]
  const body = { schemas: [groupUrn], displayName: 'Ops', members: [a.id] }
  const { json: group } = await scimRequest(scim, 'POST', '/Groups', body)
  const ids = async () =>
    (await readScim(scim, `/Groups/${group.id}`)).members.map((one: { value: string }) => one.value)
  assert.deepEqual(await ids(), [a.id])
  await patchScim(scim, `/Groups/${group.id}`, { op: 'Add', path: 'members', value: b.id })
  await patchScim(scim, `/Groups/${group.id}`, { op: 'Remove', path: 'members', value: [a.id] })
  assert.deepEqual(await ids(), [b.id])
})

test('K17: values are kept and echoed as they were sent', async () => {
  const scim = await newScim(t)
  const sent = {
    displayName: '  Ann   Smith ',
    phoneNumbers: [{ type: 'mobile', value: '+49 (0)30 / 12-34  ' }],
    emails: [{ type: 'work', value: 'Ann.Smith@EXAMPLE.com' }],
    addresses: [{ type: 'work', formatted: 'A\r\nB', country: 'United Kingdom' }],
    title: 'ＶＰ é e\u0301',
    timezone: '(UTC) Berlin',
  }
  const made = await addScimUser(scim, 'Ann.Smith', sent)
  const { displayName, phoneNumbers, emails, addresses, title, timezone } = await readScim(scim, `/Users/${made.id}`)
  assert.deepEqual({ displayName, phoneNumbers, emails, addresses, title, timezone }, sent)
})

test('K18: parameters count in any case, and startindex=0 is the first page', async () => {
  const scim = await newScim(t)
  const { id } = await addScimUser(scim, 'ann')
  const filter = encodeURIComponent(
    'ActiVe eq true and (meta.lastmodified ge "2020-01-01T00:00:00-08:00" and userName eq "ann")',
  )
  const list = await readScim(scim, `/Users?startindex=0&COUNT=5&Filter=${filter}`)
  assert.deepEqual([list.startIndex, list.Resources.map((user: { id: string }) => user.id)], [1, [id]])
})

test('K19: every refusal is JSON', async () => {
  const scim = await newScim(t)
  const refusals = [
    await scimRequest(scim, 'GET', '/Users', undefined, { token: null }),
    await scimRequest(scim, 'GET', '/nowhere'),
    await scimRequest(scim, 'DELETE', '/Users'),
    await scimRequest(scim, 'POST', '/Users', '{'),
    await scimRequest(scim, 'POST', '/Users', '<x/>', { headers: { 'content-type': 'text/xml' } }),
    await scimRequest(scim, 'POST', '/Users', { title: 'x'.repeat(1_100_000) }),
    await scimRequest(scim, 'GET', '/v7/Users'),
    await scimRequest(scim, 'GET', '/api/scim/v2/Users', undefined, { host: 'unknown.localhost' }),
  ]
  for (const answer of refusals) {
    assert.match(String(answer.headers['content-type']), /^application\/scim\+json/, answer.text)
    assert.equal(answer.json.status, String(answer.status))
  }
  assert.deepEqual(
    refusals.map(({ status }) => status),
    [401, 404, 405, 400, 415, 413, 404, 421],
  )
})

// K20 is in large-groups.test.ts.

test('K21: inactive users are listed and found', async () => {
  const scim = await newScim(t)
  const { id } = await addScimUser(scim, 'ann', { active: false })
  assert.deepEqual(await findScim(scim, 'Users', 'userName eq "ann"'), [id])
  assert.deepEqual(await findScim(scim, 'Users', 'active eq false'), [id])
  assert.equal((await readScim(scim, `/Users/${id}`)).active, false)
})

test('K22: a POST that is repeated is 409, and makes nobody', async () => {
  const scim = await newScim(t)
  const { id } = await addScimUser(scim, 'ann', { emails: [{ value: 'ann@example.com', primary: true }] })
  const again = { schemas: [userUrn], userName: 'ann', emails: [{ value: 'ann@example.com', primary: true }] }
  for (const body of [again, { ...again, userName: 'ANN' }, { ...again, userName: 'other' }])
    assert.deepEqual(outcome(await scimRequest(scim, 'POST', '/Users', body)), [409, 'uniqueness'])
  assert.deepEqual(await findScim(scim, 'Users', 'userName sw "ann" or userName eq "other"'), [id])
})

test('K23: unquoted words and dates stand in filters where the workspace allows it', async () => {
  const scim = await newScim(t)
  const { id } = await addScimUser(scim, 'ann')
  const ask = (filter: string) => scimRequest(scim, 'GET', `/Users?filter=${encodeURIComponent(filter)}`)
  const loose = ['userName eq ann', 'userName eq ann and meta.lastModified ge 2020-01-01T00:00:00Z']
  for (const filter of loose) assert.deepEqual(outcome(await ask(filter)), [400, 'invalidFilter'])
  await changeScim(scim, { overrides: { looseFilterLiterals: true } })
  for (const filter of loose)
    assert.deepEqual(
      (await ask(filter)).json.Resources.map((u: { id: string }) => u.id),
      [id],
    )
  assert.equal((await ask('active eq true and userName eq ann')).json.totalResults, 1, 'true stays a boolean')
})

test('K24: addresses count in any case', async () => {
  const scim = await newScim(t)
  const { id } = await addScimUser(scim, 'ann')
  const group = await addScimGroup(scim, 'Ops')
  for (const path of [
    '/users',
    '/GROUPS',
    `/USERS/${id}`,
    `/groups/${group.id}`,
    '/serviceproviderconfig',
    '/schemas',
    '/resourcetypes',
  ])
    assert.equal((await scimRequest(scim, 'GET', path)).status, 200, path)
  for (const prefix of ['/api/service/scim', '/api/service/scim/v2', '/api/scim', '/api/scim/V2'])
    assert.equal((await scimRequest(scim, 'GET', `${prefix}/users/${id}`)).status, 200, prefix)
})

test('K25: a role whose value is JSON text is mapped by what stands in it', async () => {
  const scim = await newScim(t)
  await changeScim(scim, { roleMap: { Editor: '$admin' } })
  const value = JSON.stringify({ id: '1', value: 'Editor', displayName: 'Editor' })
  const { id, roles } = await addScimUser(scim, 'ann', { roles: [{ primary: 'True', value }] })
  assert.deepEqual(roles, [{ value, primary: true }])
  const { json } = await t.get(`/api/service/users?filter=${encodeURIComponent(JSON.stringify({ id }))}`, scim.tenant)
  assert.equal(json.records[0].workspaceRole, '$admin')
})

test('K26: the PUT of a whole group writes only what differs', async () => {
  const scim = await newScim(t, 'okta')
  const ids: string[] = []
  for (const name of ['a', 'b', 'c', 'd']) ids.push((await addScimUser(scim, name)).id)
  const group = await addScimGroup(scim, 'Ops', ids.slice(0, 3))
  const before = await t.db.selectFrom('group_members').selectAll().where('group_id', '=', group.id).execute()
  t.clock.advance(60_000)
  const members = [ids[3], ids[2], ids[1]].map((value) => ({ value }))
  const body = { schemas: [groupUrn], displayName: 'Ops', members }
  assert.equal((await scimRequest(scim, 'PUT', `/Groups/${group.id}`, body)).status, 200)
  const after = await t.db.selectFrom('group_members').selectAll().where('group_id', '=', group.id).execute()
  const kept = after.filter(({ user_id }) => user_id !== ids[3])
  assert.deepEqual(
    kept.toSorted((x, y) => (x.user_id < y.user_id ? -1 : 1)),
    before.filter(({ user_id }) => user_id !== ids[0]).toSorted((x, y) => (x.user_id < y.user_id ? -1 : 1)),
  )
  assert.deepEqual(new Set(after.map(({ user_id }) => user_id)), new Set(ids.slice(1)))
  const { meta } = await readScim(scim, `/Groups/${group.id}`)
  await scimRequest(scim, 'PUT', `/Groups/${group.id}`, body)
  assert.deepEqual((await readScim(scim, `/Groups/${group.id}`)).meta, meta)
})
