import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

/** Two servers where the database takes two, as one would run them; the one server there can be where it does not. */
let nodes: readonly TestApp[]
let t: TestApp

before(async () => {
  t = await startTestApp()
  nodes = t.location.kind === 'sqlite' ? [t] : [t, await startTestApp({ beside: t })]
  await t.addUser('boss01', '$admin')
})

after(async () => {
  for (const node of nodes.toReversed()) await node[Symbol.asyncDispose]()
})

/** What every node says to every token, asked at once. */
async function statuses(tokens: readonly string[]): Promise<number[]> {
  const asked = nodes.flatMap((node) => tokens.map((token) => node.get('/api/service/whoami', { token })))
  return [...new Set((await Promise.all(asked)).map(({ status }) => status))]
}

test('ten tokens of somebody disabled or deleted are dead at every node with the next request, wherever it was done (V-K3)', async () => {
  for (const [index, node] of nodes.entries()) {
    const { id, token } = await t.addUser(`user-${index}`)
    const tokens = [token, ...(await Promise.all(Array.from({ length: 9 }, () => t.personalToken(id))))]
    assert.deepEqual(await statuses(tokens), [200])
    await node.post(`/api/service/users/${id}`, { enabled: false })
    assert.deepEqual(await statuses(tokens), [401])
    await node.post(`/api/service/users/${id}`, { enabled: true })
    assert.deepEqual(await statuses(tokens), [200])
    await node.post(`/api/service/users/${id}/delete`)
    assert.deepEqual(await statuses(tokens), [401])
  }
})

test('a token that is revoked, and whatever an OAuth client holds when it is deleted, is dead at every node (V-K3)', async () => {
  for (const node of nodes) {
    const { id, attributes } = (await t.post('/api/service/apikeys', { displayName: 'bot' })).json
    const client = await t.addOAuthClient('$member')
    const access = await Promise.all(Array.from({ length: 3 }, () => t.accessToken(client)))
    assert.deepEqual(await statuses([attributes.accessToken, ...access]), [200])
    await node.delete(`/api/service/apikeys/${id}`)
    assert.deepEqual(await statuses([attributes.accessToken]), [401])
    await node.delete(`/api/service/oauth-clients/${client.clientId}`)
    assert.deepEqual(await statuses(access), [401])
  }
})

test('another role counts at every node with the next request, and a grant ends at all of them in the same millisecond (V-K5)', async () => {
  const roleAt = async (token: string) =>
    (await Promise.all(nodes.map((node) => node.get('/api/service/whoami', { token })))).map(
      ({ json }) => json.workspaceRole,
    )
  const everywhere = (role: string) => nodes.map(() => role)
  const user = await t.addUser('user-role')
  for (const node of nodes) {
    for (const role of ['$guest', '$admin', '$member'] as const) {
      await node.post(`/api/service/users/${user.id}/roles/update`, { roleId: await t.roleId(role) })
      assert.deepEqual(await roleAt(user.token), everywhere(role))
    }
    const grant = { roleId: await t.roleId('$admin'), expiresAt: t.clock.now().getTime() + 1_000 }
    assert.equal((await node.post(`/api/muster/users/${user.id}/role-grants`, grant)).status, 200)
    assert.deepEqual(await roleAt(user.token), everywhere('$admin'))
    t.clock.advance(999)
    assert.deepEqual(await roleAt(user.token), everywhere('$admin'))
    t.clock.advance(1)
    assert.deepEqual(await roleAt(user.token), everywhere('$member'))
  }
})
