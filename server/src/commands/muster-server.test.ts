import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { sendRequest } from '../../test/test-client.ts'
import { makeHome, runCommand, startServer, type Ended, type Home, type RunningServer } from './testdata/processes.ts'

/** One server and one folder for all of them: commands run beside it. */
let home: Home
let server: RunningServer
const token = `mst_${'k'.repeat(43)}`

before(async () => {
  home = await makeHome()
  server = await startServer(home, { MUSTER_BOOTSTRAP_TOKEN: token })
})

after(async () => {
  await server[Symbol.asyncDispose]()
  await home[Symbol.asyncDispose]()
})

function muster(...args: readonly string[]): Promise<Ended> {
  return runCommand(home, args)
}

function whoami(secret: string, host = 'acme.localhost') {
  return sendRequest(server.port, new Agent(), 'GET', '/api/service/whoami', { token: secret, host })
}

function assertEnded({ code, stderr }: Ended, expected: number, what: string): void {
  assert.equal(code, expected, `${what}: ${stderr}`)
}

test('with --json standard output is one JSON value and nothing else; without it, lines for people', async () => {
  const [atEnd, inFront, lines, migrations] = await Promise.all([
    muster('tenants', 'list', '--json'),
    muster('--json', 'tenants', 'list'),
    muster('tenants', 'list'),
    muster('db', 'status', '--json'),
  ])
  for (const ended of [atEnd, inFront, lines, migrations]) {
    assertEnded(ended, 0, ended.stdout)
    assert.equal(ended.stderr, '')
  }
  const [tenant] = JSON.parse(atEnd.stdout)
  assert.deepEqual([tenant.slug, tenant.plan, tenant.state], ['acme', 'enterprise', 'active'])
  assert.equal(inFront.stdout, atEnd.stdout)
  assert.equal(lines.stdout, 'acme\tenterprise\tactive\tacme\n')
  const names: string[] = JSON.parse(migrations.stdout).map((migration: { name: string }) => migration.name)
  assert.ok(names.length > 0 && JSON.stringify(names) === JSON.stringify(names.toSorted()))
  assert.ok(
    JSON.parse(migrations.stdout).every((migration: { executedAt: string | null }) => migration.executedAt !== null),
  )
})

test('a tenant made beside the running server is served at once, and its first admin signs up by the printed link', async () => {
  const made = await muster(
    'tenants',
    'create',
    'second',
    '--name',
    'Second & Sons',
    '--plan',
    'standard',
    '--admin',
    'boss@example.org',
    '--json',
  )
  assertEnded(made, 0, 'create')
  const { slug, name, plan, adminLink } = JSON.parse(made.stdout)
  assert.deepEqual([slug, name, plan], ['second', 'Second & Sons', 'standard'])
  assert.match(adminLink, /^http:\/\/second\.localhost(:\d+)?\/auth\/accept-invite\?token=minv_[A-Za-z0-9_-]{43}$/)
  const body = { token: new URL(adminLink).searchParams.get('token'), password: 'correct horse battery staple' }
  const accepted = await sendRequest(server.port, new Agent(), 'POST', '/auth/accept-invite', {
    host: 'second.localhost',
    body,
  })
  assert.equal(accepted.json.email, 'boss@example.org')

  const [personal, service] = await Promise.all([
    muster('tokens', 'issue', '--tenant', 'second', '--owner', 'BOSS@example.org', '--expires-in', '3600'),
    muster(
      'tokens',
      'issue',
      '--tenant',
      'second',
      '--role',
      '$guest',
      '--name',
      'probe',
      '--allow',
      'sign-in-settings',
      '--json',
    ),
  ])
  assertEnded(personal, 0, 'personal')
  assert.match(personal.stdout, /^mst_[A-Za-z0-9_-]{43}\n$/, 'the secret alone, ready for a pipe')
  assert.equal((await whoami(personal.stdout.trim(), 'second.localhost')).json.workspaceRole, '$admin')
  assert.equal((await whoami(personal.stdout.trim())).status, 401, 'of its own tenant only')
  assertEnded(service, 0, 'service')
  const issued = JSON.parse(service.stdout)
  assert.equal(issued.tenant, 'second')
  assert.equal((await whoami(issued.token, 'second.localhost')).json.workspaceRole, '$guest')
})

test('a token for somebody who cannot use it yet is issued, and standard error says what it waits for', async () => {
  const issued = await muster('tokens', 'issue', '--owner', 'admin@example.com')
  assertEnded(issued, 0, 'issue')
  assert.match(issued.stdout, /^mst_[A-Za-z0-9_-]{43}\n$/)
  assert.equal((await whoami(issued.stdout.trim())).status, 401)
  assert.match(issued.stderr, /^muster-server: admin@example\.com [^\n]*invitation[^\n]*401[^\n]*\.\n$/)
})

test('what a rule of the product refuses ends with 3, wrong use with 2; both say why on standard error only', async () => {
  const refused: readonly (readonly string[])[] = [
    ['tenants', 'create', 'acme', '--admin', 'a@example.com'],
    ['tokens', 'issue', '--owner', 'nobody@example.com'],
    ['users', 'reset-link', 'nobody@example.com'],
    // Who has not accepted yet has an invitation for that.
    ['users', 'reset-link', 'admin@example.com'],
  ]
  const wrong: readonly (readonly string[])[] = [
    ['nonsense'],
    ['tenants', 'create', 'third'],
    ['tenants', 'create', 'Bad_Slug', '--admin', 'a@example.com'],
    ['tenants', 'create', 'third', '--admin', 'no address'],
    ['tenants', 'create', 'third', '--admin', 'a@example.com', '--plan', 'free'],
    ['tenants', 'set-plan', 'nobody', 'standard'],
    ['tokens', 'issue', '--role', 'Admin'],
    ['tokens', 'issue', '--expires-in', '1e3'],
    ['tokens', 'issue', '--expires-in', '0'],
    ['tokens', 'issue', '--owner', 'admin', '--allow', 'sign-in-settings'],
    ['tokens', 'issue', '--nonsense'],
    ['users', 'reset-link'],
  ]
  const ends = await inTurns([...refused, ...wrong])
  for (const [index, ended] of ends.entries()) {
    const args = [...refused, ...wrong][index]?.join(' ') ?? ''
    assertEnded(ended, index < refused.length ? 3 : 2, args)
    assert.equal(ended.stdout, '', args)
    assert.notEqual(ended.stderr, '', args)
    assert.ok(!/\n {4}at /.test(ended.stderr), `${args} prints no stack`)
  }
  const { stdout } = await muster('tenants', 'list')
  assert.ok(!stdout.includes('third') && !stdout.includes('Bad_Slug'), 'nothing of it was made')
})

test('help and version are data and end with 0; a setting that cannot be used, or a database that is not there, ends with 1', async () => {
  await using noHome = await makeHome()
  const file = join(noHome.folder, 'a-file')
  writeFileSync(file, '')
  const noFolder = { MUSTER_DATA_DIR: join(file, 'data') }
  const [help, version, unknown, gone, nowhere] = await Promise.all([
    muster('tenants', '--help'),
    muster('--version'),
    runCommand(home, ['tenants', 'list'], { MUSTER_DATADIR: '/tmp' }),
    runCommand({ env: {} }, ['tenants', 'list'], { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' }),
    runCommand({ env: {} }, ['tenants', 'list'], noFolder),
  ])
  assertEnded(help, 0, 'help')
  assert.match(help.stdout, /create[\s\S]*list[\s\S]*set-plan[\s\S]*disable/)
  assertEnded(version, 0, 'version')
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
  assertEnded(unknown, 1, 'unknown setting')
  assert.match(unknown.stderr, /^muster-server: MUSTER_DATADIR[^\n]*\n$/)
  for (const [ended, setting] of [
    [gone, 'DATABASE_URL'],
    [nowhere, 'MUSTER_DATA_DIR'],
  ] as const) {
    assertEnded(ended, 1, 'no database')
    assert.equal(ended.stdout, '')
    assert.match(ended.stderr, new RegExp(`^muster-server: [^\\n]*${setting}[^\\n]*\\.\\n$`), 'one sentence')
  }
})

test('a plan is changed and a tenant switched off while the server runs; on an empty folder the schema is made first', async () => {
  await using fresh = await makeHome()
  const migrated = await runCommand(fresh, ['db', 'migrate', '--json'])
  assertEnded(migrated, 0, 'migrate')
  assert.ok(Array.isArray(JSON.parse(migrated.stdout).applied))
  assertEnded(await muster('tenants', 'create', 'short-lived', '--admin', 'a@example.com'), 0, 'create')
  assertEnded(await muster('tenants', 'set-plan', 'short-lived', 'standard'), 0, 'set-plan')
  assert.equal((await whoami('mst_x', 'short-lived.localhost')).status, 401)
  assertEnded(await muster('tenants', 'disable', 'short-lived'), 0, 'disable')
  const { stdout } = await muster('tenants', 'list', '--json')
  const tenant = JSON.parse(stdout).find((candidate: { slug: string }) => candidate.slug === 'short-lived')
  assert.deepEqual([tenant.plan, tenant.state], ['standard', 'disabled'])
  // The server may keep a tenant for a second; the commands above took longer than that, or it is asked until then.
  const end = Date.now() + 1_500
  while ((await whoami('mst_x', 'short-lived.localhost')).status !== 421) assert.ok(Date.now() < end)
})

/** A few processes at a time: more only wait for each other. */
async function inTurns(commands: readonly (readonly string[])[]): Promise<Ended[]> {
  const ends: Ended[] = []
  for (let start = 0; start < commands.length; start += 4)
    ends.push(...(await Promise.all(commands.slice(start, start + 4).map((args) => muster(...args)))))
  return ends
}
