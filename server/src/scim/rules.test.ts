import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addScimGroup,
  addScimUser,
  changeScim,
  findScim,
  groupUrn,
  nobody,
  openScim,
  outcome,
  patchScim,
  readScim,
  scimRequest,
  userUrn,
} from '../../test/scim-workspace.ts'
import { startTestApp } from '../../test/start-test-app.ts'

// The keys of contract/scim.md 6.2, each beside what holds without it.

test('patchResponseUsers and patchResponseGroups choose the success code of PATCH', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const user = await addScimUser(scim, 'ann')
  const group = await addScimGroup(scim, 'Ops')
  await changeScim(scim, { overrides: { patchResponseUsers: 204, patchResponseGroups: 204 } })
  for (const path of [`/Users/${user.id}`, `/Groups/${group.id}`]) {
    const answer = await patchScim(scim, path, { op: 'replace', path: 'displayName', value: 'x' })
    assert.deepEqual([answer.status, answer.text], [204, ''])
    assert.equal(answer.headers.etag, (await readScim(scim, path)).meta.version)
  }
})

test('emptyOperations, createOnNoTarget, addMissingUrn, stringBooleans and emptyStringUnassigns are single switches', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const { id } = await addScimUser(scim, 'ann', { nickName: 'N' })
  const path = `/Users/${id}`
  const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
  const ask = {
    emptyOperations: () => patchScim(scim, path),
    createOnNoTarget: () => patchScim(scim, path, { op: 'replace', path: 'ims[type eq "x"].value', value: 'y' }),
    addMissingUrn: () =>
      scimRequest(scim, 'PUT', path, { schemas: [userUrn], userName: 'ann', [enterprise]: { department: 'D' } }),
    stringBooleans: () => patchScim(scim, path, { op: 'replace', path: 'active', value: 'true' }),
  }
  const off = {
    emptyOperations: 'refuse',
    createOnNoTarget: false,
    addMissingUrn: false,
    stringBooleans: false,
  } as const
  const refusals = {
    emptyOperations: [400, 'invalidSyntax'],
    createOnNoTarget: [400, 'noTarget'],
    addMissingUrn: [400, 'invalidSyntax'],
    stringBooleans: [400, 'invalidValue'],
  }
  for (const key of ['emptyOperations', 'createOnNoTarget', 'addMissingUrn', 'stringBooleans'] as const) {
    await changeScim(scim, { overrides: { [key]: off[key] } })
    assert.deepEqual(outcome(await ask[key]()), refusals[key], key)
    await changeScim(scim, { overrides: {} })
    assert.deepEqual(outcome(await ask[key]()), [200], key)
  }
})

test('danglingMembers: ignore leaves out who does not exist, and lists them in the inspector', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const { id } = await addScimUser(scim, 'ann')
  const group = await addScimGroup(scim, 'Ops')
  const operation = { op: 'add', path: 'members', value: [{ value: nobody }, { value: id }] }
  assert.deepEqual(outcome(await patchScim(scim, `/Groups/${group.id}`, operation)), [400, 'invalidValue'])
  await changeScim(scim, { overrides: { danglingMembers: 'ignore' } })
  assert.deepEqual(outcome(await patchScim(scim, `/Groups/${group.id}`, operation)), [200])
  const { members } = await readScim(scim, `/Groups/${group.id}`)
  assert.deepEqual(
    members.map((member: { value: string }) => member.value),
    [id],
  )
})

test('uniqueGroupNames refuses a second group of the same name, whatever its case', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  await addScimGroup(scim, 'Müller')
  await changeScim(scim, { overrides: { uniqueGroupNames: true } })
  for (const displayName of ['MÜLLER', 'mu\u0308ller', 'Ｍüller'])
    assert.deepEqual(
      outcome(await scimRequest(scim, 'POST', '/Groups', { schemas: [groupUrn], displayName })),
      [409, 'uniqueness'],
      displayName,
    )
})

test('uniqueExternalId holds for POST, PUT and PATCH, and is exact', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  await changeScim(scim, { overrides: { uniqueExternalId: true } })
  await addScimUser(scim, 'ann', { externalId: 'e1' })
  const bob = await addScimUser(scim, 'bob', { externalId: 'E1' })
  const path = `/Users/${bob.id}`
  const taken = [409, 'uniqueness']
  const body = { schemas: [userUrn], userName: 'eve', externalId: 'e1' }
  assert.deepEqual(outcome(await scimRequest(scim, 'POST', '/Users', body)), taken)
  assert.deepEqual(outcome(await scimRequest(scim, 'PUT', path, { ...body, userName: 'bob' })), taken)
  assert.deepEqual(outcome(await patchScim(scim, path, { op: 'replace', path: 'externalId', value: 'e1' })), taken)
  assert.deepEqual(outcome(await patchScim(scim, path, { op: 'replace', path: 'externalId', value: 'E1' })), [200])
})

test('multiValuedAdd: replace makes an add replace the list', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const { id } = await addScimUser(scim, 'ann', { entitlements: [{ value: 'a' }] })
  const add = async (value: string) => {
    const answer = await patchScim(scim, `/Users/${id}`, { op: 'add', path: 'entitlements', value: [{ value }] })
    return answer.json.entitlements.map((one: { value: string }) => one.value)
  }
  assert.deepEqual(await add('b'), ['a', 'b'])
  await changeScim(scim, { overrides: { multiValuedAdd: 'replace' } })
  assert.deepEqual(await add('c'), ['c'])
})

test('multiValuedAdd: replace never empties a group: members are added', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const [a, b] = [await addScimUser(scim, 'a'), await addScimUser(scim, 'b')]
  const group = await addScimGroup(scim, 'Ops', [a.id])
  await changeScim(scim, { overrides: { multiValuedAdd: 'replace' } })
  await patchScim(scim, `/Groups/${group.id}`, { op: 'add', path: 'members', value: [{ value: b.id }] })
  assert.equal((await readScim(scim, `/Groups/${group.id}`)).members.length, 2)
})

test('groupMembersReturned: request leaves members out of lists and reads that do not name them', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const { id } = await addScimUser(scim, 'ann')
  await changeScim(scim, { overrides: { groupMembersReturned: 'request' } })
  const group = await addScimGroup(scim, 'Ops', [id])
  assert.equal(group.members.length, 1, 'to who sent them')
  const path = `/Groups/${group.id}`
  assert.equal((await readScim(scim, path)).members, undefined)
  assert.equal(
    (await readScim(scim, '/Groups')).Resources.find((one: { id: string }) => one.id === group.id).members,
    undefined,
  )
  assert.equal((await readScim(scim, `${path}?attributes=members`)).members.length, 1)
  assert.equal(
    (await patchScim(scim, path, { op: 'replace', path: 'displayName', value: 'x' })).json.members,
    undefined,
  )
  const sent = await patchScim(scim, path, { op: 'add', path: 'members', value: [{ value: id }] })
  assert.equal(sent.json.members.length, 1, 'to who sent them by PATCH')
})

test('emailConflict: detach keeps the list and leaves the address with its owner', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const owner = await addScimUser(scim, 'ann', { emails: [{ value: 'ann@example.com', primary: true }] })
  const emails = [{ value: 'ann@example.com', primary: true }]
  const body = { schemas: [userUrn], userName: 'bob', emails }
  assert.deepEqual(outcome(await scimRequest(scim, 'POST', '/Users', body)), [409, 'uniqueness'])
  await changeScim(scim, { overrides: { emailConflict: 'detach' } })
  const made = await scimRequest(scim, 'POST', '/Users', body)
  assert.deepEqual([made.status, made.json.emails], [201, emails])
  const addressOf = async (id: string) => {
    const filter = encodeURIComponent(JSON.stringify({ id }))
    return (await t.get(`/api/service/users?filter=${filter}`)).json.records[0].email
  }
  assert.deepEqual([await addressOf(owner.id), await addressOf(made.json.id)], ['ann@example.com', ''])
  const eve = await addScimUser(scim, 'eve', { emails: [{ value: 'eve@example.com', primary: true }] })
  const patched = await patchScim(scim, `/Users/${eve.id}`, { op: 'replace', path: 'emails', value: emails })
  assert.deepEqual([patched.status, patched.json.emails], [200, emails])
  assert.equal(await addressOf(owner.id), 'ann@example.com')
})

test('visible: managed hides what SCIM does not manage, for every verb', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const person = await t.addUser('ann')
  const group = await t.addGroup('finance')
  const own = await addScimUser(scim, 'bob')
  await changeScim(scim, { overrides: { visible: 'managed' } })
  assert.deepEqual(await findScim(scim, 'Users', 'userName pr'), [own.id])
  assert.equal((await readScim(scim, '/Users')).totalResults, 1)
  assert.deepEqual(await findScim(scim, 'Groups', 'displayName pr'), [])
  for (const path of [`/Users/${person.id}`, `/Groups/${group}`]) {
    assert.equal((await scimRequest(scim, 'GET', path)).status, 404)
    assert.equal((await patchScim(scim, path, { op: 'replace', path: 'displayName', value: 'x' })).status, 404)
    assert.equal((await scimRequest(scim, 'DELETE', path)).status, 404)
  }
})

test('nestedGroups off refuses groups as members', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const [inner, outer] = [await addScimGroup(scim, 'inner'), await addScimGroup(scim, 'outer')]
  await changeScim(scim, { overrides: { nestedGroups: false } })
  const operation = { op: 'add', path: 'members', value: [{ value: inner.id, type: 'Group' }] }
  assert.deepEqual(outcome(await patchScim(scim, `/Groups/${outer.id}`, operation)), [400, 'invalidValue'])
})

test('passwords on: a password is set and never shown; off: it is dropped unread', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const hashes = () => t.db.selectFrom('credentials').select('user_id').execute()
  await addScimUser(scim, 'ann', { password: 'x' })
  assert.deepEqual(await hashes(), [])
  await changeScim(scim, { overrides: { passwords: true } })
  const weak = { schemas: [userUrn], userName: 'bob', password: 'x' }
  assert.deepEqual(outcome(await scimRequest(scim, 'POST', '/Users', weak)), [400, 'invalidValue'])
  const made = await addScimUser(scim, 'bob', { password: 'correct horse battery staple 9' })
  assert.deepEqual(await hashes(), [{ user_id: made.id }])
  assert.equal('password' in made, false)
})
