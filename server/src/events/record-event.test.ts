import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Compile } from 'typebox/compile'
import { inTransaction } from '../access/in-transaction.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { eventTypes, isEventName } from './event-types.ts'
import { recordEvent, recordEvents } from './record-event.ts'

const unknownId = '0190f2c4-0000-7000-8000-000000000000'

function allEvents(t: TestApp) {
  return t.db.selectFrom('events').selectAll().orderBy('id').execute()
}

/** A world in which every change below can be asked for. */
async function makeWorld(t: TestApp) {
  const user = await t.invite('user01@example.com')
  const group = await t.addGroup('data')
  const persona: string = (await t.post('/api/service/personas', { name: 'base' })).json.id
  const purpose: string = (await t.post('/api/service/purposes', { name: 'base' })).json.id
  const token: string = (await t.post('/api/service/apikeys', { displayName: 'bot' })).json.id
  return { user, group, persona, purpose, token }
}

type World = Awaited<ReturnType<typeof makeWorld>>

/** Accepted changes in an order in which each is possible, and the one or more facts each leaves. */
function changes({
  user,
  group,
  persona,
  purpose,
  token,
}: World): readonly (readonly [path: string, body: unknown, types: readonly string[]])[] {
  return [
    ['groups', { group: { name: 'new' } }, ['group.created']],
    ['groups', { group: { name: 'peopled' }, users: [user, unknownId] }, ['group.created', 'group.member_added']],
    [`groups/${group}`, { alias: 'Data', attributes: { description: ['x'], isDefault: ['true'] } }, ['group.updated']],
    [`groups/${group}/members`, { users: [user, user] }, ['group.member_added']],
    [`groups/${group}/members/remove`, { users: [user, unknownId] }, ['group.member_removed']],
    [`users/${user}/groups`, { groups: [group] }, ['group.member_added']],
    ['personas', { name: 'new' }, ['persona.created']],
    [`personas/${persona}`, { name: 'renamed', description: 'x' }, ['persona.updated']],
    [
      `personas/${persona}/subjects`,
      { users: [user], groups: [group] },
      ['persona.subject_added', 'persona.subject_added'],
    ],
    ['purposes', { name: 'new' }, ['purpose.created']],
    [`purposes/${purpose}`, { tags: ['x'] }, ['purpose.updated']],
    [`../muster/purposes/${purpose}/subjects`, { users: [], groups: [group] }, ['purpose.subject_added']],
    ['apikeys', { displayName: 'new' }, ['api_token.created']],
    [`apikeys/${token}`, { displayName: 'renamed' }, ['api_token.updated']],
    [`groups/${group}/delete`, undefined, ['group.deleted', 'persona.subject_removed', 'purpose.subject_removed']],
    [`personas/${persona}/subjects`, { users: [], groups: [] }, ['persona.subject_removed']],
  ]
}

function urlOf(path: string): string {
  return path.startsWith('../') ? `/api/${path.slice(3)}` : `/api/service/${path}`
}

test('every accepted change leaves its facts, with who asked, from where, when and by which request', async () => {
  await using t = await startTestApp()
  const world = await makeWorld(t)
  const caller = (await t.get('/api/service/whoami')).json
  for (const [index, [path, body, types]] of changes(world).entries()) {
    t.clock.advance(1_000)
    const known = new Set((await allEvents(t)).map(({ id }) => id))
    const answer = await t.post(urlOf(path), body, { headers: { 'x-atlan-request-id': `change-${index}` } })
    assert.equal(answer.status, 200, `${path}: ${answer.text}`)
    const added = (await allEvents(t)).filter(({ id }) => !known.has(id))
    assert.deepEqual(added.map(({ type }) => type).toSorted(), types, path)
    for (const event of added) {
      const { tenant_id, at, actor_kind, actor_id, actor_name, door, address, request_id } = event
      assert.deepEqual(
        { tenant_id, at, actor_kind, actor_id, actor_name, door, address, request_id },
        {
          tenant_id: t.acme.id,
          at: t.clock.now().getTime(),
          actor_kind: 'api_token',
          actor_id: caller.userId,
          actor_name: caller.username,
          door: 'rest',
          address: '127.0.0.1',
          request_id: `change-${index}`,
        },
      )
    }
  }
  assert.equal((await t.delete(`/api/service/apikeys/${world.token}`)).status, 200)
  assert.equal((await allEvents(t)).at(-1)?.type, 'api_token.revoked')
})

test('a change asked for again changes nothing and leaves no second fact', async () => {
  await using t = await startTestApp()
  const world = await makeWorld(t)
  const repeatable = changes(world).filter(([path]) => path.includes('/') && !path.endsWith('/delete'))
  assert.ok(repeatable.length > 8)
  for (const [path, body] of repeatable) {
    await t.post(urlOf(path), body)
    const before = await allEvents(t)
    assert.equal((await t.post(urlOf(path), body)).status, 200)
    assert.deepEqual(await allEvents(t), before, path)
  }
})

test('a refused change leaves no fact, however far it came', async () => {
  await using t = await startTestApp()
  const { user, group, persona, purpose, token } = await makeWorld(t)
  const before = await allEvents(t)
  const stale = { 'if-match': '"stale"' }
  const refused: readonly (readonly [path: string, body: unknown, status: number, headers?: Record<string, string>])[] =
    [
      ['groups', { group: { name: 'DATA' }, users: [user] }, 409],
      [`groups/${group}`, { name: 'other', alias: 'x' }, 400],
      [`groups/${group}`, { alias: 'x' }, 412, stale],
      [`groups/${group}/members`, { users: [user, unknownId] }, 404],
      [`users/${user}/groups`, { groups: [group, unknownId] }, 404],
      ['personas', { name: 'BASE' }, 409],
      [`personas/${persona}`, { description: 'x' }, 412, stale],
      [`personas/${persona}/subjects`, { users: [user], groups: [unknownId] }, 404],
      [`../muster/purposes/${purpose}/subjects`, { users: [user], groups: [unknownId] }, 404],
      ['apikeys', { displayName: 'x', validitySeconds: 0 }, 400],
      [`apikeys/${token}`, { displayName: 'x' }, 412, stale],
      [`groups/${unknownId}/delete`, undefined, 404],
    ]
  for (const [path, body, status, headers = {}] of refused) {
    assert.equal((await t.post(urlOf(path), body, { headers })).status, status, path)
    assert.deepEqual(await allEvents(t), before, path)
  }
})

test('every fact fits its type, and names and addresses of people stand in the erasable part alone', async () => {
  await using t = await startTestApp()
  const admin = await t.addUser('zacharias', '$admin')
  const world = await makeWorld(t)
  for (const [path, body] of changes(world)) await t.post(urlOf(path), body)
  await t.post(`/api/service/users/${world.user}`, { firstName: 'Wilhelmina', email: 'wilhelmina@example.com' })
  await t.post(`/api/service/users/${world.user}/delete`)
  const events = await allEvents(t)
  for (const event of events) {
    assert.ok(isEventName(event.type), event.type)
    const { subject, category, data, personal } = eventTypes[event.type]
    assert.deepEqual([event.subject_kind, event.category], [subject, category])
    for (const [schema, text] of [
      [data, event.data],
      [personal, event.personal],
    ] as const) {
      const validator = Compile(schema)
      assert.ok(validator.Check(JSON.parse(text)), `${event.type}: ${text}`)
    }
    assert.ok(!/@|zacharias|wilhelmina/i.test(event.data), `${event.type}: ${event.data}`)
  }
  assert.ok(new Set(events.map(({ type }) => type)).size > 18)
  assert.ok(
    events.some((event) => event.personal.includes('wilhelmina@example.com')),
    'the values are kept, beside',
  )
  assert.ok(events.some((event) => event.personal.includes(admin.email)))
})

test('many facts of one change are kept in their order', async () => {
  await using t = await startTestApp()
  const ctx = t.operator()
  const ids = Array.from({ length: 450 }, (_, n) => `group-${n}`)
  await inTransaction(ctx, (ctx) =>
    recordEvents(
      ctx,
      ids.map((id) => ({ type: 'group.deleted', subjectId: id, data: { name: id, members: 0 }, personal: {} })),
    ),
  )
  const events = (await allEvents(t)).filter(({ type }) => type === 'group.deleted')
  assert.deepEqual(
    events.map((event) => event.subject_id),
    ids,
  )
})

test('a fact goes away with the change it reports', async () => {
  await using t = await startTestApp()
  const before = await allEvents(t)
  const failure = new Error('after the fact')
  await assert.rejects(
    inTransaction(t.operator(), async (ctx) => {
      await recordEvent(ctx, { type: 'group.created', subjectId: 'g', data: { name: 'g' }, personal: {} })
      throw failure
    }),
    failure,
  )
  assert.deepEqual(await allEvents(t), before)
})
