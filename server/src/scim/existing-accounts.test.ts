import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addScimGroup,
  addScimUser,
  changeScim,
  findScim,
  openScim,
  outcome,
  patchScim,
  readScim,
  scimRequest,
  userUrn,
  type ScimWorkspace,
} from '../../test/scim-workspace.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

// contract/scim.md 4.2: accounts that existed before SCIM; 4.3: groups; 4.4: who may change what.

const modes = ['writes', 'ask', 'link'] as const
type Mode = (typeof modes)[number]

async function underEach<T>(seen: (scim: ScimWorkspace, mode: Mode) => Promise<T>): Promise<Record<Mode, T>> {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const results: [string, T][] = []
  for (const adoptExisting of modes) {
    await changeScim(scim, { overrides: { adoptExisting, passwords: true } })
    results.push([adoptExisting, await seen(scim, adoptExisting)])
  }
  return Object.fromEntries(results) as unknown as Record<Mode, T> // one entry for each mode
}

async function record(t: TestApp, id: string) {
  const filter = encodeURIComponent(JSON.stringify({ id }))
  const { json } = await t.get(`/api/service/users?filter=${filter}`)
  return json.records[0]
}

test('4.2: a POST that meets an account by name or address is 409, and links it where the workspace says link', async () => {
  const seen = await underEach(async (scim, mode) => {
    const person = await scim.t.addUser(`ann.${mode}`)
    const byName = await scimRequest(scim, 'POST', '/Users', { schemas: [userUrn], userName: `ANN.${mode}` })
    const other = await scim.t.addUser(`bob.${mode}`)
    const emails = [{ value: other.email, primary: true }]
    const byAddress = await scimRequest(scim, 'POST', '/Users', { schemas: [userUrn], userName: `x.${mode}`, emails })
    const ids = [byName, byAddress].map((answer) => (answer.status === 201 ? answer.json.id : undefined))
    return [
      outcome(byName),
      outcome(byAddress),
      ids[0] === person.id,
      ids[1] === other.id,
      (await record(scim.t, person.id)).isScimUser ?? false,
    ]
  })
  const taken = [409, 'uniqueness']
  const refused = [taken, taken, false, false, false]
  assert.deepEqual(seen, { writes: refused, ask: refused, link: [[201], [201], true, true, true] })
})

test('4.2: a POST never links an administrator', async () => {
  const seen = await underEach(async (scim, mode) => {
    const admin = await scim.t.addUser(`root.${mode}`, '$admin')
    const answer = await scimRequest(scim, 'POST', '/Users', { schemas: [userUrn], userName: admin.username })
    return [outcome(answer), (await record(scim.t, admin.id)).isScimUser ?? false]
  })
  const refused = [[409, 'uniqueness'], false]
  assert.deepEqual(seen, { writes: refused, ask: refused, link: refused })
})

test('4.2: a PUT or PATCH adopts an account, or is 409 where the workspace says ask', async () => {
  const seen = await underEach(async (scim, mode) => {
    const person = await scim.t.addUser(`ann.${mode}`)
    const other = await scim.t.addUser(`bob.${mode}`)
    const patched = await patchScim(scim, `/Users/${person.id}`, { op: 'replace', path: 'title', value: 'T' })
    const body = { ...(await readScim(scim, `/Users/${other.id}`)), nickName: 'N' }
    const put = await scimRequest(scim, 'PUT', `/Users/${other.id}`, body)
    return [
      outcome(patched),
      outcome(put),
      (await record(scim.t, person.id)).isScimUser ?? false,
      (await record(scim.t, other.id)).isScimUser ?? false,
    ]
  })
  const adopted = [[200], [200], true, true]
  assert.deepEqual(seen, { writes: adopted, ask: [[409], [409], false, false], link: adopted })
})

test('4.2: what an administrator signs in with is not changed by a SCIM that does not manage them', async () => {
  const seen = await underEach(async (scim, mode) => {
    const admin = await scim.t.addUser(`root.${mode}`, '$admin')
    const path = `/Users/${admin.id}`
    const rows = () =>
      Promise.all([
        scim.t.db.selectFrom('users').selectAll().where('id', '=', admin.id).execute(),
        scim.t.db.selectFrom('credentials').selectAll().where('user_id', '=', admin.id).execute(),
      ])
    const before = await rows()
    const results = []
    for (const [attribute, value] of [
      ['userName', `other.${mode}`],
      ['emails', [{ value: `${mode}@attacker.example`, primary: true }]],
      ['externalId', 'e'],
      ['password', 'correct horse battery staple 2'],
    ] as const)
      results.push(outcome(await patchScim(scim, path, { op: 'replace', path: attribute, value })))
    const current = await readScim(scim, path)
    const put = await scimRequest(scim, 'PUT', path, { ...current, password: 'correct horse battery staple 3' })
    results.push(outcome(put))
    assert.deepEqual(await rows(), before)
    return results
  })
  const refused = [[409], [409], [409], [409], [409]]
  assert.deepEqual(seen, { writes: refused, ask: refused, link: refused })
})

test('4.2: a password alone adopts an account as any other change does', async () => {
  const seen = await underEach(async (scim, mode) => {
    const person = await scim.t.addUser(`ann.${mode}`)
    const operation = { op: 'replace', path: 'password', value: 'correct horse battery staple 2' }
    const answer = await patchScim(scim, `/Users/${person.id}`, operation)
    return [outcome(answer), (await record(scim.t, person.id)).isScimUser ?? false]
  })
  assert.deepEqual(seen, { writes: [[200], true], ask: [[409], false], link: [[200], true] })
})

test('4.2: DELETE removes an account, or is 409 where the workspace says ask', async () => {
  const seen = await underEach(async (scim, mode) => {
    const person = await scim.t.addUser(`ann.${mode}`)
    const answer = await scimRequest(scim, 'DELETE', `/Users/${person.id}`)
    return [outcome(answer), (await record(scim.t, person.id)) === undefined]
  })
  assert.deepEqual(seen, { writes: [[204], true], ask: [[409], false], link: [[204], true] })
})

test('4.2: an account that is named as a member is not adopted', async () => {
  const seen = await underEach(async (scim, mode) => {
    const person = await scim.t.addUser(`ann.${mode}`)
    const group = await addScimGroup(scim, `Ops ${mode}`, [person.id])
    return [group.members.length, (await record(scim.t, person.id)).isScimUser ?? false]
  })
  assert.deepEqual(seen, { writes: [1, false], ask: [1, false], link: [1, false] })
})

test('4.1: the last enabled administrator is neither disabled nor deleted, and nothing changes', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const admin = await t.addUser('root', '$admin')
  const path = `/Users/${admin.id}`
  const before = await readScim(scim, path)
  const off = { op: 'replace', path: 'active', value: false }
  assert.deepEqual(outcome(await patchScim(scim, path, off)), [409])
  assert.deepEqual(outcome(await patchScim(scim, path, { op: 'remove', path: 'active' })), [409])
  assert.deepEqual(outcome(await scimRequest(scim, 'PUT', path, { ...before, active: false })), [409])
  assert.deepEqual(outcome(await scimRequest(scim, 'DELETE', path)), [409])
  assert.deepEqual(await readScim(scim, path), before)
})

test('4.1: active is true unless said otherwise, stays through a PUT that leaves it out, and unassigning it disables', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  for (const active of [undefined, null, true])
    assert.equal((await addScimUser(scim, `a${active}`, { active })).active, true)
  const { id } = await addScimUser(scim, 'ann')
  const path = `/Users/${id}`
  const isEnabled = async () => (await record(t, id)).enabled
  for (const operation of [
    { op: 'remove', path: 'active' },
    { op: 'replace', path: 'active', value: null },
    { op: 'replace', value: { active: null } },
  ]) {
    await patchScim(scim, path, { op: 'replace', path: 'active', value: true })
    assert.equal(await isEnabled(), true)
    assert.equal((await patchScim(scim, path, operation)).status, 200)
    assert.deepEqual([await isEnabled(), 'active' in (await readScim(scim, path))], [false, false])
    await scimRequest(scim, 'PUT', path, { schemas: [userUrn], userName: 'ann' })
    assert.equal(await isEnabled(), false, 'silence switches nobody on')
  }
})

test('4.1: the address is the primary one, else the one for work, else the first that is one', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const address = async (userName: string, emails?: object[]) => {
    const made = await addScimUser(scim, userName, emails === undefined ? {} : { emails })
    if (emails !== undefined) assert.deepEqual((await readScim(scim, `/Users/${made.id}`)).emails, emails)
    return (await record(t, made.id)).email
  }
  const [a, b] = ['a@example.com', 'b@example.com']
  assert.equal(
    await address('u1', [
      { value: a, type: 'work' },
      { value: b, type: 'home', primary: true },
    ]),
    b,
  )
  assert.equal(
    await address('u2', [{ value: 'c@example.com' }, { value: 'd@example.com', type: 'work' }]),
    'd@example.com',
  )
  assert.equal(await address('u3', [{ value: 'no address' }, { value: 'e@example.com' }]), 'e@example.com')
  assert.equal(await address('f@example.com'), 'f@example.com')
  assert.equal(await address('u4'), '')
})

test('4.1: names, title and id are the same on both sides', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const { id } = await addScimUser(scim, 'ann', { name: { givenName: 'Ann', familyName: 'Lee' }, title: 'Lead' })
  const seen = await record(t, id)
  assert.deepEqual([seen.id, seen.firstName, seen.lastName], [id, 'Ann', 'Lee'])
  assert.deepEqual([seen.username, seen.attributes.designation, seen.isScimUser], ['ann', ['Lead'], true])
  await t.post(`/api/service/users/${id}`, { firstName: 'Anna', attributes: { designation: ['Chief'] } })
  const { name, title } = await readScim(scim, `/Users/${id}`)
  assert.deepEqual([name, title], [{ givenName: 'Anna', familyName: 'Lee' }, 'Chief'])
})

test('4.3: the name of a group is made once, unique, and stays when the group is renamed', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const [one, two] = [await addScimGroup(scim, 'Data Science'), await addScimGroup(scim, 'data science')]
  const groups = async () => {
    const { json } = await t.get('/api/service/groups?limit=100')
    const by = new Map(json.records.map((group: { id: string }) => [group.id, group]))
    return [one, two].map(({ id }) => by.get(id) as { name: string; alias: string }) // both were just made
  }
  assert.deepEqual(
    (await groups()).map(({ name }) => name),
    ['data_science', 'data_science_2'],
  )
  await patchScim(scim, `/Groups/${one.id}`, { op: 'replace', path: 'displayName', value: 'Renamed' })
  const [renamed] = await groups()
  assert.deepEqual([renamed?.name, renamed?.alias], ['data_science', 'Renamed'])
})

test('4.3: a group made by REST is matched by displayName, and DELETE leaves its people', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const person = await t.addUser('ann')
  const group = await t.addGroup('finance', [person.id])
  assert.deepEqual(await findScim(scim, 'Groups', 'displayName eq "FINANCE"'), [group])
  assert.equal((await readScim(scim, `/Groups/${group}`)).members[0].value, person.id)
  assert.equal((await scimRequest(scim, 'DELETE', `/Groups/${group}`)).status, 204)
  assert.equal((await readScim(scim, `/Users/${person.id}`)).groups, undefined)
})

test('4.4: what the identity provider owns is 409 managed_by_scim by REST, but the emergency stop is not', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const { id } = await addScimUser(scim, 'ann', { emails: [{ value: 'ann@example.com', primary: true }] })
  const change = async (body: object) => {
    const { status, json } = await t.post(`/api/service/users/${id}`, body)
    return status === 200 ? 200 : json.error
  }
  assert.equal(await change({ email: 'other@example.com' }), 'managed_by_scim')
  assert.equal(await change({ firstName: 'Ann' }), 200)
  const removed = await t.post(`/api/service/users/${id}/delete`, {})
  assert.deepEqual([removed.status, removed.json.error], [409, 'managed_by_scim'])
  assert.equal(await change({ enabled: false }), 200)
  assert.equal((await readScim(scim, `/Users/${id}`)).active, false)
  assert.equal(await change({ enabled: true }), 'managed_by_scim')
  assert.equal((await t.post(`/api/service/users/${id}/delete`, {})).status, 200, 'once disabled')
})
