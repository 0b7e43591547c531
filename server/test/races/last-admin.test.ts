import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Answer } from '../test-client.ts'
import { Nodes, sizeOf } from './nodes.ts'

const rounds = sizeOf({ short: 32, full: 500 })

interface Admin {
  readonly id: string
  readonly token: string
}

let nodes: Nodes
let admins: readonly Admin[]
let roleIds: ReadonlyMap<string, string>

before(async () => {
  nodes = await Nodes.start()
  // The first admin has not accepted, so that these two are all there are.
  admins = [await nodes.addUser('admin01', '$admin'), await nodes.addUser('admin02', '$admin')]
  const { json } = await nodes.ask('GET', '/api/service/roles')
  roleIds = new Map(json.records.map((role: { name: string; id: string }) => [role.name, role.id]))
})

after(() => nodes[Symbol.asyncDispose]())

const memberId = () => roleIds.get('$member') ?? ''

/** Every way to stop somebody from being an admin, but deletion, which leaves nobody to go on with. */
const ways: readonly ((by: Admin, of: Admin) => Promise<Answer>)[] = [
  (by, of) => nodes.post(`/api/service/users/${of.id}/roles/update`, { roleId: memberId() }, by),
  (by, of) => nodes.ask('PUT', `/api/service/users/${of.id}/roles`, { token: by.token, body: { roles: [memberId()] } }),
  (by, of) => nodes.post(`/api/service/users/${of.id}`, { workspaceRole: '$member' }, by),
  (by, of) => nodes.post(`/api/service/users/${of.id}`, { enabled: false }, by),
]

test(`two admins who demote or disable each other at once leave one of them, ${rounds} times, in every combination`, async () => {
  const [one, two] = admins
  assert.ok(one !== undefined && two !== undefined)
  const outcomes = new Map<string, number>()
  for (let round = 0; round < rounds; round += 1) {
    const [first, second] = [ways[round % 4], ways[Math.floor(round / 4) % 4]]
    const answers: readonly (Answer | undefined)[] = await Promise.all([first?.(one, two), second?.(two, one)])
    const kinds = answers.map((answer) => ((answer?.status ?? 0) < 300 ? 'done' : answer?.json.error))
    outcomes.set(kinds.toSorted().join(), (outcomes.get(kinds.toSorted().join()) ?? 0) + 1)
    assert.equal(kinds.filter((kind) => kind === 'done').length, 1, answers.map((answer) => answer?.text).join('\n'))
    assert.deepEqual(await usable(), kinds[0] === 'done' ? [one.id] : [two.id])
    await restore(kinds[0] === 'done' ? two : one)
  }
  console.log(`last admin: ${[...outcomes].map(([kinds, count]) => `${count} × ${kinds}`).join(', ')}`)
  // Whoever comes second is refused: as no admin any more, as one whose credential has ended, or because one must stay.
  const known = new Set(['done,last_admin', 'done,insufficient_role', 'done,invalid_token'])
  assert.deepEqual(
    [...outcomes.keys()].filter((kinds) => !known.has(kinds)),
    [],
  )
  const counted = await nodes.db
    .selectFrom('roles')
    .select('member_count')
    .where('name', '=', '$admin')
    .executeTakeFirst()
  assert.equal(counted?.member_count, 3)
})

async function usable(): Promise<string[]> {
  const { json } = await nodes.ask('GET', '/api/service/users')
  return json.records
    .filter(
      (user: { workspaceRole: string; status: string }) => user.workspaceRole === '$admin' && user.status === 'Enabled',
    )
    .map((user: { id: string }) => user.id)
}

async function restore({ id }: Admin): Promise<void> {
  const answer = await nodes.post(`/api/service/users/${id}`, { workspaceRole: '$admin', enabled: true })
  assert.equal(answer.status, 200, answer.text)
}
