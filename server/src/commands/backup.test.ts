import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { sendRequest, type Answer } from '../../test/test-client.ts'
import { usesPostgres } from '../../test/test-database.ts'
import { BackupError } from '../backup/backup.schema.ts'
import { restoreBackup, verifyBackup } from '../backup/backup.service.ts'
import {
  makeHome,
  placeOf,
  runCommand,
  startServer,
  type Ended,
  type Home,
  type RunningServer,
} from './testdata/processes.ts'

const token = `mst_${'k'.repeat(43)}`
const bootstrap = { MUSTER_BOOTSTRAP_TOKEN: token, LOG_LEVEL: 'silent' }
/** Each kind of database can be filled from a backup of either, where both are there to be tried. */
const targets = usesPostgres ? [true, false] : [false]

let home: Home
let server: RunningServer
/** Of a quiet server with a little of everything. */
let backup: string
const agent = new Agent({ keepAlive: true })

before(async () => {
  home = await makeHome()
  server = await startServer(home, bootstrap)
  const invited = await send(server, 'POST', '/api/service/users', { emails: ['a@example.com', 'b@example.com'] })
  const [id] = Object.values<string>(invited.json.createdUsers)
  await send(server, 'POST', '/api/service/groups', { group: { name: 'group\u{1f600}"\\\n' }, users: [id] })
  await send(server, 'POST', '/api/service/groups', { group: { name: 'kept' }, users: [id] })
  await send(server, 'POST', `/api/service/users/${id}`, { firstName: 'Renamed' })
  while (!(await send(server, 'GET', '/metrics')).text.includes('muster_events_unsealed 0'))
    await new Promise(setImmediate)
  backup = join(home.folder, 'kept.backup')
  assertEnded(await runCommand(home, ['backup', backup]), 0)
})

after(async () => {
  agent.destroy()
  await server[Symbol.asyncDispose]()
  await home[Symbol.asyncDispose]()
})

function send(to: RunningServer, method: string, path: string, body?: unknown): Promise<Answer> {
  return sendRequest(to.port, agent, method, path, { token, ...(body === undefined ? {} : { body }) })
}

function assertEnded({ code, stderr, stdout }: Ended, expected: number): void {
  assert.equal(code, expected, `${stderr}${stdout}`)
  assert.ok(!/\n {4}at /.test(stderr), `no stack: ${stderr}`)
}

/** Everything lists show, in an order of its own. */
async function listings(from: RunningServer): Promise<unknown[]> {
  const paths = [
    'users?sort=username&limit=100',
    'groups?sort=name',
    'roles',
    'apikeys',
    'personas',
    'events/main?max=1000',
  ]
  const answers = await Promise.all(paths.map((path) => send(from, 'GET', `/api/service/${path}`)))
  for (const answer of answers) assert.equal(answer.status, 200, answer.text)
  return answers.map(({ json }) => json)
}

for (const onPostgres of targets) {
  test(`a backup restored elsewhere${onPostgres === usesPostgres ? '' : ', into the other kind of database,'} is the same directory, and tokens work`, async () => {
    await using elsewhere = await makeHome(onPostgres)
    const ended = await runCommand(elsewhere, ['restore', backup, '--json'])
    assertEnded(ended, 0)
    const { ok, audit, tables } = JSON.parse(ended.stdout)
    assert.ok(ok && audit.tenants[0].events + audit.tenants[0].unsealed === tables.events)
    await using restored = await startServer(elsewhere, { LOG_LEVEL: 'silent' })
    assert.deepEqual(await listings(restored), await listings(server))
    const invited = await send(restored, 'POST', '/api/service/users', { emails: ['later@example.com'] })
    assert.equal(Object.keys(invited.json.createdUsers).length, 1, 'and it goes on')
    const found = await send(
      restored,
      'GET',
      `/api/service/users?filter=${encodeURIComponent('{"email":{"$ilike":"%LATER%"}}')}`,
    )
    assert.equal(found.json.filterRecord, 1, 'search works')
    const old = await send(
      restored,
      'GET',
      `/api/service/users?filter=${encodeURIComponent('{"email":{"$ilike":"%b@exam%"}}')}`,
    )
    assert.equal(old.json.filterRecord, 1, 'for what was restored, too')
  })
}

test('a backup taken among writes holds one state: whatever was acknowledged before it, and nothing by half', async () => {
  await using busy = await makeHome()
  await using writing = await startServer(busy, bootstrap)
  const stop = new AbortController()
  const acknowledged: string[] = []
  const client = async (number: number): Promise<void> => {
    for (let round = 0; !stop.signal.aborted; round += 1) {
      const email = `writer${number}-${round}@example.com`
      const { status } = await send(writing, 'POST', '/api/service/users', { emails: [email] })
      assert.equal(status, 200)
      acknowledged.push(email)
    }
  }
  const clients = Array.from({ length: 8 }, (_, number) => client(number))
  while (acknowledged.length < 100) await new Promise(setImmediate)
  const before = [...acknowledged]
  const file = join(busy.folder, 'busy.backup')
  const made = await runCommand(busy, ['backup', file, '--json'])
  stop.abort()
  await Promise.all(clients)
  assertEnded(made, 0)
  assert.ok(acknowledged.length > before.length, 'writes went on')
  const { tables } = JSON.parse(made.stdout)
  assertEnded(await runCommand(busy, ['backup', 'verify', file]), 0)
  await using elsewhere = await makeHome()
  const restored = await runCommand(elsewhere, ['restore', file, '--json'])
  assertEnded(restored, 0)
  assert.deepEqual(JSON.parse(restored.stdout).tables, tables)
  await using again = await startServer(elsewhere, { LOG_LEVEL: 'silent' })
  const { json } = await send(again, 'GET', '/api/service/users?limit=1')
  assert.equal(json.totalRecord, tables.users, 'counters and rows agree')
  assert.equal(tables.invitations, tables.users, 'everybody was invited')
  for (let start = 0; start < before.length; start += 50) {
    const filter = encodeURIComponent(JSON.stringify({ email: { $in: before.slice(start, start + 50) } }))
    const found = await send(again, 'GET', `/api/service/users?limit=1&filter=${filter}`)
    assert.equal(found.json.filterRecord, Math.min(50, before.length - start))
  }
})

test('a backup is for its owner alone, overwrites nothing, and a failed one leaves nothing', async () => {
  if (process.platform !== 'win32') assert.equal(statSync(backup).mode & 0o777, 0o600)
  const untouched = readFileSync(backup)
  assertEnded(await runCommand(home, ['backup', backup]), 3)
  assert.ok(readFileSync(backup).equals(untouched))
  assertEnded(await runCommand(home, ['backup', join(home.folder, 'no-such-folder', 'x')]), 2)
  const nowhere = join(home.folder, 'never.backup')
  const env = usesPostgres
    ? { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' }
    : { MUSTER_DATA_DIR: join(home.folder, 'empty') }
  assertEnded(await runCommand({ env }, ['backup', nowhere]), 1)
  assert.ok(!existsSync(nowhere) && !existsSync(join(home.folder, 'empty')))
})

test('a database with anything in it is not restored into, and stays as it is', async () => {
  await using taken = await makeHome()
  assertEnded(await runCommand(taken, ['tenants', 'create', 'mine', '--admin', 'a@example.com']), 0)
  const ended = await runCommand(taken, ['restore', backup])
  assertEnded(ended, 3)
  assert.match(ended.stderr, /has rows in \w+ already/)
  const { stdout } = await runCommand(taken, ['tenants', 'list'])
  assert.match(stdout, /^mine\t[^\n]*\n$/)
})

/** Ways in which a file may not be what was written; all keep it a gzip file where that is not the point. */
const damages: readonly (readonly [string, (file: string) => void])[] = [
  ['cut off', (file) => truncateSync(file, statSync(file).size - 100)],
  ['another byte', (file) => change(file, (text) => text.replace('a@example.com', 'x@example.com'))],
  ['a row less', (file) => change(file, (text) => text.replace(/^\[.*\n/m, ''))],
  ['without its last line', (file) => change(file, (text) => text.slice(0, text.trimEnd().lastIndexOf('\n') + 1))],
  ['something behind', (file) => change(file, (text) => `${text}[1]\n`)],
  ['something else', (file) => writeFileSync(file, 'no backup at all')],
  ['of another program', (file) => writeFileSync(file, gzipSync('{"hello":"world"}\n'))],
  ['of a later format', (file) => change(file, (text) => text.replace('"format":1', '"format":2'))],
]

function change(file: string, how: (text: string) => string): void {
  const text = gunzipSync(readFileSync(file)).toString('utf8')
  const changed = how(text)
  assert.notEqual(changed, text)
  writeFileSync(file, gzipSync(changed))
}

test('a damaged backup is found out, and nothing of it is restored', async () => {
  await using elsewhere = await makeHome()
  const location = placeOf(elsewhere)
  const file = join(elsewhere.folder, 'damaged.backup')
  for (const [what, damage] of damages) {
    writeFileSync(file, readFileSync(backup))
    damage(file)
    await assert.rejects(
      verifyBackup(file, () => {}),
      BackupError,
      what,
    )
    await assert.rejects(
      restoreBackup(location, file, () => {}),
      BackupError,
      what,
    )
  }
  for (const args of [
    ['backup', 'verify', file],
    ['restore', file],
  ]) {
    const ended = await runCommand(elsewhere, args)
    assertEnded(ended, 3)
    assert.equal(ended.stdout, '')
  }
  assert.ok(!existsSync(join(elsewhere.folder, 'data', 'muster.db')))
  assert.equal((await runCommand(elsewhere, ['tenants', 'list'])).stdout, '')
})

test('a backup of a newer Muster is refused with what to do', async () => {
  await using elsewhere = await makeHome()
  const file = join(elsewhere.folder, 'newer.backup')
  writeFileSync(file, readFileSync(backup))
  change(file, (text) => text.replace('"migrations":[', '"migrations":["9999_of_the_future",'))
  const ended = await runCommand(elsewhere, ['restore', file])
  assertEnded(ended, 1)
  assert.match(ended.stderr, /newer Muster \(9999_of_the_future\)/)
})

/** As somebody would write them who knows the format. */
function withNewSums(text: string): string {
  const lines = text.trimEnd().split('\n')
  const end = JSON.parse(lines.pop() ?? '')
  let table = ''
  const rows = new Map<string, string[]>()
  for (const line of lines.slice(1)) {
    if (line.startsWith('{')) table = JSON.parse(line).table
    else rows.set(table, [...(rows.get(table) ?? []), `${line}\n`])
  }
  for (const [name, all] of rows) end.tables[name].sha256 = hash('sha256', all.join(''))
  return `${[...lines, JSON.stringify(end)].join('\n')}\n`
}

test('an audit chain that does not hold is restored all the same, and reported', async () => {
  await using elsewhere = await makeHome()
  const file = join(elsewhere.folder, 'tampered.backup')
  writeFileSync(file, readFileSync(backup))
  change(file, (text) => withNewSums(text.replace('"admin","api_token"', '"admin","api_tokem"')))
  const verified = await runCommand(elsewhere, ['backup', 'verify', file, '--json'])
  assertEnded(verified, 3)
  const [chain] = JSON.parse(verified.stdout).chains
  assert.match(chain.problems[0], /is not what was sealed/)
  const printed = (await runCommand(elsewhere, ['backup', 'verify', file])).stdout
  for (const start of [`${chain.tenantId}\tBROKEN\t`, `${chain.tenantId}\tproblem\t`])
    assert.ok(printed.includes(`\n${start}`), printed)
  const restored = await runCommand(elsewhere, ['restore', file, '--json'])
  assertEnded(restored, 3)
  assert.equal(JSON.parse(restored.stdout).ok, false)
  assert.match((await runCommand(elsewhere, ['tenants', 'list'])).stdout, /^acme\t/)
})
