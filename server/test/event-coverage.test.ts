import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Selectable } from 'kysely'
import { Compile } from 'typebox/compile'
import { eventTypes, isEventName } from '../src/events/event-types.ts'
import type { EventsTable } from '../src/events/events.table.ts'
import { listOperations, type ContractPage } from './contract-page.ts'
import { hashDatabase } from './database-hash.ts'
import { rolledBack, scenarios } from './event-scenarios.ts'
import { startTestApp, type TestApp } from './start-test-app.ts'

type Event = Selectable<EventsTable>

let t: TestApp
let eventsSeen = 0
const typesSeen = new Set<string>()

before(async () => {
  t = await startTestApp()
})

after(async () => {
  console.log(`events: ${scenarios.length} changes left ${eventsSeen} events of ${typesSeen.size} types`)
  await t[Symbol.asyncDispose]()
  assert.ok(eventsSeen > 0)
})

for (const { by, what, arrange, leaves, again } of scenarios) {
  const repeated = again === undefined ? '' : `; a repeat leaves ${again.length === 0 ? 'nothing' : again.join(', ')}`
  test(`${by}, ${what}: leaves ${leaves.join(', ')}${repeated}`, async () => {
    const act = await arrange(t)
    const events = await eventsOf(act)
    assert.deepEqual(
      events.map((event) => event.type),
      leaves,
    )
    for (const event of events) expectWellFormed(event, by)
    if (again === undefined) return
    const before = await hashDatabase(t.db)
    const more = await eventsOf(act)
    assert.deepEqual(
      more.map((event) => event.type),
      again,
    )
    if (again.length === 0) assert.equal(await hashDatabase(t.db), before, 'a change that changes nothing left a trace')
  })
}

/** A session goes on; it would bury the sign-in under a renewal every five minutes. */
const silent = new Set(['POST /auth/session/token'])

test('every operation that changes something has a change here that leaves an event', () => {
  const page: ContractPage = JSON.parse(JSON.stringify(t.http.swagger()))
  const changing = listOperations(page)
    .filter(({ method }) => method !== 'GET')
    .map(({ name }) => name)
  assert.ok(changing.length > 0)
  assert.deepEqual(
    changing.filter(
      (name) => !silent.has(name) && !scenarios.some(({ by, leaves }) => by === name && leaves.length > 0),
    ),
    [],
  )
})

test('every type of event is produced by some change, and every one named here is in the catalogue', () => {
  assert.deepEqual(
    Object.keys(eventTypes).filter((type) => !typesSeen.has(type)),
    [],
  )
  assert.deepEqual(
    [...typesSeen].filter((type) => !isEventName(type)),
    [],
  )
})

for (const { what, status, arrange } of rolledBack) {
  test(`${what}: is undone as a whole, events included`, async () => {
    const { path, body } = await arrange(t)
    const untouched = await hashDatabase(t.db)
    const events = await eventsOf(async () => {
      const answer = await t.post(path, body)
      assert.equal(answer.status, status, answer.text)
    })
    assert.deepEqual(events, [])
    assert.equal(await hashDatabase(t.db), untouched)
  })
}

/** The events that an act leaves, in the order in which they happened. */
async function eventsOf(act: () => Promise<unknown>): Promise<Event[]> {
  const known = new Set((await t.db.selectFrom('events').select('id').execute()).map(({ id }) => id))
  const answer = await act()
  if (isAnswer(answer)) assert.ok(answer.status < 300, answer.text)
  const all = await t.db.selectFrom('events').selectAll().orderBy('id').execute()
  const left = all.filter(({ id }) => !known.has(id))
  eventsSeen += left.length
  for (const { type } of left) typesSeen.add(type)
  return left
}

function isAnswer(value: unknown): value is { status: number; text: string } {
  return typeof value === 'object' && value !== null && 'status' in value && 'text' in value
}

/** Who acts, and by which door, where it is not an API token over REST. */
const otherActors: readonly (readonly [RegExp, string, string])[] = [
  [/^muster-server/, 'system', 'system'],
  [/^POST \/auth\/(sign-out|confirm|account)(?!-)/, 'user', 'rest'],
  // What follows a sign-in at an IdP is done by the server, the sign-in itself by the person; a refused one by nobody.
  [/^POST \/auth\/saml\//, 'system user anonymous', 'rest'],
  [/^POST \/auth\//, 'anonymous', 'rest'],
  [/^POST \/api\/service\/oauth-clients\/token$/, 'oauth_client', 'rest'],
  [/ \/api\/scim\//, 'scim_token', 'scim'],
]

/** Who, what, when and from where; nothing personal outside the column that can be erased. */
function expectWellFormed(event: Event, by: string): void {
  assert.ok(isEventName(event.type), event.type)
  const type = eventTypes[event.type]
  for (const part of ['data', 'personal'] as const) {
    const value: object = JSON.parse(event[part])
    assert.ok(Compile(type[part]).Check(value), `${event.type}.${part}: ${event[part]}`)
    assert.deepEqual(
      Object.keys(value).filter((key) => !(key in type[part].properties)),
      [],
      `${event.type}.${part} has keys that its type does not name`,
    )
  }
  assert.ok(!event.data.includes('@'), `${event.type}.data holds an address: ${event.data}`)
  assert.equal(event.category, type.category)
  assert.equal(event.subject_kind, type.subject)
  if (event.type !== 'sso.refused') assert.notEqual(event.subject_id, '')
  assert.equal(event.at, t.clock.now().getTime())
  assert.notEqual(event.request_id, '')
  const [, kind, door] = otherActors.find(([pattern]) => pattern.test(by)) ?? [by, 'api_token', 'rest']
  assert.ok(kind.split(' ').includes(event.actor_kind), `${by}: ${event.actor_kind}`)
  assert.equal(event.door, door, by)
  if (kind !== 'system') assert.equal(event.tenant_id, t.acme.id)
}
