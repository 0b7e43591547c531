import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { listOperations, type ContractPage, type Operation } from './contract-page.ts'
import { scenarios } from './event-scenarios.ts'
import { startTestApp, type TestApp } from './start-test-app.ts'
import type { Answer } from './test-client.ts'

/** As newSecret makes them, whatever their prefix; what proves a domain is there for everybody to read. */
const secret = /\bm(?!dom_)[a-z]*_[A-Za-z0-9_-]{43}/g

/** The last characters of a secret, by which people tell tokens apart; a redrawn one has others. */
const hint = /\bm[a-z]*_…[A-Za-z0-9_-]{4}/g

/** With the cookie of a browser, which no scenario of events has; sessions/sessions.test.ts repeats it. */
const repeatedElsewhere = new Set(['POST /auth/session/token'])

/** The header is for programs: forms of people and SCIM, which repeats by its own rules, are not in the page. */
const contract: ContractPage = JSON.parse(readFileSync(path.join(import.meta.dirname, '../../openapi.json'), 'utf8'))
const declared = new Set(
  listOperations(contract)
    .filter(({ method }) => method === 'POST' || method === 'PUT')
    .map(({ name }) => name),
)

let t: TestApp
let operations: readonly Operation[]
const repeated = new Set<string>()

before(async () => {
  t = await startTestApp()
  const page: ContractPage = JSON.parse(JSON.stringify(t.http.swagger()))
  operations = listOperations(page).filter(({ method }) => method === 'POST' || method === 'PUT')
})

after(async () => {
  console.log(`repeats: ${repeated.size} operations repeated under a key`)
  await t[Symbol.asyncDispose]()
})

for (const [index, { by, what, arrange, leaves }] of scenarios.entries()) {
  if (!declared.has(by)) continue
  test(`${by}, ${what}: is done once under one key, and its stored answer holds no secret`, async () => {
    const act = await arrange(t)
    const send = () => act({ headers: { 'idempotency-key': `coverage-${index}` } }) as Promise<Answer> // all that begin so are requests
    const known = new Set(await eventIds())
    const first = await send()
    assert.ok(first.status < 300, first.text)
    const done = await eventIds()
    assert.equal(done.filter((id) => !known.has(id)).length, leaves.length)
    const again = await send()
    assert.equal(again.headers['idempotent-replayed'], 'true', 'the first answer was not kept')
    assert.deepEqual([again.status, withoutSecrets(again.text)], [first.status, withoutSecrets(first.text)])
    assert.equal(again.headers.etag, first.headers.etag)
    if (withoutSecrets(first.text) === first.text) assert.deepEqual(await eventIds(), done)
    const stored = await t.db.selectFrom('idempotency_keys').selectAll().execute()
    assert.equal(JSON.stringify(stored).match(secret), null)
    repeated.add(by)
  })
}

test('every POST and every PUT was repeated here, and names the header and its refusals in the contract', () => {
  assert.ok(operations.length > 0)
  assert.deepEqual(
    operations.filter(({ name }) => !repeated.has(name) && !repeatedElsewhere.has(name)).map(({ name }) => name),
    [],
  )
  for (const { name, spec } of operations) {
    const header = spec.parameters?.find(
      (parameter) => parameter.in === 'header' && parameter.name === 'Idempotency-Key',
    )
    assert.equal(header?.required ?? false, false, name)
    assert.match(header?.description ?? '', /24 hours/, name)
    assert.ok('422' in spec.responses && '409' in spec.responses, name)
  }
})

test('every operation that makes something new names the header under which official clients repeat it, and no other does', () => {
  const names = (among: readonly Operation[]) => among.map(({ name }) => name)
  const creates = operations.filter(({ spec }) => /^(create|invite)[A-Z]/.test(spec.operationId))
  assert.ok(creates.length >= 5)
  const naming = operations.filter(
    ({ spec }) => spec.parameters?.some((parameter) => parameter.name === 'X-Atlan-Request-Id') === true,
  )
  assert.deepEqual(names(naming), names(creates))
})

function withoutSecrets(text: string): string {
  return text.replaceAll(secret, '<secret>').replaceAll(hint, '<hint>')
}

async function eventIds(): Promise<string[]> {
  return (await t.db.selectFrom('events').select('id').orderBy('id').execute()).map(({ id }) => id)
}
