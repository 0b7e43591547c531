import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

const unknownId = '0190f2c4-0000-7000-8000-000000000000'

interface Cell {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
  readonly admin: number
  readonly member: number
  readonly guest: number
}

/** contract/security-and-reliability.md, 5.2: directory-read and directory-write. */
function cells(group: string, user: string): readonly Cell[] {
  const read = { method: 'GET', admin: 200, member: 200, guest: 403 } as const
  const write = { method: 'POST', admin: 200, member: 403, guest: 403 } as const
  return [
    { ...read, path: '/api/service/groups' },
    { ...read, path: '/api/service/v2/groups' },
    { ...read, path: `/api/service/groups/${group}/members` },
    { ...read, path: `/api/service/users/${user}/groups`, guest: 404 },
    { ...write, path: '/api/service/groups', body: { group: { name: 'new' } } },
    { ...write, path: `/api/service/groups/${group}`, body: { alias: 'Renamed' } },
    { ...write, path: `/api/service/groups/${group}/members`, body: { users: [user] } },
    { ...write, path: `/api/service/groups/${group}/members`, body: { users: [user, unknownId] }, admin: 404 },
    { ...write, path: `/api/service/groups/${group}/members/remove`, body: { users: [user] } },
    { ...write, path: `/api/service/users/${user}/groups`, body: { groups: [group] } },
    { ...write, path: `/api/service/groups/${group}/delete` },
  ]
}

async function everything(t: TestApp) {
  return [
    await t.db.selectFrom('groups').selectAll().orderBy('id').execute(),
    await t.db.selectFrom('group_members').selectAll().orderBy('group_id').orderBy('user_id').execute(),
    await t.db.selectFrom('events').selectAll().orderBy('id').execute(),
  ]
}

test('who may read and change groups is what the matrix says, and a refusal changes nothing', async () => {
  await using t = await startTestApp()
  const user = await t.invite('user01@example.com')
  const group = await t.addGroup('data')
  const tokens = {
    guest: (await t.addUser('guest01', '$guest')).token,
    member: (await t.addUser('member01')).token,
    admin: t.acme.token,
  }
  const before = await everything(t)
  for (const role of ['guest', 'member', 'admin'] as const) {
    for (const cell of cells(group, user)) {
      const answer = await t.request(cell.method, cell.path, { token: tokens[role], body: cell.body })
      assert.equal(answer.status, cell[role], `${role} ${cell.method} ${cell.path}: ${answer.text}`)
      if (answer.status === 403) {
        assert.equal(answer.json.error, 'insufficient_role')
        assert.match(String(answer.headers['www-authenticate']), /^Bearer realm="[^"]+", error="insufficient_scope"$/)
      }
    }
    if (role !== 'admin') assert.deepEqual(await everything(t), before)
  }
})

test('the role is refused before the body and the object are looked at', async () => {
  await using t = await startTestApp()
  const { token } = await t.addUser('member01')
  for (const path of [
    'groups',
    `groups/${unknownId}`,
    `groups/${unknownId}/members`,
    `groups/${unknownId}/delete`,
    `users/${unknownId}/groups`,
  ]) {
    const answer = await t.request('POST', `/api/service/${path}`, { token, rawBody: '{"broken' })
    assert.equal(answer.status, 403, path)
  }
})

test("another tenant's ids answer like ids that never were, and change nothing", async () => {
  await using t = await startTestApp()
  const group = await t.addGroup('data')
  const user = await t.invite('user01@example.com')
  const foreignUser = await t.invite('user01@example.com', '$member', t.other)
  const foreignGroup = await t.addGroup('data', [foreignUser], t.other)
  const requests = (aGroup: string, aUser: string): readonly (readonly ['GET' | 'POST', string, unknown?])[] => [
    ['GET', `/api/service/groups/${aGroup}/members`],
    ['POST', `/api/service/groups/${aGroup}`, { alias: 'Mine' }],
    ['POST', `/api/service/groups/${aGroup}/delete`],
    ['POST', `/api/service/groups/${aGroup}/members`, { users: [user] }],
    ['POST', `/api/service/groups/${group}/members`, { users: [aUser] }],
    ['POST', `/api/service/groups/${aGroup}/members/remove`, { users: [aUser] }],
    ['POST', `/api/service/groups/${group}/members/remove`, { users: [aUser] }],
    ['POST', `/api/service/users/${aUser}/groups`, { groups: [group] }],
    ['POST', `/api/service/users/${user}/groups`, { groups: [aGroup] }],
    ['POST', `/api/service/users/${user}`, { groups: [aGroup] }],
    ['GET', `/api/service/users/${aUser}/groups`],
    ['GET', `/api/service/groups?filter=${encodeURIComponent(JSON.stringify({ id: aGroup }))}`],
    ['GET', `/api/service/groups?filter=${encodeURIComponent(JSON.stringify({ id: { $in: [aGroup] } }))}`],
    ['GET', `/api/service/events/main?resourcePath=groups/${aGroup}`],
  ]
  const before = await everything(t)
  const unknown = requests(unknownId, unknownId)
  for (const [index, [method, path, body]] of requests(foreignGroup, foreignUser).entries()) {
    const [, otherPath = '', otherBody] = unknown[index] ?? []
    const headers = { 'x-atlan-request-id': 'same' }
    const foreign = await t.request(method, path, { body, headers })
    const absent = await t.request(method, otherPath, { body: otherBody, headers })
    assert.deepEqual([foreign.status, foreign.text], [absent.status, absent.text], `${method} ${path}`)
    assert.deepEqual({ ...foreign.headers, date: '' }, { ...absent.headers, date: '' })
  }
  assert.deepEqual(await everything(t), before)
})
