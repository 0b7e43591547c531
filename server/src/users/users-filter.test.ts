import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { invitePeople, usersAddress, writeDirectly } from './testdata/people.ts'

interface Arranged {
  readonly t: TestApp
  readonly data: string
  readonly ops: string
  readonly createdAt: readonly number[]
}

/**
 * ada: pending admin, Analyst and Writer, in data and ops · Bob: disabled member, in data · cleo: pending guest from the IdP, no group
 * dora: accepted member who signed in, in ops.
 */
async function arrange(): Promise<Arranged> {
  const t = await startTestApp()
  const createdAt: number[] = []
  const invite = async (person: Parameters<typeof invitePeople>[1][number]) => {
    t.clock.advance(60_000)
    createdAt.push(t.clock.now().getTime())
    return (await invitePeople(t, [person]))[0] ?? ''
  }
  const ada = await invite({
    username: 'ada',
    roleName: '$admin',
    firstName: 'Ada',
    lastName: 'Lovelace',
    attributes: { designation: ['Analyst', 'Writer'], jira: ['ada_1'] },
  })
  const bob = await invite({
    username: 'Bob',
    firstName: 'Bob',
    lastName: 'Émile',
    attributes: { designation: ['Data Engineer'] },
  })
  const cleo = await invite({ username: 'cleo', roleName: '$guest', email: 'cleo@else.example' })
  t.clock.advance(60_000)
  createdAt.push(t.clock.now().getTime())
  const dora = await t.addUser('dora')
  await t.post(`/api/service/users/${bob}`, { enabled: false })
  await writeDirectly(t, async ({ db }) => {
    await db.updateTable('users').set({ last_login_at: t.clock.now().getTime() }).where('id', '=', dora.id).execute()
    await db.updateTable('users').set({ source: 'scim' }).where('id', '=', cleo).execute()
  })
  return { t, data: await t.addGroup('data', [ada, bob]), ops: await t.addGroup('ops', [ada, dora.id]), createdAt }
}

const everybody = ['Bob', 'ada', 'cleo', 'dora']

function rowsFor({
  data,
  ops,
  createdAt,
}: Arranged): readonly (readonly [filter: object | string, found: readonly string[]])[] {
  const [adaAt = 0, bobAt = 0, , doraAt = 0] = createdAt
  const iso = (ms: number) => new Date(ms).toISOString()
  return [
    [{}, everybody],
    [{ $and: [] }, everybody],
    [{ $or: [] }, []],
    [{ username: { $ilike: 'B%' } }, ['Bob']],
    [{ username: { $like: 'b%' } }, []],
    [{ username: { $neq: 'Bob' } }, ['ada', 'cleo', 'dora']],
    [{ username: { $gt: 'ada', $lte: 'cleo' } }, ['cleo']],
    [{ email: { $neq: 'ADA@example.com' } }, ['Bob', 'cleo', 'dora']],
    [{ email: { $like: '%@ELSE.example' } }, ['cleo']],
    [{ firstName: 'Ada' }, ['ada']],
    [{ lastName: { $ilike: 'émile' } }, ['Bob']],
    [{ firstName: { $in: ['Ada', 'Bob', null, ''] } }, ['Bob', 'ada']],
    [{ enabled: true }, ['ada', 'cleo', 'dora']],
    [{ enabled: { $neq: true } }, ['Bob']],
    [{ emailVerified: true }, ['dora']],
    [{ isScimUser: true }, ['cleo']],
    [{ status: 'Pending' }, ['ada', 'cleo']],
    [{ status: 'Disabled' }, ['Bob']],
    [{ status: { $in: ['Enabled', 'Disabled'] } }, ['Bob', 'dora']],
    [{ status: { $neq: 'Pending' } }, ['Bob', 'dora']],
    [{ workspaceRole: '$admin' }, ['ada']],
    [{ roles: '$guest' }, ['cleo']],
    [{ workspaceRole: { $like: '$m%' } }, ['Bob', 'dora']],
    [{ groupCount: 0 }, ['cleo']],
    [{ groupCount: { $gte: 1, $lt: 2 } }, ['Bob', 'dora']],
    [{ groupCount: { $in: [0, 2] } }, ['ada', 'cleo']],
    [{ groups: data }, ['Bob', 'ada']],
    [{ groups: { $in: [data, ops] } }, ['Bob', 'ada', 'dora']],
    [{ groups: { $neq: ops } }, ['Bob', 'cleo']],
    [{ groups: 'no-such-group' }, []],
    [{ createdTimestamp: adaAt }, ['ada']],
    [{ createdTimestamp: { $gt: iso(adaAt), $lte: bobAt } }, ['Bob']],
    [{ createdAt: { $gte: iso(doraAt) } }, ['dora']],
    [{ lastLoginTime: { $gt: 0 } }, ['dora']],
    [{ lastLoginTime: { $lt: iso(doraAt + 1) } }, ['dora']],
    [{ lastLoginTime: { $neq: doraAt } }, ['Bob', 'ada', 'cleo']],
    [{ 'attributes.designation': 'Writer' }, ['ada']],
    [{ 'attributes.designation': { $like: '%n%' } }, ['Bob', 'ada']],
    [{ 'attributes.designation': { $in: ['Analyst', 'Data Engineer'] } }, ['Bob', 'ada']],
    [{ 'attributes.jira': 'ada_1' }, ['ada']],
    [{ 'attributes.nothing': 'x' }, []],
    [{ 'attributes.invitedAt': adaAt }, ['ada']],
    [{ 'attributes.invitedBy': { $like: 'service-account-apikey-%' } }, everybody],
    [{ 'attributes.invitedByName': 'nobody' }, []],
    [{ $or: [{ username: 'Bob' }, { $and: [{ enabled: true }, { groupCount: 2 }] }] }, ['Bob', 'ada']],
    [
      { $and: [{ enabled: true }, { $or: [{ status: 'Pending' }, { groups: ops }] }], username: { $neq: 'cleo' } },
      ['ada', 'dora'],
    ],
    [{ username: { $or: [{ $eq: 'Bob' }, { $and: [{ $gt: 'c' }, { $lt: 'd' }] }] } }, ['Bob', 'cleo']],
    ['username sw "B"', ['Bob']],
    ['email co "@ELSE."', ['cleo']],
    ['firstName ew "da" and enabled eq true', ['ada']],
    ['not (status eq "Pending")', ['Bob', 'dora']],
    ['username eq "Bob" or username eq "dora" and enabled eq false', ['Bob']],
    ['(username eq "Bob" or username eq "dora") and enabled eq true', ['dora']],
    ['lastLoginTime pr', ['dora']],
    ['not (lastName pr)', ['cleo']],
    ['groups pr', ['Bob', 'ada', 'dora']],
    [`groups eq "${data}" and not (groups eq "${ops}")`, ['Bob']],
    ['attributes.designation eq "Analyst"', ['ada']],
    ['attributes.designation pr', ['Bob', 'ada']],
    [`createdTimestamp gt "${iso(adaAt)}" and createdTimestamp le ${bobAt}`, ['Bob']],
    ['workspaceRole eq "$admin"', ['ada']],
    ['groupCount ge 1', ['Bob', 'ada', 'dora']],
  ]
}

test('every field of the map can be compared in every way that fits it, in both languages, and what it finds is counted', async () => {
  const arranged = await arrange()
  await using t = arranged.t
  for (const [filter, found] of rowsFor(arranged)) {
    const text = typeof filter === 'string' ? filter : JSON.stringify(filter)
    const { json } = await t.get(usersAddress({ filter: text, limit: 100 }))
    assert.deepEqual(
      json.records.map((record: { username: string }) => record.username),
      found,
      text,
    )
    assert.deepEqual([json.totalRecord, json.filterRecord], [4, found.length], text)
  }
})
