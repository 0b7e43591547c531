import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Answer } from '../test-client.ts'
import { Nodes, seeded, sizeOf } from './nodes.ts'

const clients = 50
const ownEach = 2
const sharedUsers = 5
const actsEach = sizeOf({ short: 4, full: 16 })
const writers = 8
const writesEach = sizeOf({ short: 3, full: 20 })

let nodes: Nodes
let groupId: string
let userIds: readonly string[]

before(async () => {
  nodes = await Nodes.start()
  groupId = (await nodes.post('/api/service/groups', { group: { name: 'race' } })).json.group
  userIds = await invite(clients * ownEach + sharedUsers)
})

after(() => nodes[Symbol.asyncDispose]())

async function invite(count: number): Promise<string[]> {
  const emails = Array.from({ length: count }, (_, index) => `user${index}@example.com`)
  const ids: string[] = []
  for (let start = 0; start < count; start += 50) {
    const { json } = await nodes.post('/api/service/users', { emails: emails.slice(start, start + 50) })
    ids.push(...Object.values<string>(json.createdUsers))
  }
  assert.equal(ids.length, count)
  return ids
}

/** Every way to put people into a group, and to take them out. */
const waysIn: readonly ((ids: readonly string[]) => Promise<readonly Answer[]>)[] = [
  async (ids) => [await nodes.post(`/api/service/groups/${groupId}/members`, { users: ids })],
  (ids) => Promise.all(ids.map((id) => nodes.post(`/api/service/users/${id}/groups`, { groups: [groupId] }))),
  (ids) => Promise.all(ids.map((id) => nodes.post(`/api/service/users/${id}`, { groups: [groupId] }))),
]
const waysOut: readonly ((ids: readonly string[]) => Promise<readonly Answer[]>)[] = [
  async (ids) => [await nodes.post(`/api/service/groups/${groupId}/members/remove`, { users: ids })],
  (ids) => Promise.all(ids.map((id) => nodes.post(`/api/service/users/${id}`, { groups: [] }))),
]

/** One client's part: its own users, of whom it alone decides, and now and then some that everybody moves. */
async function act(client: number, model: Set<string>): Promise<void> {
  const random = seeded(client)
  const own = userIds.slice(client * ownEach, (client + 1) * ownEach)
  const shared = userIds.slice(-sharedUsers)
  for (let done = 0; done < actsEach; done += 1) {
    const isIn = random(2) === 0
    const chosen = [...own.filter(() => random(3) > 0), ...shared.filter(() => random(4) === 0)]
    if (chosen.length === 0) continue
    const ways = isIn ? waysIn : waysOut
    const answers = (await ways[random(ways.length)]?.(chosen)) ?? []
    for (const answer of answers) assert.equal(answer.status, 200, answer.text)
    for (const id of own.filter((id) => chosen.includes(id))) {
      if (isIn) model.add(id)
      else model.delete(id)
    }
  }
}

test(`${clients} clients that change one group’s members at once lose no change: members, counts and events agree with a set`, async () => {
  const model = new Set<string>()
  await Promise.all(Array.from({ length: clients }, (_, client) => act(client, model)))
  const rows = await nodes.db.selectFrom('group_members').select('user_id').where('group_id', '=', groupId).execute()
  const members = new Set(rows.map((row) => row.user_id))
  const own = userIds.slice(0, clients * ownEach)
  assert.deepEqual(own.filter((id) => members.has(id)).toSorted(), [...model].toSorted())
  assert.deepEqual(await listedMembers(), [...members].toSorted())
  const { json } = await nodes.ask('GET', `/api/service/groups?filter={"id":"${groupId}"}`)
  assert.equal(Number(json.records[0].userCount), members.size)
  // Who is in was added once more often than removed; who is out as often: no event is missing, none is double.
  const balances = await balanceByUser()
  assert.deepEqual(
    userIds.filter((id) => (balances.get(id) ?? 0) !== (members.has(id) ? 1 : 0)),
    [],
  )
})

async function listedMembers(): Promise<string[]> {
  const ids: string[] = []
  for (let page = 0; page === 0 || ids.length === page * 50; page += 1) {
    const { json } = await nodes.ask('GET', `/api/service/groups/${groupId}/members?limit=50&offset=${page * 50}`)
    ids.push(...json.records.map((user: { id: string }) => user.id))
    if (json.records.length === 0) break
  }
  return ids.toSorted()
}

async function balanceByUser(): Promise<Map<string, number>> {
  const events = await nodes.db
    .selectFrom('events')
    .select(['type', 'object_id'])
    .where('subject_id', '=', groupId)
    .where('type', 'in', ['group.member_added', 'group.member_removed'])
    .execute()
  assert.ok(events.length > 0)
  const balances = new Map<string, number>()
  for (const { type, object_id: id } of events)
    balances.set(id, (balances.get(id) ?? 0) + (type === 'group.member_added' ? 1 : -1))
  return balances
}

test('whoever writes with a stale If-Match gets 412, and of those who count up together none is lost', async () => {
  const path = `/api/service/users/${userIds.at(-1)}`
  const outcomes = { done: 0, stale: 0 }
  const countUp = async (): Promise<void> => {
    for (let left = writesEach; left > 0;) {
      const { json, headers } = await nodes.ask('GET', path)
      const count = Number(json.attributes.count?.[0] ?? 0)
      const options = { headers: { 'if-match': headers.etag ?? '' } }
      const answer = await nodes.post(path, { attributes: { count: [String(count + 1)] } }, options)
      assert.ok(answer.status === 200 || answer.status === 412, answer.text)
      outcomes[answer.status === 200 ? 'done' : 'stale'] += 1
      if (answer.status === 200) left -= 1
    }
  }
  await Promise.all(Array.from({ length: writers }, countUp))
  const { json } = await nodes.ask('GET', path)
  assert.deepEqual([json.attributes.count, outcomes.done], [[String(writers * writesEach)], writers * writesEach])
  assert.ok(outcomes.stale > 0, 'nobody met anybody')
})
