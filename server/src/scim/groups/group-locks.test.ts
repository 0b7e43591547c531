import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { startTestApp, type TestApp } from '../../../test/start-test-app.ts'

const userUrn = 'urn:ietf:params:scim:schemas:core:2.0:User'
const groupUrn = 'urn:ietf:params:scim:schemas:core:2.0:Group'
let t: TestApp
let token: string
let users: readonly string[]

before(async () => {
  t = await startTestApp()
  token = (await t.addScimToken()).secret
  users = await Promise.all(
    Array.from({ length: 12 }, async (_, number) => {
      const { json } = await scim('POST', 'Users', { schemas: [userUrn], userName: `person${number}@example.com` })
      return json.id
    }),
  )
})

after(() => t[Symbol.asyncDispose]())

function scim(method: string, path: string, body?: object) {
  return t.request(method, `/api/scim/v2/${path}`, { token, ...(body === undefined ? {} : { body }) })
}

async function addGroup(displayName: string, members: readonly string[] = []): Promise<string> {
  return (await scim('POST', 'Groups', { schemas: [groupUrn], displayName, members: refer(members) })).json.id
}

function refer(ids: readonly string[]): object[] {
  return ids.map((value) => ({ value }))
}

function patch(op: string, path: string, value?: unknown): object {
  const operation = { op, path, ...(value === undefined ? {} : { value }) }
  return { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: [operation] }
}

/** How often PostgreSQL had to break a ring of waiting transactions; SQLite has none. */
async function deadlocks(): Promise<number> {
  if (t.location.kind !== 'postgres') return 0
  const client = new pg.Client({ connectionString: t.location.ownerUrl ?? '' })
  await client.connect()
  try {
    const { rows } = await client.query(
      'select deadlocks::int as count from pg_stat_database where datname = current_database()',
    )
    return rows[0].count
  } finally {
    await client.end()
  }
}

test('whole lists, additions, removals and deletions at once, in opposite orders, wait for each other in no ring', async () => {
  const groups = await Promise.all(['a', 'b', 'c'].map((name) => addGroup(name, users.slice(0, 6))))
  const known = await deadlocks()
  const backwards = users.toReversed()
  const body = (ids: readonly string[]) => ({ schemas: [groupUrn], displayName: 'a', members: refer(ids) })
  for (let round = 0; round < 4; round += 1) {
    const answers = await Promise.all(
      groups.flatMap((id, at) => {
        const half = users.filter((_, index) => (index + round + at) % 2 === 0)
        return [
          scim('PUT', `Groups/${id}`, body(half)),
          scim('PUT', `Groups/${id}`, body(half.toReversed())),
          scim('PATCH', `Groups/${id}`, patch('add', 'members', refer(backwards.slice(0, 4)))),
          scim('PATCH', `Groups/${id}`, patch('add', 'members', refer(users.slice(0, 4)))),
          scim('PATCH', `Groups/${id}`, patch('replace', 'members', refer(backwards.slice(3, 9)))),
          scim('PATCH', `Groups/${id}`, patch('remove', `members[value eq "${users[at]}"]`)),
          scim('PATCH', `Groups/${id}`, patch('remove', 'members')),
          t.post(`/api/service/users/${users[at]}`, { groups: groups.toReversed() }),
          t.post(`/api/service/groups/${id}/members`, { users: backwards }),
        ]
      }),
    )
    for (const answer of answers) assert.ok([200, 503].includes(answer.status), answer.text)
    assert.ok(answers.filter(({ status }) => status === 503).length <= 2, 'hardly anybody has to try again')
  }
  assert.equal(await deadlocks(), known)
  for (const id of groups) {
    const { json } = await scim('GET', `Groups/${id}`)
    const { userCount } = (await t.get(`/api/service/groups?filter=${encodeURIComponent(JSON.stringify({ id }))}`)).json
      .records[0]
    assert.equal(Number(userCount), (json.members ?? []).length, 'the count is that of the rows')
  }
})

test('groups put into each other at once close no circle', async () => {
  for (let round = 0; round < 5; round += 1) {
    const ring = await Promise.all(['x', 'y', 'z', 'w'].map((name) => addGroup(`${name}${round}`)))
    const answers = await Promise.all(
      ring.map((id, at) =>
        scim('PATCH', `Groups/${id}`, patch('add', 'members', refer([ring[(at + 1) % ring.length] ?? '']))),
      ),
    )
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted(),
      [200, 200, 200, 400],
      answers.map(({ text }) => text).join('\n'),
    )
  }
})
