import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashDatabase } from '../../test/database-hash.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { verifyDomainByOperator } from '../domains/domains.service.ts'
import { inTransaction } from '../access/in-transaction.ts'
import type { WorkspaceRole } from '../access/permissions.ts'
import { changeSettings } from '../tenants/tenants.service.ts'
import { updateConnection } from '../sso-connections/sso-connections.service.ts'
import { provisionUser } from '../users/user-provisioning.service.ts'
import { startSso, type SsoWorld } from './testdata/sso-world.ts'

const email = (address: string) => ({ attributes: { email: [address] } })

async function reasonOf(t: TestApp): Promise<string> {
  const { json } = await t.get('/api/service/events/login?type=IDENTITY_PROVIDER_LOGIN_ERROR&max=1')
  return json[0]?.details.reason ?? ''
}

async function assertRefused(t: TestApp, sso: SsoWorld, values: object, reason: RegExp): Promise<void> {
  const begun = await sso.begin()
  const before = await hashDatabase(t.db)
  const answer = await sso.post(await sso.idp.respond(sso.values(begun, values)), { cookie: begun.cookie })
  assert.equal(answer.status, 403, answer.text)
  assert.equal(await hashDatabase(t.db), before)
  assert.match(await reasonOf(t), reason)
}

async function userBy(t: TestApp, address: string) {
  const { json } = await t.get(`/api/service/users?filter=${encodeURIComponent(JSON.stringify({ email: address }))}`)
  return json.records[0]
}

const enforce = (t: TestApp) => inTransaction(t.operator(), (ctx) => changeSettings(ctx, { enforcesSso: true }))
const verify = (t: TestApp) => verifyDomainByOperator(t.operator(), 'example.com')

test('V-A12: an account that exists is not taken over by its address: the domain must be verified and SSO enforced', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const user = await t.addUser('person1')
  await assertRefused(t, sso, email(user.email), /^user: .* domain is not verified$/)
  await enforce(t)
  await assertRefused(t, sso, email(user.email), /^user: .* domain is not verified$/)
  await inTransaction(t.operator(), (ctx) => changeSettings(ctx, { enforcesSso: false }))
  await verify(t)
  await assertRefused(t, sso, email(user.email), /^user: .* its owner links it while signed in/)
  await enforce(t)
  assert.equal((await sso.signIn(email(user.email))).status, 303)
  const sessions = await t.db.selectFrom('sessions').select(['user_id', 'method']).execute()
  assert.deepEqual(sessions, [{ user_id: user.id, method: 'saml' }])
})

test('another NameID with the address of somebody who is linked is somebody else', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  await verify(t)
  await enforce(t)
  const user = await addUser(t, 'person1')
  assert.equal((await sso.signIn({ ...email(user.email), nameId: 'old' })).status, 303)
  await assertRefused(t, sso, { ...email(user.email), nameId: 'new' }, /^user: .* under another NameID$/)
})

/** Invitations are refused while SSO is enforced: people who are here already were invited before. */
async function addUser(t: TestApp, name: string) {
  await inTransaction(t.operator(), (ctx) => changeSettings(ctx, { enforcesSso: false }))
  const user = await t.addUser(name)
  await enforce(t)
  return user
}

test('V-A11: an unverified domain lets nobody have an account that exists, and makes new ones', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const answer = await sso.signIn(email('someone@elsewhere.example'))
  assert.equal(answer.status, 303)
  const made = await userBy(t, 'someone@elsewhere.example')
  assert.equal(made.emailVerified, false)
  await verify(t)
  assert.equal((await sso.signIn({ ...email('known@example.com'), nameId: 'known' })).status, 303)
  assert.equal((await userBy(t, 'known@example.com')).emailVerified, true)
})

test('the same NameID at two connections is two people', async () => {
  await using t = await startTestApp()
  const first = await startSso(t, { alias: 'okta' })
  const second = await startSso(t, { alias: 'entra' })
  await first.signIn({ nameId: 'admin', ...email('a@example.com') })
  await second.signIn({ nameId: 'admin', ...email('b@example.com') })
  const users = await t.db.selectFrom('external_identities').select(['connection_id', 'user_id']).execute()
  assert.equal(new Set(users.map(({ user_id: id }) => id)).size, 2)
})

test('V-S1, V-S4: a NameID that is the id or the name of somebody reaches nobody', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t, { options: { createsUsers: false } })
  const admin = await t.addUser('admin1', '$admin')
  for (const nameId of ['1', '0', '-1', 'admin', admin.id, admin.username, admin.email])
    await assertRefused(t, sso, { nameId, ...email('nobody@example.com') }, /^user: nobody here is known by this name/)
})

test('whoever is not known stays outside where accounts are not made at sign-in, or no address is sent', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  await assertRefused(t, sso, { attributes: { color: ['blue'] } }, /^user: .* no usable e-mail address$/)
  await assertRefused(t, sso, email('no address'), /^user: .* no usable e-mail address$/)
  await updateConnection(t.operator(), sso.connection.id, { options: { createsUsers: false } })
  await assertRefused(t, sso, email('new@example.com'), /^user: nobody here is known by this name/)
})

test('somebody who was disabled cannot sign in, and sessions end with the account', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  await sso.signIn(email('person1@example.com'))
  const { id } = await userBy(t, 'person1@example.com')
  await t.post(`/api/service/users/${id}`, { enabled: false })
  assert.deepEqual(await t.db.selectFrom('sessions').select('id').execute(), [])
  await assertRefused(t, sso, email('person1@example.com'), /^user: it is disabled$/)
})

test('an invitation for a verified address is accepted by signing in, with the role it was for', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const id = await t.invite('invited@example.com', '$admin')
  await assertRefused(t, sso, email('invited@example.com'), /^user: .* domain is not verified$/)
  await verify(t)
  const token = await t.invitationToken(id)
  assert.equal((await sso.signIn(email('invited@example.com'))).status, 303)
  const user = await userBy(t, 'invited@example.com')
  assert.deepEqual([user.id, user.status, user.workspaceRole, user.emailVerified], [id, 'Enabled', '$admin', true])
  const link = await t.post('/auth/accept-invite', { token, password: 'correct horse battery staple' }, { token: null })
  assert.equal(link.status, 400, 'the link is used up')
})

test('new people get the role of the connection, else that of the workspace, and join the default groups', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t, { options: { defaultRole: '$guest' } })
  const group = await t.addGroup('everybody')
  await t.post(`/api/service/groups/${group}`, { attributes: { isDefault: ['true'] } })
  await sso.signIn(email('guest@example.com'))
  const guest = await userBy(t, 'guest@example.com')
  assert.equal(guest.workspaceRole, '$guest')
  const joined = await t.db.selectFrom('group_members').select('group_id').where('user_id', '=', guest.id).execute()
  assert.deepEqual(joined, [{ group_id: group }])
  await updateConnection(t.operator(), sso.connection.id, { options: { defaultRole: null } })
  await sso.signIn({ nameId: 'second', ...email('member@example.com') })
  assert.equal((await userBy(t, 'member@example.com')).workspaceRole, '$member')
})

test('mapped groups follow the claim at each sign-in, others are left alone', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const [science, sales, own] = [await t.addGroup('science'), await t.addGroup('sales'), await t.addGroup('own')]
  for (const [group, value] of [
    ['science', 'ds-team'],
    ['sales', 'sales-team'],
  ] as const) {
    const mapper = {
      name: `${group}--1`,
      identityProviderMapper: 'saml-group-idp-mapper',
      identityProviderAlias: 'okta',
      config: {
        syncMode: 'FORCE',
        attributes: '[]',
        group,
        'attribute.name': 'memberOf',
        'attribute.value': value,
        'are.attribute.values.regex': '',
      },
    }
    assert.equal((await t.post('/api/service/idp/okta/mappers', mapper)).status, 200)
  }
  const signIn = (memberOf: string[]) => sso.signIn({ attributes: { email: ['person1@example.com'], memberOf } })
  const groupsOf = async () => {
    const { id } = await userBy(t, 'person1@example.com')
    const rows = await t.db.selectFrom('group_members').select('group_id').where('user_id', '=', id).execute()
    return rows.map(({ group_id: group }) => group).toSorted()
  }
  await signIn(['ds-team', 'unknown'])
  assert.deepEqual(await groupsOf(), [science])
  const { id } = await userBy(t, 'person1@example.com')
  await t.post(`/api/service/groups/${own}/members`, { users: [id] })
  await t.post(`/api/service/groups/${sales}/members`, { users: [id] })
  await signIn(['sales-team', 'DS-TEAM', 'ds-team '])
  assert.deepEqual(await groupsOf(), [sales, own].toSorted())
  await signIn([])
  assert.deepEqual(await groupsOf(), [own])
})

test('mapped roles follow the claim and override what was set by hand; the last admin stays one', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t, {
    options: {
      roleAttribute: 'role',
      roleRules: [
        { value: 'boss', role: '$admin' },
        { value: 'visitor', role: '$guest' },
      ],
    },
  })
  const signIn = (role: string[]) => sso.signIn({ attributes: { email: ['person1@example.com'], role } })
  const roleNow = async () => (await userBy(t, 'person1@example.com')).workspaceRole
  await signIn(['visitor'])
  assert.equal(await roleNow(), '$guest')
  await signIn(['visitor', 'boss'])
  assert.equal(await roleNow(), '$admin')
  assert.equal((await signIn(['visitor'])).status, 303)
  assert.equal(await roleNow(), '$admin', 'V-R1')
  await t.addUser('admin2', '$admin')
  await signIn(['visitor'])
  assert.equal(await roleNow(), '$guest')
  await signIn(['Boss'])
  assert.equal(await roleNow(), '$guest', 'compared exactly, and no rule is no change')
})

test('who signed in, first and again, and who was refused is in the sign-in events under Keycloak names', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  await sso.signIn()
  await sso.post('bm8=')
  const { json } = await t.get('/api/service/events/login')
  assert.deepEqual(
    json.map(({ type, details }: { type: string; details: object }) => [type, details]),
    [
      ['IDENTITY_PROVIDER_LOGIN_ERROR', { alias: 'okta', reason: 'SAML-03: not well-formed' }],
      ['IDENTITY_PROVIDER_LOGIN', { alias: 'okta' }],
      ['LOGIN', { method: 'saml', secondFactor: '' }],
      ['FEDERATED_IDENTITY_LINK', { alias: 'okta' }],
    ],
  )
  const user = await userBy(t, 'person1@example.com')
  assert.equal(user.lastLoginTime, t.clock.now().getTime())
  assert.deepEqual(
    json.map((event: { userId?: string }) => event.userId),
    [undefined, user.id, user.id, user.id],
  )
})

/** Somebody whom SCIM manages. */
function provision(t: TestApp, username: string, role: WorkspaceRole = '$member') {
  return inTransaction(t.operator(), (ctx) =>
    provisionUser(ctx, {
      username,
      email: `${username}@example.com`,
      firstName: 'By',
      lastName: 'Scim',
      title: '',
      enabled: true,
      role,
    }),
  )
}

test('whom SCIM manages is bound by the first sign-in, by username or address, and by no second connection', async () => {
  await using t = await startTestApp()
  const first = await startSso(t, { alias: 'okta' })
  const second = await startSso(t, { alias: 'entra', options: { createsUsers: false } })
  await inTransaction(t.operator(), (ctx) => changeSettings(ctx, { scimIsOn: true }))
  const byName = await provision(t, 'byname')
  const byAddress = await provision(t, 'byaddress')
  await first.signIn({ nameId: 'byname', attributes: { color: ['blue'] } })
  await first.signIn({ nameId: 'opaque', ...email('byaddress@example.com') })
  const linked = await t.db
    .selectFrom('external_identities')
    .select(['name_id', 'user_id'])
    .orderBy('name_id')
    .execute()
  assert.deepEqual(linked, [
    { name_id: 'byname', user_id: byName.id },
    { name_id: 'opaque', user_id: byAddress.id },
  ])
  const user = await userBy(t, 'byaddress@example.com')
  assert.deepEqual([user.emailVerified, user.firstName], [true, 'By'])
  await assertRefused(t, second, { nameId: 'byname', attributes: { color: ['blue'] } }, /^user: /)
  await assertRefused(t, second, email('byaddress@example.com'), /^user: .* domain is not verified$/)
})

test('V-A11: a second connection reaches nobody by a username and some address of a verified domain', async () => {
  await using t = await startTestApp()
  const first = await startSso(t, { alias: 'okta' })
  const second = await startSso(t, { alias: 'entra' })
  await inTransaction(t.operator(), (ctx) => changeSettings(ctx, { scimIsOn: true }))
  const admin = await provision(t, 'admin1', '$admin')
  assert.equal((await first.signIn({ nameId: 'admin1', ...email('admin1@example.com') })).status, 303)
  await verify(t)
  await enforce(t)
  for (const address of ['anything@example.com', 'admin1@example.com.evil.example'])
    await assertRefused(t, second, { nameId: 'admin1', ...email(address) }, /^user: .* another address$/)
  assert.equal((await second.signIn({ nameId: 'admin1', ...email('Admin1@example.com') })).status, 303)
  const linked = await t.db.selectFrom('external_identities').select('user_id').execute()
  assert.deepEqual(linked, [{ user_id: admin.id }, { user_id: admin.id }])
})
