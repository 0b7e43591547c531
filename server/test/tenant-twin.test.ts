import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { inTransaction } from '../src/access/in-transaction.ts'
import { acceptBySignIn } from '../src/invitations/acceptance.service.ts'
import { findGroup } from '../src/groups/groups.queries.ts'
import { oauthClientMayInvite } from '../src/oauth-clients/client-state.service.ts'
import { settle } from '../src/outbox/dispatcher.queries.ts'
import { findPasswordHash } from '../src/passwords/passwords.service.ts'
import { listPersonaIdsOfUser } from '../src/personas/persona-subjects.service.ts'
import { getUser } from '../src/users/users.service.ts'
import { endScimTokens, makeObject } from './authz-world.ts'
import { actInConsole } from './console-act.ts'
import { hashTenant } from './database-hash.ts'
import { scenarios } from './event-scenarios.ts'
import { makeIds, type Ids } from './foreign-ids.ts'
import type { Act, Scenario } from './scenario.ts'
import { password, startTestApp, type TestApp, type TestUser } from './start-test-app.ts'
import { isOverScim, scimTokenOf } from './scim-scenarios.ts'
import { disturb, makeTwin, type Twin } from './tenant-twin.ts'
import type { Answer, RequestOptions } from './test-client.ts'
import { readings, scimReadings, type ReadIds } from './twin-readings.ts'
import { readsThatMiss, WatchedReads } from './twin-reads.ts'

let t: TestApp
let own: Ids
/** Everything is set up before there is a twin, so that the twin has all of it. */
const acts = new Map<Scenario, Act>()
let alone: readonly { readonly path: string; readonly token: string; readonly answer: Answer }[]
let member: TestUser
/** A member whom a grant makes an admin for a time. */
let granted: TestUser
/** The same, with a sub-role for a time; nothing happens to them. */
let lastingGrants: readonly [TestUser, TestUser]
/** Signed in for as long as the test runs. */
let signedIn: { readonly userId: string; readonly started: Awaited<ReturnType<TestApp['startSession']>> }
let adminRole: string
let mapper: string
/** A member who holds decentralized roles, and is deleted in the end. */
let holder: TestUser
/** Of the OAuth client of `own`; and of one that lives as long as the test. */
let accessToken: string
let lastingToken: string
let lastingClient: Awaited<ReturnType<TestApp['addOAuthClient']>>
/** Have been invited and did not answer yet. */
let invited: string
let forgotten: string
/** Signs in with a password. */
let accepted: string
/** Invites somebody, whose link is kept; its copy in the twin stays alive. */
let inviter: { readonly id: string; readonly link: string; readonly invitee: string }
let scim: string
let twin: Twin
/** Of the twin's requests. */
let reads: WatchedReads
let looks = 0

const changes = scenarios.filter((scenario) => !scenario.by.startsWith('muster-server'))
const headers = { 'x-atlan-request-id': 'twin' }

before(async () => {
  reads = new WatchedReads()
  t = await startTestApp()
  own = await makeIds(t, t.acme)
  await t.post(`/api/service/users/${own.user}`, { persona: [own.persona] })
  for (const path of [`/api/service/personas/${own.persona}`, `/api/muster/purposes/${own.purpose}`]) {
    await t.post(`${path}/subjects`, { users: [own.user], groups: [own.group] })
  }
  await t.post(`/api/service/groups/${own.group}`, { attributes: { isDefault: ['true'] } })
  await actInConsole(t, own.user, 'made-by-hand')
  member = await t.addUser('member')
  mapper = await makeObject(t, 'sso-mapper')
  const [clientId = '', secret = ''] = own.clientCredentials.split(' ')
  accessToken = await t.accessToken({ id: own.oauthClient, clientId, secret })
  await t.put(`/api/service/oauth-clients/${own.oauthClientId}`, { role: '$member' })
  lastingClient = await t.addOAuthClient('$member')
  lastingToken = await t.accessToken(lastingClient)
  const bounds = { expiresAt: '2030-01-01T00:00:00Z' }
  await t.post(`/api/muster/groups/${own.group}/members`, { members: [{ userId: member.id, ...bounds }] })
  adminRole = await t.roleId('$admin')
  granted = await t.addUser('granted')
  await t.post(`/api/muster/users/${granted.id}/role-grants`, { roleId: adminRole, ...bounds })
  lastingGrants = [await t.addUser('lasting-one'), await t.addUser('lasting-two')]
  const subRole = await t.roleId('$governance-admin')
  for (const { id } of lastingGrants) {
    await t.post(`/api/muster/users/${id}/role-grants`, { roleId: adminRole, ...bounds })
    await t.post(`/api/muster/users/${id}/sub-roles`, { roleId: subRole, ...bounds })
  }
  holder = await t.addUser('holder')
  const held = { roleId: adminRole, level: 'connection', privilege: 'admin' }
  await t.post(`/api/muster/users/${holder.id}/decentralized-roles`, held)
  invited = await t.invite('invited@example.com')
  forgotten = await t.invite('forgotten@example.com')
  accepted = await t.invite('accepted@example.com')
  await t.post('/auth/accept-invite', { token: await t.invitationToken(accepted), password }, { token: null })
  inviter = await inviteByServiceToken()
  signedIn = await signSomebodyIn()
  for (const scenario of changes) acts.set(scenario, await scenario.arrange(t))
  scim = (await scimTokenOf(t)).secret
  const tokens = [t.acme.token, member.token, accessToken, granted.token]
  const asked = [
    ...tokens.flatMap((token) => readings(ids()).map((path) => ({ path, token }))),
    ...scimReadings(own).map((path) => ({ path, token: scim })),
  ]
  alone = await Promise.all(
    asked.map(async ({ path, token }) => ({ path, token, answer: await t.get(path, { headers, token }) })),
  )
  twin = await makeTwin(t, [...tokens, lastingToken, scim])
})

async function signSomebodyIn(): Promise<typeof signedIn> {
  const { id: userId } = await t.addUser('signed-in')
  return { userId, started: await t.startSession(userId) }
}

async function inviteByServiceToken(): Promise<typeof inviter> {
  const token = await t.serviceToken('$admin')
  const email = 'by-service@example.com'
  const { json } = await t.post('/api/service/users', { emails: [email], roleName: '$admin' }, { token })
  const invitee = json.createdUsers[email]
  const { userId: id } = (await t.get('/api/service/whoami', { token })).json
  return { id, link: await t.invitationToken(invitee), invitee }
}

function ids(): ReadIds {
  return { ...own, mapper, granted: granted.id }
}

/** The twin's copy of a token, at its own address. */
function inTwin(token = t.acme.token): RequestOptions {
  return { token: twin.tokens.get(token) ?? '', host: twin.host }
}

after(async () => {
  console.log(`twins: ${looks} looks at a tenant with the same ids`)
  reads[Symbol.dispose]()
  await t[Symbol.asyncDispose]()
  assert.ok(looks > 0)
})

test('of two tenants with the same ids, names and addresses each is answered from its own rows (V-T1)', async () => {
  for (const { path, token, answer } of alone) {
    looks += 1
    if (token === t.acme.token || token === scim) assert.equal(answer.status, 200, answer.text)
    const theirs = await reads.during(() => t.get(path, { headers, ...inTwin(token) }))
    assert.equal(comparable(theirs.text), comparable(answer.text), path)
  }
})

/** Links in mails carry the address of the workspace, and cursors are sealed. */
function comparable(text: string): string {
  return text
    .replaceAll(`${twin.host}:${t.port}`, `127.0.0.1:${t.port}`)
    .replace(/"nextCursor":"[^"]+"/, '"nextCursor":""')
}

const ofOneTenant = new Set([
  'POST /auth/accept-invite',
  'POST /auth/reset-password',
  'POST /auth/confirm-email',
  'POST /auth/undo-email',
  'POST /auth/account/passkeys',
  'POST /auth/saml/{alias}/acs',
  'POST /api/muster/sso-connections/{id}/enforce',
])

for (const scenario of changes) {
  test(`${scenario.by}, ${scenario.what}: happens in one of two tenants with the same ids, then in the other`, async () => {
    const act = acts.get(scenario)
    const mine = await expectAlone(t.acme.id, twin.id, () => act?.())
    assert.ok(mine.length > 0)
    // Now the two differ: a look into the other's rows would find it done. What was mailed or begun has a secret in one of them only.
    if (ofOneTenant.has(scenario.by)) return
    assert.deepEqual(
      await expectAlone(twin.id, t.acme.id, () => act?.(inTwin(isOverScim(scenario) ? scim : undefined))),
      mine,
    )
  })
}

/** The act leaves nothing in the other tenant. Answers the types of events it leaves here. */
async function expectAlone(here: string, there: string, act: () => Promise<unknown> | undefined): Promise<string[]> {
  // What is written behind the answers that went before.
  await t.settleScim()
  const untouched = await hashTenant(t.db, there)
  const known = new Set((await eventsOf(here)).map(({ id }) => id))
  if (here === twin.id) await reads.during(async () => act())
  else await act()
  await t.settleScim()
  looks += 1
  assert.equal(await hashTenant(t.db, there), untouched)
  return (await eventsOf(here)).filter(({ id }) => !known.has(id)).map(({ type }) => type)
}

function eventsOf(tenantId: string): Promise<{ id: string; type: string }[]> {
  return t.db.selectFrom('events').select(['id', 'type']).where('tenant_id', '=', tenantId).orderBy('id').execute()
}

test('a disabled owner, another role and a revoked token count in their own tenant only', async () => {
  const whoAmI = (as: RequestOptions) => t.get('/api/service/whoami', as)
  await t.post(`/api/service/users/${member.id}`, { workspaceRole: '$guest' }, inTwin())
  assert.equal((await whoAmI({ token: member.token })).json.workspaceRole, '$member')
  assert.equal((await whoAmI(inTwin(member.token))).json.workspaceRole, '$guest')
  await t.post(`/api/service/users/${member.id}`, { enabled: false })
  assert.equal((await whoAmI({ token: member.token })).status, 401)
  assert.equal((await whoAmI(inTwin(member.token))).status, 200)
})

test("an OAuth client's role, its end and the end of a grant count in their own tenant only", async () => {
  const roleOf = async (as: RequestOptions) => (await t.get('/api/service/whoami', as)).json.workspaceRole
  const client = `/api/service/oauth-clients/${own.oauthClientId}`
  assert.equal((await t.put(client, { role: '$guest' }, inTwin())).status, 200)
  assert.deepEqual([await roleOf({ token: accessToken }), await roleOf(inTwin(accessToken))], ['$member', '$guest'])
  assert.equal((await t.delete(client)).status, 200)
  assert.equal((await t.get('/api/service/whoami', { token: accessToken })).status, 401)
  assert.equal(await roleOf(inTwin(accessToken)), '$guest')
  const grant = `/api/muster/users/${granted.id}/role-grants/${adminRole}`
  assert.ok((await t.delete(grant, inTwin())).status < 300)
  assert.deepEqual([await roleOf({ token: granted.token }), await roleOf(inTwin(granted.token))], ['$admin', '$member'])
})

test('with somebody deleted here goes nothing of a user of the same id in the twin', async () => {
  for (const id of [holder.id, forgotten]) {
    const gone = await expectAlone(t.acme.id, twin.id, () => t.post(`/api/service/users/${id}/delete`))
    assert.ok(gone.includes('user.deleted'))
  }
})

test('what became of a mail here is not noted in the twin, whose mail of the same id one node holds, too', async () => {
  const [item] = await t.db.selectFrom('outbox').selectAll().where('tenant_id', '=', t.acme.id).limit(1).execute()
  assert.ok(item !== undefined)
  const { id, kind, subject_id: subjectId, attempts } = item
  const held = { lease_owner: 'node', lease_until: 1 }
  await t.db.engine.transact((trx) => trx.updateTable('outbox').set(held).where('id', '=', id).execute())
  const claimed = { tenantId: t.acme.id, id, kind, subjectId, attempts, payload: {} }
  const outcome = { state: 'failed', attempts: 1, dueAt: 1, reason: 'x', now: 1 } as const
  await expectAlone(t.acme.id, twin.id, () => settle(t.db, claimed, 'node', outcome))
  const { state } = await t.db
    .selectFrom('outbox')
    .select('state')
    .where('tenant_id', '=', t.acme.id)
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  assert.equal(state, 'failed')
})

test('somebody whom an IdP signs in here accepts no invitation of the twin', async () => {
  const accept = () => inTransaction(t.operator(), async (ctx) => acceptBySignIn(ctx, await getUser(ctx, invited)))
  assert.deepEqual(await expectAlone(t.acme.id, twin.id, accept), ['invitation.accepted'])
})

test('an inviter revoked here hands out nothing but $guest, though a token of the same id lives on in the twin', async () => {
  await t.delete(`/api/service/apikeys/${inviter.id}`)
  const accepted = await t.post('/auth/accept-invite', { token: inviter.link, password }, { token: null })
  assert.equal(accepted.status, 200, accepted.text)
  const user = await t.get(`/api/service/users/${inviter.invitee}`)
  assert.equal(user.json.workspaceRole, '$guest')
})

test('a group of the twin takes nobody in here, and stands in no mapper by its name', async () => {
  const name = 'of-the-twin-alone'
  const { json } = await t.post('/api/service/groups', { group: { name }, users: [] }, inTwin())
  await t.post(`/api/service/groups/${json.group}`, { attributes: { isDefault: ['true'] } }, inTwin())
  const groupsOf = async (email: string) => (await t.get(`/api/service/users/${await t.invite(email)}/groups`)).text
  assert.ok((await groupsOf('by-default@example.com')).includes(own.group))
  await t.post(`/api/service/groups/${own.group}`, { attributes: { isDefault: ['false'] } })
  const { totalRecord } = JSON.parse(await groupsOf('not-by-default@example.com'))
  assert.equal(totalRecord, 0, 'a group is a default one here because the twin’s is')
  const mapper = { identityProviderMapper: 'saml-group-idp-mapper', config: { group: name, 'attribute.value': name } }
  const statusOf = async (as: RequestOptions) => (await t.post('/api/service/idp/okta/mappers', mapper, as)).status
  assert.deepEqual([await statusOf({ token: t.acme.token }), await statusOf(inTwin())], [404, 200])
  const ofBoth = { group: { name: 'of-both' }, users: [] }
  for (const as of [{ token: t.acme.token }, inTwin()]) {
    await t.post('/api/service/groups', ofBoth, as)
    const config = { group: 'of-both', 'attribute.value': 'of-both' }
    assert.equal((await t.post('/api/service/idp/okta/mappers', { ...mapper, config }, as)).status, 200)
  }
})

test('of two requests at once under one key, one in each tenant, neither is taken for a repeat of the other', async () => {
  const body = { group: { name: 'under-one-key' }, users: [] }
  const headers = { 'idempotency-key': 'of-both' }
  const answers = await Promise.all(
    [{ token: t.acme.token }, inTwin()].map((as) => t.post('/api/service/groups', body, { ...as, headers })),
  )
  assert.deepEqual(
    answers.map(({ status, headers }) => [status, headers['idempotent-replayed']]),
    [
      [200, undefined],
      [200, undefined],
    ],
  )
})

test('a link to hand over leads to the workspace whose invitation it is', async () => {
  const hosts: string[] = []
  for (const as of [{ token: t.acme.token }, inTwin()]) {
    const email = 'by-hand@example.com'
    const invited = await t.post('/api/service/users', { emails: [email], roleName: '$guest' }, as)
    const { records } = (await t.get('/api/muster/invitations?limit=100', as)).json
    const { id } = records.find(({ userId }: { userId: string }) => userId === invited.json.createdUsers[email])
    hosts.push(new URL((await t.post(`/api/muster/invitations/${id}/link`, {}, as)).json.link).hostname)
  }
  assert.deepEqual(hosts, ['127.0.0.1', twin.host])
})

test('totals are those of the tenant, after all that was done in either', async () => {
  const counted = { users: 'users', groups: 'groups', personas: 'personas', purposes: 'purposes' } as const
  for (const as of [{ token: t.acme.token }, inTwin()]) {
    for (const [path, table] of Object.entries(counted)) {
      const tenantId = as.token === t.acme.token ? t.acme.id : twin.id
      const rows = await t.db.selectFrom(table).select('id').where('tenant_id', '=', tenantId).execute()
      assert.equal((await t.get(`/api/service/${path}?limit=1`, as)).json.totalRecord, rows.length, path)
    }
    const tokens = await t.get('/api/service/apikeys?limit=100', as)
    assert.equal(tokens.json.totalRecord, tokens.json.count)
  }
})

test('delivering mails and noting the use of a token do nothing to a tenant with the same ids', async () => {
  // What is held in the twin is not due there.
  const settled = { state: 'held', lease_until: 0 }
  await t.db.engine.transact((trx) => trx.updateTable('outbox').set(settled).where('tenant_id', '=', twin.id).execute())
  const untouched = await hashTenant(t.db, twin.id)
  t.clock.advance(61_000)
  await t.get('/api/service/whoami')
  const outcome = await t.post(`/api/muster/outbox/${own.outboxItem}/retry`)
  assert.equal(outcome.status, 200, outcome.text)
  assert.ok((await t.deliverOutbox()) > 0)
  looks += 1
  assert.equal(await hashTenant(t.db, twin.id), untouched)
})

test('a session access token opens its own tenant alone, and by the session and the person there', async () => {
  const statusOf = async (as: RequestOptions) => (await t.get('/api/service/whoami', as)).status
  const [ours, theirs] = await sessionTokens()
  const both = async () => [await statusOf(ours), await statusOf(theirs)]
  assert.deepEqual(await both(), [200, 200])
  assert.equal(await statusOf({ ...ours, host: twin.host }), 401)
  const { session } = signedIn.started
  const until = (time: number) =>
    t.db.engine.transact((trx) =>
      trx
        .updateTable('sessions')
        .set({ ends_at: time })
        .where('tenant_id', '=', twin.id)
        .where('id', '=', session.id)
        .execute(),
    )
  await until(1)
  assert.deepEqual(await both(), [200, 401])
  await until(session.endsAt)
  const enable = (enabled: number) =>
    t.db.engine.transact((trx) =>
      trx
        .updateTable('users')
        .set({ enabled })
        .where('tenant_id', '=', twin.id)
        .where('id', '=', signedIn.userId)
        .execute(),
    )
  await enable(0)
  assert.deepEqual(await both(), [200, 401])
  await enable(1)
  assert.deepEqual(await both(), [200, 200])
})

/** Of one session each, which have one id. */
async function sessionTokens(): Promise<readonly [RequestOptions, RequestOptions]> {
  const { userId, started } = signedIn
  const { id, host } = twin
  const theirs = await t.sessionToken(userId, { id, host, token: '' }, started)
  return [{ token: await t.sessionToken(userId, t.acme, started) }, { token: theirs, host }]
}

test('a role with the same id and another name in the twin decides about nobody here', async () => {
  await renameRoles(twin.id, [
    ['$admin', 'between'],
    ['$member', '$admin'],
    ['between', '$member'],
  ])
  const roleOf = async (as: RequestOptions) => (await t.get('/api/service/whoami', as)).json.workspaceRole
  assert.deepEqual([await roleOf({ token: t.acme.token }), await roleOf(inTwin())], ['$admin', '$member'])
  assert.deepEqual([await roleOf({ token: lastingToken }), await roleOf(inTwin(lastingToken))], ['$member', '$admin'])
  const [ours, theirs] = await sessionTokens()
  assert.deepEqual([await roleOf(ours), await roleOf(theirs)], ['$member', '$admin'])
  await renameRoles(twin.id, [
    ['$admin', 'between'],
    ['$member', '$admin'],
    ['between', '$member'],
  ])
})

test('what is read for the twin is the same when there is nothing at all here', async () => {
  assert.ok(reads.all.length > 300, `${reads.all.length} statements`)
  looks += reads.all.length
  const missing = await readsThatMiss(t, t.acme.id, reads.all)
  // One search index holds the words of all tenants; what it finds is joined with the rows of one.
  assert.deepEqual(
    missing.filter((text) => !/^select seq from \(select rowid as seq from "\w+_search" /.test(text)),
    [],
  )
})

test('nothing of what one tenant holds is read in the other, when every value of it is another one', async () => {
  const theirs = { ...inTwin(), headers }
  const whole = { id: twin.id, host: twin.host, token: twin.tokens.get(t.acme.token) ?? '' }
  await endScimTokens(t, whole)
  const overScim = { ...theirs, token: (await t.addScimToken({}, whole)).secret }
  const read = async () => {
    const answers = []
    for (const [paths, as] of [
      [readings(ids()), theirs],
      [scimReadings(own), overScim],
    ] as const)
      for (const path of paths) {
        const { status, headers, text } = await t.get(path, as)
        answers.push([path, status, headers.etag, text.replace(/"nextCursor":"[^"]+"/, '')] as const)
      }
    return answers
  }
  t.clock.advance(1_000)
  await t.settleScim()
  /** What decisions rest on, and no answer shows. */
  const decide = () =>
    inTransaction(t.operator(whole), async (ctx) => ({
      hash: await findPasswordHash(ctx, accepted),
      mayInvite: await oauthClientMayInvite(ctx, lastingClient.id),
      personas: await listPersonaIdsOfUser(ctx, own.user),
      boundAt: (await findGroup(ctx.db, ctx.tenantId, own.group, ctx.now))?.lastBoundAt,
    }))
  const [before, decided] = [await read(), await decide()]
  assert.ok(decided.hash !== null && !decided.mayInvite && decided.personas.length > 0)
  const ok = before.filter(([, status]) => status === 200)
  assert.ok(ok.length > before.length * 0.9, `${ok.length} of ${before.length} were answered`)
  const expectTheSame = async () => {
    looks += before.length
    for (const [index, answer] of (await read()).entries()) assert.deepEqual(answer, before[index])
    assert.deepEqual(await decide(), decided)
  }
  // What a look into the wrong rows would add to, or take away from, what is counted and decided in the twin.
  const [one, two] = lastingGrants
  const persona = await makeObject(t, 'persona')
  for (const { status, text } of [
    await t.post(`/api/service/users/${one.id}`, { workspaceRole: '$guest' }),
    await t.post(`/api/muster/users/${two.id}/sub-roles`, { roleId: await t.roleId('$workflow-admin') }),
    await t.post(`/api/service/personas/${persona}/subjects`, { users: [], groups: [own.group] }),
    await t.put(`/api/service/oauth-clients/${lastingClient.clientId}`, { role: '$admin' }),
  ])
    assert.equal(status, 200, text)
  // A bound that has passed is as good as a change of the record.
  const passed = { valid_from: t.clock.now().getTime() - 500 }
  const { numUpdatedRows } = await t.db.engine.transact((trx) =>
    trx
      .updateTable('group_members')
      .set(passed)
      .where('tenant_id', '=', t.acme.id)
      .where('is_timed', '=', 1)
      .executeTakeFirstOrThrow(),
  )
  assert.ok(numUpdatedRows > 0)
  await expectTheSame()
  const changed = await disturb(t, t.acme.id)
  assert.ok(changed > 150, `${changed} columns were changed`)
  await expectTheSame()
})

function renameRoles(tenantId: string, names: readonly (readonly [string, string])[]): Promise<void> {
  return t.db.engine.transact(async (trx) => {
    for (const [from, to] of names)
      await trx
        .updateTable('roles')
        .set({ name: to })
        .where('tenant_id', '=', tenantId)
        .where('name', '=', from)
        .execute()
  })
}
