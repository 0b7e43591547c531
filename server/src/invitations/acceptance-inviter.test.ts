import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WorkspaceRole } from '../access/permissions.ts'
import { issueServiceToken } from '../api-tokens/api-tokens.service.ts'
import { password, startTestApp, type TestApp, type TestUser } from '../../test/start-test-app.ts'

interface Pending {
  readonly id: string
  readonly token: string
}

/** Invited with this credential; the link is copied by the service token of the test, which changes no inviter. */
async function inviteAs(
  t: TestApp,
  credential: string,
  email: string,
  roleName: WorkspaceRole = '$admin',
): Promise<Pending> {
  const { json } = await t.post('/api/service/users', { emails: [email], roleName }, { token: credential })
  const id = json.createdUsers[email]
  return { id, token: await t.invitationToken(id) }
}

/** The role a person has after accepting. */
async function acceptedRole(t: TestApp, { id, token }: Pending): Promise<string> {
  const answer = await t.post('/auth/accept-invite', { token, password }, { token: null })
  assert.equal(answer.status, 200, answer.text)
  const { json } = await t.get(`/api/service/users/${id}`)
  const event = await t.db
    .selectFrom('events')
    .select('data')
    .where('type', '=', 'invitation.accepted')
    .where('subject_id', '=', id)
    .executeTakeFirstOrThrow()
  assert.equal(JSON.parse(event.data).role, json.workspaceRole, 'the event says what was granted')
  return json.workspaceRole
}

async function roleCounts(t: TestApp): Promise<Record<string, string>> {
  const { json } = await t.get('/api/service/roles')
  return Object.fromEntries(
    json.records.map((role: { name: string; userCount: string }) => [role.name, role.userCount]),
  )
}

test('whoever could not invite any more at the moment of acceptance hands out nothing but $guest', async () => {
  await using t = await startTestApp()
  await t.addUser('keeper', '$admin')
  const change = async (user: TestUser, role: WorkspaceRole) =>
    t.post(`/api/service/users/${user.id}/roles/update`, { roleId: await t.roleId(role) })
  const cases: readonly (readonly [string, (inviter: TestUser) => Promise<unknown>, string])[] = [
    ['unchanged', async () => {}, '$admin'],
    ['demoted-to-member', (inviter) => change(inviter, '$member'), '$guest'],
    ['demoted-to-guest', (inviter) => change(inviter, '$guest'), '$guest'],
    ['disabled', (inviter) => t.post(`/api/service/users/${inviter.id}`, { enabled: false }), '$guest'],
    ['deleted', (inviter) => t.post(`/api/service/users/${inviter.id}/delete`), '$guest'],
    [
      'demoted-and-promoted-again',
      async (inviter) => (await change(inviter, '$member'), await change(inviter, '$admin')),
      '$admin',
    ],
    [
      'disabled-and-enabled-again',
      async (inviter) => (
        await t.post(`/api/service/users/${inviter.id}`, { enabled: false }),
        await t.post(`/api/service/users/${inviter.id}`, { enabled: true })
      ),
      '$admin',
    ],
  ]
  for (const [name, happen, expected] of cases) {
    const inviter = await t.addUser(`inviter-${name}`, '$admin')
    const pending = await inviteAs(t, inviter.token, `${name}@example.com`)
    await happen(inviter)
    assert.equal(await acceptedRole(t, pending), expected, name)
  }
})

test('every role an admin may offer falls back to $guest with the admin, and the counts of roles follow', async () => {
  await using t = await startTestApp()
  await t.addUser('keeper', '$admin')
  const inviter = await t.addUser('inviter', '$admin')
  const pending = []
  for (const role of ['$admin', '$member', '$guest'] as const)
    pending.push(await inviteAs(t, inviter.token, `${role.slice(1)}@example.com`, role))
  await t.post(`/api/service/users/${inviter.id}`, { enabled: false })
  for (const person of pending) assert.equal(await acceptedRole(t, person), '$guest')
  const counts = await roleCounts(t)
  assert.deepEqual([counts['$admin'], counts['$member'], counts['$guest']], ['2', '0', '3'])
})

test('an invitation of a service token falls back to $guest once the token is revoked or over', async () => {
  await using t = await startTestApp()
  const issue = (lifetimeSeconds: number | null) =>
    issueServiceToken(t.operator(), { displayName: 'ci', role: '$admin', rights: [], lifetimeSeconds, secret: null })
  const [alive, revoked, short] = [await issue(null), await issue(null), await issue(60)]
  const people = [
    await inviteAs(t, alive.secret, 'alive@example.com', '$member'),
    await inviteAs(t, revoked.secret, 'revoked@example.com', '$member'),
    await inviteAs(t, short.secret, 'short@example.com', '$member'),
  ]
  assert.equal((await t.delete(`/api/service/apikeys/${revoked.token.id}`)).status, 200)
  t.clock.advance(60_000)
  const roles = []
  for (const person of people) roles.push(await acceptedRole(t, person))
  assert.deepEqual(roles, ['$member', '$guest', '$guest'])
})

test('an invitation of an OAuth client counts as much as the client may still do, whatever became of its access token', async () => {
  await using t = await startTestApp()
  const clients = '/api/service/oauth-clients'
  const cases: readonly (readonly [string, (clientId: string) => Promise<unknown>, string])[] = [
    ['unchanged', async () => {}, '$admin'],
    ['demoted', (clientId) => t.put(`${clients}/${clientId}`, { role: '$member' }), '$guest'],
    ['deleted', (clientId) => t.delete(`${clients}/${clientId}`), '$guest'],
  ]
  const people = []
  for (const [name, happen, expected] of cases) {
    const client = await t.addOAuthClient('$admin')
    const pending = await inviteAs(t, await t.accessToken(client, t.acme, 1), `${name}@example.com`)
    await happen(client.clientId)
    people.push({ name, pending, expected })
  }
  t.clock.advance(1_000)
  for (const { name, pending, expected } of people) assert.equal(await acceptedRole(t, pending), expected, name)
})

test('a personal token that is revoked takes nothing from the invitations of its owner', async () => {
  await using t = await startTestApp()
  const inviter = await t.addUser('inviter', '$admin')
  const pending = await inviteAs(t, inviter.token, 'user01@example.com')
  const { json } = await t.get(`/api/service/apikeys?filter=${encodeURIComponent('{"displayName":"test"}')}`)
  for (const token of json.records) await t.delete(`/api/service/apikeys/${token.id}`)
  assert.equal((await t.get('/api/service/whoami', { token: inviter.token })).status, 401)
  assert.equal(await acceptedRole(t, pending), '$admin')
})

test('only who may invite invites, and nobody offers what is no workspace role', async () => {
  await using t = await startTestApp()
  for (const role of ['$member', '$guest'] as const) {
    for (const token of [await t.serviceToken(role), (await t.addUser(`a-${role.slice(1)}`, role)).token]) {
      for (const offered of ['$admin', '$member', '$guest', '$nobody']) {
        const answer = await t.post('/api/service/users', { emails: ['x@example.com'], roleName: offered }, { token })
        assert.equal(answer.status, 403, `${role} offering ${offered}`)
        assert.equal(answer.json.error, 'insufficient_role')
      }
    }
  }
})
