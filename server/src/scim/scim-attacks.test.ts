import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addScimGroup,
  addScimUser,
  changeScim,
  enterpriseUrn,
  groupUrn,
  nobody,
  openScim,
  outcome,
  patchScim,
  patchUrn,
  readScim,
  scimRequest,
  userUrn,
  type ScimWorkspace,
} from '../../test/scim-workspace.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

// contract/security-and-reliability.md 3.1: the id of the row is in the title.

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

function userRow(t: TestApp, id: string) {
  return t.db.selectFrom('users').selectAll().where('id', '=', id).execute()
}

test('V-S1: an externalId never becomes an id, and selects nobody', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const admin = await t.addUser('root', '$admin')
  const before = await userRow(t, admin.id)
  for (const externalId of ['1', '0', '-1', 'admin', admin.id]) {
    const { id } = await addScimUser(scim, `user ${externalId}`, { externalId })
    assert.match(id, uuid)
    assert.notEqual(id, admin.id)
  }
  for (const externalId of [1, ['1'], { a: 1 }, true, 'x'.repeat(1_000_000)]) {
    const body = { schemas: [userUrn], userName: 'eve', externalId }
    assert.deepEqual(outcome(await scimRequest(scim, 'POST', '/Users', body)), [400, 'invalidValue'])
  }
  assert.deepEqual(await userRow(t, admin.id), before)
})

test('V-S2: ids of another tenant are 404 for every verb, and its host is 401', async () => {
  await using t = await startTestApp()
  const [scim, other] = [await openScim(t), await openScim(t, 'lenient', t.other)]
  const user = await addScimUser(other, 'ann')
  const group = await addScimGroup(other, 'Ops', [user.id])
  const own = await addScimGroup(scim, 'Own')
  const me = await addScimUser(scim, 'me', { [enterpriseUrn]: { manager: { value: user.id } } })
  assert.deepEqual(me[enterpriseUrn].manager, { value: user.id }, 'nothing is told of the manager')
  for (const [path, body] of [
    [`/Users/${user.id}`, { schemas: [userUrn], userName: 'eve' }],
    [`/Groups/${group.id}`, { schemas: [groupUrn], displayName: 'x' }],
  ] as const) {
    const message = { schemas: [patchUrn], Operations: [{ op: 'replace', path: 'displayName', value: 'x' }] }
    const sent: readonly [string, unknown][] = [
      ['GET', undefined],
      ['PUT', body],
      ['PATCH', message],
      ['DELETE', undefined],
    ]
    for (const [method, content] of sent) {
      const answer = await scimRequest(scim, method, path, content)
      assert.deepEqual(answer.json, (await scimRequest(scim, method, path.replace(/[^/]+$/, nobody), content)).json)
      assert.equal(answer.status, 404)
      const foreign = await scimRequest(scim, method, path, content, { host: t.other.host })
      assert.equal(foreign.status, 401)
    }
  }
  const add = { op: 'add', path: 'members', value: [{ value: user.id }] }
  assert.deepEqual(outcome(await patchScim(scim, `/Groups/${own.id}`, add)), [400, 'invalidValue'])
  const nested = { op: 'add', path: 'members', value: [{ value: group.id, type: 'Group' }] }
  assert.deepEqual(outcome(await patchScim(scim, `/Groups/${own.id}`, nested)), [400, 'invalidValue'])
  for (const filter of [`id eq "${user.id}"`, `groups.value eq "${group.id}"`, 'userName eq "ann"'])
    assert.equal((await readScim(scim, `/Users?filter=${encodeURIComponent(filter)}`)).totalResults, 0, filter)
  assert.deepEqual(await readScim(other, `/Users/${user.id}`), {
    ...user,
    groups: (await readScim(other, `/Users/${user.id}`)).groups,
  })
})

test('V-S2: a cursor of another tenant is invalidCursor', async () => {
  await using t = await startTestApp()
  const [scim, other] = [await openScim(t), await openScim(t, 'lenient', t.other)]
  for (const workspace of [scim, other]) for (const name of ['a', 'b']) await addScimUser(workspace, name)
  const { nextCursor } = await readScim(other, '/Users?count=1&cursor')
  assert.equal((await scimRequest(other, 'GET', `/Users?count=1&cursor=${nextCursor}`)).status, 200)
  assert.deepEqual(outcome(await scimRequest(scim, 'GET', `/Users?count=1&cursor=${nextCursor}`)), [
    400,
    'invalidCursor',
  ])
  t.clock.advance(3_601_000)
  assert.deepEqual(outcome(await scimRequest(other, 'GET', `/Users?count=1&cursor=${nextCursor}`)), [
    400,
    'expiredCursor',
  ])
})

test('V-S3: a change of the address voids what was verified, and open invitations', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const id = await t.invite('ann@example.com')
  const token = await t.invitationToken(id)
  const taken = { schemas: [userUrn], userName: 'eve', emails: [{ value: 'ann@example.com', primary: true }] }
  assert.deepEqual(outcome(await scimRequest(scim, 'POST', '/Users', taken)), [409, 'uniqueness'])
  const emails = [{ value: 'attacker@example.com', primary: true }]
  const put = await scimRequest(scim, 'PUT', `/Users/${id}`, { schemas: [userUrn], userName: 'ann', emails })
  assert.equal(put.status, 200)
  const filter = encodeURIComponent(JSON.stringify({ id }))
  const { json } = await t.get(`/api/service/users?filter=${filter}`)
  assert.deepEqual([json.records[0].email, json.records[0].emailVerified], ['attacker@example.com', false])
  const body = { token, username: 'ann2', firstName: 'A', lastName: 'B', password: 'correct horse battery staple' }
  const accepted = await t.post('/auth/accept-invite', body, { token: null })
  assert.notEqual(accepted.status, 200, 'the old link lets nobody in')
})

test('V-S4: an address in use is 409; active:false and DELETE end every token', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  await addScimUser(scim, 'ann', { emails: [{ value: 'ann@example.com', primary: true }] })
  const person = await t.addUser('bob')
  const path = `/Users/${person.id}`
  const emails = [{ value: 'Ann@Example.com', primary: true }]
  const taken = [409, 'uniqueness']
  assert.deepEqual(outcome(await patchScim(scim, path, { op: 'replace', path: 'emails', value: emails })), taken)
  const put = await scimRequest(scim, 'PUT', path, { schemas: [userUrn], userName: 'bob', emails })
  assert.deepEqual(outcome(put), taken)
  const whoAmI = async () => (await t.get('/api/service/users/current', { token: person.token })).status
  const works = await whoAmI()
  assert.notEqual(works, 401)
  await patchScim(scim, path, { op: 'replace', path: 'active', value: false })
  assert.equal(await whoAmI(), 401)
  await patchScim(scim, path, { op: 'replace', path: 'active', value: true })
  assert.equal((await scimRequest(scim, 'DELETE', path)).status, 204)
  assert.equal(await whoAmI(), 401)
})

test('V-S5: every address of SCIM is 401 with a challenge, whatever stands in for the token', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const paths = [
    '/Users',
    `/Users/${nobody}`,
    '/Groups',
    '/Bulk',
    '/.search',
    '/Users/.search',
    '/Me',
    '/Schemas',
    '/nowhere',
    '/',
  ]
  const credentials = [
    undefined,
    'Bearer ',
    'Bearer mscim_x',
    `Bearer ${t.acme.token}`,
    `Basic ${btoa(`x:${scim.token}`)}`,
    scim.token,
  ]
  for (const prefix of ['/api/scim/v2', '/api/service/scim', '/api/service/scim/v2'])
    for (const path of paths)
      for (const authorization of credentials) {
        const headers = { cookie: `session=${scim.token}`, ...(authorization === undefined ? {} : { authorization }) }
        const answer = await scimRequest(scim, 'POST', `${prefix}${path}`, '{', { token: null, headers })
        assert.equal(answer.status, 401, `${prefix}${path} ${authorization}`)
        assert.match(String(answer.headers['www-authenticate']), /^Bearer realm="scim"/)
      }
})

test('V-S7: one foreign id among a hundred members, and nobody is added', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const group = await addScimGroup(scim, 'Ops')
  const members = []
  for (let index = 0; index < 99; index += 1) members.push({ value: (await addScimUser(scim, `u${index}`)).id })
  const value = [...members, { value: nobody }]
  const answer = await patchScim(scim, `/Groups/${group.id}`, { op: 'add', path: 'members', value })
  assert.deepEqual(outcome(answer), [400, 'invalidValue'])
  assert.deepEqual(await readScim(scim, `/Groups/${group.id}`), group)
})

test('V-S7: being in a nested group grants nothing', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const user = await addScimUser(scim, 'ann')
  const inner = await addScimGroup(scim, 'inner', [user.id])
  const outer = await addScimGroup(scim, 'outer', [inner.id])
  const { json } = await t.get(`/api/service/groups/${outer.id}/members`)
  assert.deepEqual(json.records, [], 'the directory knows direct members alone')
})

test('V-S10: a filter too deep, too long or with too many terms is invalidFilter, and is not echoed', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const deep = (depth: number) => `${'('.repeat(depth)}userName eq "marker"${')'.repeat(depth)}`
  const terms = (count: number) => Array.from({ length: count }, () => 'userName eq "marker"').join(' or ')
  const search = (filter: string) => scimRequest(scim, 'POST', '/Users/.search', { schemas: [], filter })
  for (const filter of [deep(41), deep(3_900), terms(101), `userName eq "${'m'.repeat(8_192)}"`]) {
    const answer = await search(filter)
    assert.deepEqual(outcome(answer), [400, 'invalidFilter'], filter.slice(0, 60))
    assert.doesNotMatch(answer.text, /marker|mmmm/)
  }
  assert.equal((await search(deep(39))).status, 200)
  assert.equal((await search(terms(100))).status, 200)
})

test('V-S11: names that reach the inside of objects are refused wherever they stand', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const { id } = await addScimUser(scim, 'ann', { emails: [{ value: 'ann@example.com', type: 'work' }] })
  for (const name of ['__proto__', 'constructor', 'prototype']) {
    const paths = [
      name,
      `${name}.polluted`,
      `name.${name}`,
      `emails[${name} eq "x"]`,
      `emails[type eq "work"].${name}`,
      `${userUrn}:${name}`,
      `${enterpriseUrn}:${name}.polluted`,
      `emails[type eq "work" and ${name} pr]`,
    ]
    for (const path of paths)
      assert.deepEqual(
        outcome(await patchScim(scim, `/Users/${id}`, { op: 'add', path, value: { polluted: 1 } })),
        [400, 'invalidPath'],
        path,
      )
    for (const value of [
      `{"${name}":{"polluted":1}}`,
      `{"name":{"${name}":{"polluted":1}}}`,
      `{"${name}.polluted":1}`,
      `{"${enterpriseUrn}":{"${name}":1}}`,
    ]) {
      const raw = `{"schemas":["${patchUrn}"],"Operations":[{"op":"add","value":${value}}]}`
      const answer = await scimRequest(scim, 'PATCH', `/Users/${id}`, raw)
      assert.equal(answer.status, 400, `${value} ${answer.text}`)
      assert.match(answer.json.scimType, /^invalid(Path|Syntax)$/)
    }
    for (const type of ['application/json', 'application/scim+json']) {
      const raw = `{"schemas":["${userUrn}"],"userName":"x${name}","${name}":{"polluted":1}}`
      const answer = await scimRequest(scim, 'POST', '/Users', raw, { headers: { 'content-type': type } })
      assert.deepEqual(outcome(answer), [400, 'invalidSyntax'])
    }
    const filter = encodeURIComponent(`${name} eq "x"`)
    assert.deepEqual(outcome(await scimRequest(scim, 'GET', `/Users?filter=${filter}`)), [400, 'invalidFilter'])
  }
  assert.equal(Reflect.get({}, 'polluted'), undefined)
})

test('V-S13: active takes booleans and their names alone', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const { id, meta } = await addScimUser(scim, 'ann')
  for (const value of ['FALSE ', ' false', 0, 1, 'no', 'null', {}, ['false']]) {
    const answer = await patchScim(scim, `/Users/${id}`, { op: 'replace', path: 'active', value })
    assert.deepEqual(outcome(answer), [400, 'invalidValue'], JSON.stringify(value))
  }
  assert.deepEqual((await readScim(scim, `/Users/${id}`)).meta, meta)
})

test('V-S14: read-only and unknown attributes have no effect, and a password that is sent is thrown away', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const secret = 'a password nobody reads, quincetree'
  const body = {
    id: nobody,
    meta: { version: 'x' },
    groups: [{ value: nobody }],
    password: secret,
    emailVerified: true,
    roles: [{ value: '$admin' }],
    workspaceRole: '$admin',
    tenantId: 'x',
    source: 'local',
  }
  const made = await scimRequest(scim, 'POST', '/Users', { schemas: [userUrn], userName: 'ann', ...body })
  assert.equal(made.status, 201)
  assert.doesNotMatch(made.text, /password|quincetree/)
  const filter = encodeURIComponent(JSON.stringify({ id: made.json.id }))
  const [seen] = (await t.get(`/api/service/users?filter=${filter}`)).json.records
  assert.deepEqual([seen.emailVerified, seen.workspaceRole === '$admin'], [false, false])
  assert.deepEqual(await t.db.selectFrom('credentials').selectAll().execute(), [])
  await changeScim(scim, { roleMap: { $admin: '$admin' } })
  const mapped = await addScimUser(scim, 'bob', { roles: [{ value: '$admin' }] })
  const other = encodeURIComponent(JSON.stringify({ id: mapped.id }))
  assert.equal((await t.get(`/api/service/users?filter=${other}`)).json.records[0].workspaceRole, '$admin')
  assert.doesNotMatch(JSON.stringify(await everything(scim)), /quincetree/)
})

/** All that is stored where a password could have been left. */
async function everything({ t }: ScimWorkspace) {
  return [
    await t.db.selectFrom('users').selectAll().execute(),
    await t.db.selectFrom('scim_users').selectAll().execute(),
    await t.db.selectFrom('scim_values').selectAll().execute(),
    await t.db.selectFrom('events').selectAll().execute(),
  ]
}
