import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { pino } from 'pino'
import { withMigrationHandle } from '../src/db/open.ts'
import { scenarios } from './event-scenarios.ts'
import { readTables } from './schema-facts.ts'
import { password, startTestApp, type TestApp } from './start-test-app.ts'
import type { Answer } from './test-client.ts'

/** API tokens, access tokens, secrets of OAuth clients, tokens of invitations. */
const secretForm = /\bm(?:st|oat|ocs|inv)_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/g
const idempotencyKey = `canary-${'k'.repeat(43)}`

const lines: string[] = []
const asked: { readonly place: string; readonly answer: Answer }[] = []
let t: TestApp

before(async () => {
  t = await startTestApp({ log: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }) })
  t.onAnswer((method, path, answer) => asked.push({ place: `${method} ${path}`, answer }))
  for (const scenario of scenarios) {
    const act = await scenario.arrange(t)
    await act()
    await act().catch(() => {})
  }
  const person = await t.addUser('canary', '$admin')
  const { json } = await t.post('/api/service/apikeys', { displayName: 'canary' }, { token: person.token })
  await t.get('/api/service/users?limit=100&maxLoginEvents=100', { token: json.attributes.accessToken })
  for (const path of ['/api/service/apikeys?limit=100', '/api/service/events/main?max=1000', '/api/muster/invitations'])
    await t.get(path)
  const keyed = { headers: { 'idempotency-key': idempotencyKey } }
  for (let time = 0; time < 2; time += 1) {
    await t.post('/api/service/apikeys', { displayName: 'keyed canary' }, keyed)
    await t.post(
      '/api/service/oauth-clients',
      { displayName: 'keyed canary', role: '$admin' },
      {
        headers: { 'idempotency-key': `${idempotencyKey}-2` },
      },
    )
  }
  await exchangeBadly()
  await t.get(`/api/service/whoami?token=${person.token}`, { token: `${person.token}x` })
  await t.post('/auth/accept-invite', { token: `minv_${'x'.repeat(43)}`, password }, { token: null })
})

after(() => t[Symbol.asyncDispose]())

/** A client's secret where it is right, where it is not, and an access token at the wrong door. */
async function exchangeBadly(): Promise<void> {
  const { clientId, secret: clientSecret } = await t.addOAuthClient('$admin')
  const exchange = '/api/service/oauth-clients/token'
  const { json } = await t.post(exchange, { clientId, clientSecret }, { token: null })
  await t.get('/api/service/users?limit=1', { token: json.accessToken })
  await t.post(exchange, { clientId: 'oauth-client-x', clientSecret }, { token: null })
  await t.post(exchange, { clientId: [clientSecret], clientSecret }, { token: null })
  await t.get(`${exchange}?clientSecret=${clientSecret}`, { token: clientSecret })
}

/** Whatever was shown once as a secret. */
function secrets(): string[] {
  return [...new Set(asked.flatMap(({ answer }) => answer.text.match(secretForm) ?? []))]
}

test('a secret is in the one answer that issued it, and in no other (V-K7)', () => {
  const all = secrets()
  console.log(`leaks: ${all.length} secrets looked for in ${asked.length} answers and ${lines.length} lines of the log`)
  for (const prefix of ['mst_', 'moat_', 'mocs_', 'minv_'])
    assert.ok(
      all.some((secret) => secret.startsWith(prefix)),
      prefix,
    )
  // A link waits in the outbox until its mail is sent; admins see it there (mail/outbox.test.ts).
  const answers = asked.filter(({ place }) => !place.includes('/api/muster/outbox'))
  for (const secret of all) {
    const places = answers.filter(({ answer }) => answer.text.includes(secret)).map(({ place }) => place)
    assert.ok(places.length <= 1, places.join(', '))
  }
  const said = answers.filter(({ answer }) => answer.text.includes(password)).map(({ place }) => place)
  assert.deepEqual(said, [], 'a password was said back')
})

test('no secret and no password is in the log at any level, in the metrics, or in a mail it is not for (V-K7)', async () => {
  assert.ok(lines.some((line) => line.includes('/auth/accept-invite')))
  const log = lines.join('\n')
  const metrics = (await t.get('/metrics', { token: null })).text
  while ((await t.deliverOutbox()) > 0) assert.ok(t.mails.length < 10_000)
  for (const secret of [...secrets(), password, idempotencyKey, t.acme.token, t.other.token]) {
    assert.ok(!log.includes(secret), 'a secret is in the log')
    assert.ok(!metrics.includes(secret), 'a secret is in the metrics')
  }
  assert.ok(t.mails.length > 5)
  for (const { text, html, subject } of t.mails) {
    const mail = `${subject}\n${text}\n${html}`
    assert.ok(!mail.includes(password) && !/m(st|oat|ocs)_/.test(mail))
    assert.ok(new Set(mail.match(secretForm)).size <= 1, 'its own link, or none in a notice')
  }
})

test('in the database secrets are hashes, and nothing of a mail that was sent or an event tells one (V-K7)', async () => {
  while ((await t.deliverOutbox()) > 0) assert.ok(t.mails.length < 10_000)
  const tables = await withMigrationHandle(t.location, readTables)
  const searched = [...secrets(), password, idempotencyKey, t.acme.token, t.other.token]
  let rowsRead = 0
  for (const { name } of tables) {
    const { rows } = await sql<object>`select * from ${sql.table(name)}`.execute(t.db)
    const texts = rows.map((row) => JSON.stringify(row))
    rowsRead += rows.length
    for (const secret of searched)
      assert.deepEqual(
        texts.filter((text) => text.includes(secret)),
        [],
        name,
      )
  }
  assert.ok(rowsRead > 100)
})
