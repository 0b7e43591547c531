import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { v4 as uuid } from 'uuid'
import { hashTenant } from '../../../test/database-hash.ts'
import { startTestApp, type TestApp } from '../../../test/start-test-app.ts'

const userUrn = 'urn:ietf:params:scim:schemas:core:2.0:User'
const groupUrn = 'urn:ietf:params:scim:schemas:core:2.0:Group'
let t: TestApp
let token: string

before(async () => {
  t = await startTestApp()
  token = (await t.addScimToken()).secret
})

after(() => t[Symbol.asyncDispose]())

function scim(method: string, path: string, body?: object) {
  return t.request(method, `/api/scim/v2/${path}`, { token, ...(body === undefined ? {} : { body }) })
}

async function addUser(userName: string, more: object = {}): Promise<string> {
  const { json, status, text } = await scim('POST', 'Users', { schemas: [userUrn], userName, ...more })
  assert.equal(status, 201, text)
  return json.id
}

function patch(op: string, path: string, value?: unknown): object {
  const operation = { op, path, ...(value === undefined ? {} : { value }) }
  return { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: [operation] }
}

async function found(filter: string): Promise<string[]> {
  const { json } = await scim('GET', `Users?filter=${encodeURIComponent(filter)}`)
  return json.Resources.map(({ id }: { id: string }) => id)
}

const settings = '/api/muster/scim/settings'

test('an address changed by hand takes the place of those the IdP listed, and the IdP’s next list that of the one by hand', async () => {
  const emails = [
    { value: 'one@example.com', type: 'work', primary: true },
    { value: 'two@example.com', type: 'home' },
  ]
  const id = await addUser('addresses', { emails })
  await t.post(settings, { enabled: false })
  assert.equal((await t.post(`/api/service/users/${id}`, { email: 'hand@example.com' })).status, 200)
  await t.post(settings, { enabled: true })
  const byHand = (await scim('GET', `Users/${id}`)).json.emails
  assert.deepEqual(byHand, [{ value: 'hand@example.com', type: 'work', primary: true }])
  for (const [value, expected] of [
    ['one@example.com', []],
    ['two@example.com', []],
    ['HAND@example.com', [id]],
  ] as const)
    assert.deepEqual(await found(`emails.value eq "${value}"`), expected, value)
  const next = [{ value: 'three@example.com', type: 'work', primary: true }, { value: 'four@example.com' }]
  assert.equal((await scim('PATCH', `Users/${id}`, patch('replace', 'emails', next))).status, 200)
  assert.deepEqual((await scim('GET', `Users/${id}`)).json.emails, next)
  assert.equal((await t.get(`/api/service/users/${id}`)).json.email, 'three@example.com')
})

test('any number of people have no address, are found by none, and an address taken away is free', async () => {
  const [first, second] = [await addUser('addressless-1'), await addUser('addressless-2')]
  for (const id of [first, second]) assert.equal((await t.get(`/api/service/users/${id}`)).json.email, '')
  assert.deepEqual(await found('emails.value eq "" and userName sw "addressless"'), [])
  assert.equal((await found('not (emails pr) and userName sw "addressless"')).length, 2)
  const emails = [{ value: 'shared@example.com', type: 'work', primary: true }]
  assert.equal((await scim('PATCH', `Users/${first}`, patch('add', 'emails', emails))).status, 200)
  assert.equal((await scim('PATCH', `Users/${second}`, patch('add', 'emails', emails))).status, 409)
  assert.equal((await scim('PATCH', `Users/${first}`, patch('remove', 'emails'))).status, 200)
  assert.equal((await scim('PATCH', `Users/${second}`, patch('add', 'emails', emails))).status, 200)
})

test('a role comes from the map when roles change, the highest that fits; any other write leaves it to whoever set it', async () => {
  await t.post(settings, { roleMap: { Boss: '$admin', staff: '$member', visitor: '$guest' } })
  const roleOf = async (id: string) => (await t.get(`/api/service/users/${id}`)).json.workspaceRole
  const plain = await addUser('plain')
  const boss = await addUser('boss', { roles: [{ value: 'visitor' }, { value: 'BOSS' }, { value: 'unheard-of' }] })
  assert.deepEqual([await roleOf(plain), await roleOf(boss)], ['$member', '$admin'])
  assert.equal((await t.post(`/api/service/users/${plain}`, { workspaceRole: '$guest' })).status, 200)
  await scim('PATCH', `Users/${plain}`, patch('replace', 'title', 'New'))
  assert.equal(await roleOf(plain), '$guest', 'what an admin set stays')
  await scim('PATCH', `Users/${plain}`, patch('add', 'roles', [{ value: 'staff' }]))
  assert.equal(await roleOf(plain), '$member')
  const demotion = patch('replace', 'roles', [{ value: 'visitor' }])
  assert.equal((await scim('PATCH', `Users/${boss}`, demotion)).status, 409, 'the last admin')
  await addUser('another-boss', { roles: [{ value: 'boss' }] })
  assert.equal((await scim('PATCH', `Users/${boss}`, demotion)).status, 200)
  assert.equal(await roleOf(boss), '$guest')
})

test('people and groups of another workspace are as unknown as ids of nothing, wherever an IdP can name them', async () => {
  const foreignUser = await t.invite('foreign@example.com', '$member', t.other)
  const foreignGroup = await t.addGroup('foreign', [], t.other)
  const group = (await scim('POST', 'Groups', { schemas: [groupUrn], displayName: 'ours' })).json.id
  const before = await hashTenant(t.db, t.other.id)
  const answers = async (id: string) => {
    const asked = [
      await scim('GET', `Users/${id}`),
      await scim('PATCH', `Users/${id}`, patch('replace', 'active', false)),
      await scim('DELETE', `Users/${id}`),
      await scim('GET', `Groups/${id}`),
      await scim('DELETE', `Groups/${id}`),
      await scim('PATCH', `Groups/${group}`, patch('add', 'members', [{ value: id }])),
      await scim('POST', 'Groups', { schemas: [groupUrn], displayName: 'x', members: [{ value: id }] }),
      await scim('GET', `Users?filter=${encodeURIComponent(`id eq "${id}"`)}`),
      await scim('GET', `Users?filter=${encodeURIComponent(`groups.value eq "${id}"`)}`),
      await scim('GET', `Groups?filter=${encodeURIComponent(`members.value eq "${id}"`)}`),
    ]
    return asked.map(({ status, text }) => [status, text])
  }
  const nothing = await answers(uuid())
  for (const id of [foreignUser, foreignGroup]) assert.deepEqual(await answers(id), nothing)
  assert.equal(await hashTenant(t.db, t.other.id), before)
  const manager = {
    [`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User`]: { manager: { value: foreignUser } },
  }
  const managed = await addUser('managed', manager)
  const { text } = await scim('GET', `Users/${managed}`)
  assert.ok(!text.includes('foreign@example.com') && !text.includes('displayName'), text)
})
