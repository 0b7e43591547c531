import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { insertRequest } from './saml-requests.queries.ts'
import { startSso } from './testdata/sso-world.ts'

test('somebody in a thousand groups signs in: the answer of an IdP may be large', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const memberOf = Array.from({ length: 1_000 }, (_, at) => `group-${at}-${'x'.repeat(60)}`)
  const answer = await sso.signIn({ attributes: { email: ['many@example.com'], memberOf } })
  assert.deepEqual([answer.status, answer.headers.location], [303, '/'])
})

test('requests that nobody answers go, a hundred at a time, when somebody asks anew', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const countRequests = async () => (await t.db.selectFrom('saml_requests').select('id').execute()).length
  await sso.begin()
  const unanswered = await t.db.selectFrom('saml_requests').selectAll().executeTakeFirstOrThrow()
  await inTransaction(t.operator(), async (ctx) => {
    for (let count = 1; count < 120; count += 1) await insertRequest(ctx.db, { ...unanswered, id: `_${count}` })
  })
  t.clock.advance(10 * 60_000 - 1)
  await sso.begin()
  assert.equal(await countRequests(), 121)
  t.clock.advance(1)
  await sso.begin()
  assert.equal(await countRequests(), 22)
  await sso.begin()
  assert.equal(await countRequests(), 3)
})

test('whoever the IdP vouches for gets an account at the first sign-in, and the same one ever after', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const attributes = { email: ['new.person@example.com'], firstName: ['New'], lastName: ['Person'] }
  const first = await sso.signIn({ attributes })
  assert.deepEqual([first.status, first.headers.location], [303, '/'])
  assert.match(String(first.headers['set-cookie']), /^muster=mses_[^;]{43}; Path=\/; HttpOnly; SameSite=Lax$/)
  const { json } = await t.get('/api/service/users?filter={"email":"new.person@example.com"}')
  const [user] = json.records
  assert.deepEqual(
    [user.firstName, user.lastName, user.enabled, user.workspaceRole],
    ['New', 'Person', true, '$member'],
  )
  // The address and the names changed at the IdP: it is the same person, and names are taken over once.
  const again = await sso.signIn({ attributes: { email: ['other@example.com'], firstName: ['Changed'] } })
  assert.equal(again.status, 303)
  const after = await t.get('/api/service/users')
  assert.deepEqual(
    after.json.records.map((one: { email: string }) => one.email),
    ['new.person@example.com'],
  )
  assert.equal(after.json.records[0].firstName, 'New')
})
