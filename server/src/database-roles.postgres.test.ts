import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { sql } from 'kysely'
import { sendRequest } from '../test/test-client.ts'
import { makeHome, openHome, runCommand, runServer, startServer, type Home } from './commands/testdata/processes.ts'

const token = `mst_${'r'.repeat(43)}`

/** The settings of a home without the owner of its database. */
function asServerAlone({ env }: Home): Readonly<Record<string, string>> {
  const { DATABASE_OWNER_URL: _owner, ...others } = env
  return others
}

async function forget(home: Home): Promise<void> {
  const db = openHome(home)
  try {
    await sql`drop schema public cascade`.execute(db)
    await sql`create schema public`.execute(db)
  } finally {
    await db.engine.close()
  }
}

test('a server whose role owns the tables, or whose schema nobody may bring up to date, ends with 78 and says what to do (V-T5)', async () => {
  await using home = await makeHome()
  await using empty = await makeHome()
  await forget(empty)
  const ownerUrl = home.env['DATABASE_OWNER_URL'] ?? ''
  const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ ...home.env, DATABASE_URL: ownerUrl }, /DATABASE_URL names the role muster, which owns the tables/],
    [{ ...asServerAlone(home), DATABASE_URL: ownerUrl }, /DATABASE_URL names the role muster, which owns the tables/],
    [asServerAlone(empty), /schema of the database is not up to date.*DATABASE_OWNER_URL/],
    [{ ...empty.env, DATABASE_OWNER_URL: ownerUrl }, /DATABASE_URL and DATABASE_OWNER_URL lead to two databases/],
  ]
  for (const [env, pattern] of cases) {
    const { code, stdout, stderr } = await runServer(env)
    assert.equal(code, 78, stderr)
    assert.match(stderr, pattern)
    assert.match(stderr, /^muster: [^\n]+\n$/, 'one sentence')
    assert.equal(stdout, '')
    assert.ok(!stderr.includes(new URL(ownerUrl).password), 'no password')
  }
})

test('the first start with the owner makes the schema; later ones, and other commands, do without the owner', async () => {
  await using home = await makeHome()
  await forget(home)
  {
    await using first = await startServer(home, { MUSTER_BOOTSTRAP_TOKEN: token })
    first.kill('SIGTERM')
    await first.ended
  }
  const alone = { env: asServerAlone(home) }
  await using server = await startServer(alone)
  const agent = new Agent({ keepAlive: false })
  const { status, json } = await sendRequest(server.port, agent, 'GET', '/api/service/users?limit=5', { token })
  assert.equal(status, 200)
  assert.equal(json.totalRecord, 1)
  const listed = await runCommand(alone, ['tenants', 'list'])
  assert.equal(listed.code, 0, listed.stderr)
  assert.match(listed.stdout, /^acme\tenterprise/)
  assert.equal((await runCommand(alone, ['audit', 'verify'])).code, 0)
  for (const args of [
    ['db', 'migrate'],
    ['backup', join(home.folder, 'all.backup')],
  ]) {
    const refused = await runCommand(alone, args)
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /^muster-server: DATABASE_OWNER_URL is not set[^\n]*docs\/postgresql\.md\.\n$/)
  }
  // As the server's own role every table would look empty, and the backup whole.
  const blind = await runCommand(home, ['backup', join(home.folder, 'all.backup')], {
    DATABASE_OWNER_URL: home.env['DATABASE_URL'] ?? '',
  })
  assert.equal(blind.code, 1)
  assert.match(
    blind.stderr,
    /DATABASE_OWNER_URL names the role muster_server, which does not see all rows of access_tokens/,
  )
  assert.equal((await runCommand(home, ['backup', join(home.folder, 'all.backup')])).code, 0)
})
