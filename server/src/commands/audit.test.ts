import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Db } from '../db/db.ts'
import { sendRequest, type Answer } from '../../test/test-client.ts'
import { usesPostgres } from '../../test/test-database.ts'
import {
  makeHome,
  openHome,
  runCommand,
  runServer,
  startServer,
  type Ended,
  type Home,
  type RunningServer,
} from './testdata/processes.ts'

const token = `mst_${'k'.repeat(43)}`
const secretKey = 'a secret that all nodes share, long enough'
const agent = new Agent({ keepAlive: true })

let home: Home
let server: RunningServer

before(async () => {
  const made = await makeHome()
  home = { ...made, env: { ...made.env, ...(usesPostgres ? { MUSTER_SECRET_KEY: secretKey } : {}) } }
  server = await startServer(home, { MUSTER_BOOTSTRAP_TOKEN: token })
})

after(async () => {
  agent.destroy()
  await server[Symbol.asyncDispose]()
  await home[Symbol.asyncDispose]()
})

function send(method: string, path: string, body?: unknown): Promise<Answer> {
  return sendRequest(server.port, agent, method, path, { token, ...(body === undefined ? {} : { body }) })
}

function muster(...args: readonly string[]): Promise<Ended> {
  return runCommand(home, args)
}

function assertEnded({ code, stderr, stdout }: Ended, expected: number): void {
  assert.equal(code, expected, `${stderr}${stdout}`)
  assert.ok(!/\n {4}at /.test(stderr), `no stack: ${stderr}`)
}

async function untilSealed(): Promise<void> {
  while (!(await send('GET', '/metrics')).text.includes('muster_events_unsealed 0')) await new Promise(setImmediate)
}

/** Changes the database behind everybody's back. */
async function tamper(change: (db: Db) => Promise<unknown>): Promise<void> {
  const db = openHome(home)
  try {
    await change(db)
  } finally {
    await db.engine.close()
  }
}

test('the running server seals within a second; verify says so of every tenant, for people and for programs', async () => {
  await send('POST', '/api/service/users', { emails: ['sealed@example.com'] })
  const from = Date.now()
  await untilSealed()
  // A loaded machine may be slow; the server itself looks twice a second.
  assert.ok(Date.now() - from < 10_000)
  assertEnded(await muster('tenants', 'create', 'second', '--admin', 'a@example.com'), 0)
  await untilSealed()
  const [lines, json] = await Promise.all([muster('audit', 'verify'), muster('audit', 'verify', '--json')])
  assertEnded(lines, 0)
  assert.match(lines.stdout, /^acme\tok\t\d+ events, 0 not sealed yet, 1 checkpoints\nsecond\tok\t[^\n]+\n$/)
  const { ok, tenants } = JSON.parse(json.stdout)
  assert.ok(ok && tenants.length === 2 && tenants[0].events > 3)
  assertEnded(await muster('audit', 'verify', '--tenant', 'nobody'), 2)
})

test('checkpoints come from the command, the API and the log of the server; a log that was cut is found by any', async () => {
  await untilSealed()
  const byCommand = await muster('audit', 'checkpoint', '--tenant', 'acme')
  assertEnded(byCommand, 0)
  const byApi = await send('GET', '/api/muster/audit/checkpoint')
  const exported = await send('GET', '/api/muster/audit/export')
  const files = Object.entries({
    command: byCommand.stdout,
    api: JSON.stringify(byApi.json, null, 2),
    export: exported.text,
    log: server.output.stdout,
  }).map(([name, text]) => {
    const file = join(home.folder, `${name}.checkpoint`)
    writeFileSync(file, text)
    return file
  })
  assert.match(server.output.stdout, /"msg":"audit checkpoint"/)
  for (const file of files) assertEnded(await muster('audit', 'verify', '--checkpoint', file), 0)
  const nothing = join(home.folder, 'nothing')
  writeFileSync(nothing, '{"hello":1}\n')
  assertEnded(await muster('audit', 'verify', '--checkpoint', nothing), 2)
  assertEnded(await muster('audit', 'verify', '--checkpoint', join(home.folder, 'missing')), 2)
  // Another installation's key is nobody's here.
  await using elsewhere = await makeHome()
  const foreign = await runCommand(elsewhere, ['audit', 'verify', '--checkpoint', files[0] ?? ''], {
    MUSTER_SECRET_KEY: 'another secret, which signs otherwise',
  })
  assertEnded(foreign, 3)
  assert.match(foreign.stdout, /MISSING/)
})

test('an export goes to standard output or into a new file for its owner alone, and is verified without a database', async () => {
  const file = join(home.folder, 'log.ndjson')
  assertEnded(await muster('audit', 'export', '--tenant', 'acme', '--output', file), 0)
  if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600)
  assertEnded(await muster('audit', 'export', '--tenant', 'acme', '--output', file), 3)
  const printed = await muster('audit', 'export', '--tenant', 'acme', '--from-seq', '2', '--to-seq', '4')
  assertEnded(printed, 0)
  assert.equal(printed.stdout.trimEnd().split('\n').length, 4)
  assertEnded(await muster('audit', 'export', '--tenant', 'acme', '--from', 'yesterday'), 2)

  const verified = await muster('audit', 'verify', '--export', file, '--json')
  assertEnded(verified, 0)
  assert.ok(JSON.parse(verified.stdout).events > 3)
  const key = join(home.folder, 'key.pem')
  writeFileSync(key, (await send('GET', '/api/muster/audit/key')).json.pem)
  await using auditor = await makeHome()
  const other = { MUSTER_SECRET_KEY: 'a third secret, which signs otherwise' }
  assertEnded(await runCommand(auditor, ['audit', 'verify', '--export', file, '--key', key], other), 0)
  assertEnded(await runCommand(auditor, ['audit', 'verify', '--export', file], other), 3)
  writeFileSync(file, readFileSync(file, 'utf8').replace('user.created', 'user.deleted'))
  const changed = await muster('audit', 'verify', '--export', file)
  assertEnded(changed, 3)
  assert.match(changed.stdout, /is not what was sealed/)
})

test('a deleted user’s personal data are erased by name, with the server running, and the chain still holds', async () => {
  const { json } = await send('POST', '/api/service/users', { emails: ['leaving@example.com'] })
  const id = json.createdUsers['leaving@example.com']
  const refused = await muster('audit', 'erase', '--tenant', 'acme', '--user', id)
  assertEnded(refused, 3)
  assert.match(refused.stderr, /Delete the user first/)
  await send('POST', `/api/service/users/${id}/delete`)
  const erased = await muster('audit', 'erase', '--tenant', 'acme', '--user', 'leaving@example.com', '--json')
  assertEnded(erased, 0)
  const outcome = JSON.parse(erased.stdout)
  assert.ok(outcome.userId === id && outcome.parts > 0)
  assertEnded(await muster('audit', 'erase', '--tenant', 'acme', '--user', 'leaving@example.com'), 3)
  assert.match((await muster('audit', 'erase', '--tenant', 'acme', '--user', id)).stdout, /Nothing personal was left/)
  assertEnded(await muster('audit', 'verify'), 0)
  assert.ok(!(await send('GET', '/api/muster/audit/export')).text.includes('leaving@example.com'))
})

test('without a secret key SQLite makes one at the first start; on PostgreSQL server and commands say what to set', async () => {
  await using made = await makeHome()
  const { MUSTER_SECRET_KEY: _, ...env } = made.env
  const fresh = { folder: made.folder, env }
  const file = join(fresh.folder, 'data', 'secret.key')
  const exporting = () => runCommand(fresh, ['audit', 'export', '--tenant', 'acme'])
  if (usesPostgres) {
    const refused = await runServer(env)
    assert.equal(refused.code, 78)
    await using running = await startServer(made, { MUSTER_BOOTSTRAP_TOKEN: token })
    assert.ok(running.port > 0)
    const exported = await exporting()
    assertEnded(exported, 3)
    for (const { stderr } of [refused, exported]) assert.match(stderr, /MUSTER_SECRET_KEY/)
    assert.ok(!existsSync(file))
    return
  }
  await using running = await startServer(fresh, { MUSTER_BOOTSTRAP_TOKEN: token })
  const { status, json } = await sendRequest(running.port, agent, 'GET', '/api/muster/audit/key', { token })
  const exported = await exporting()
  assert.equal(status, 200)
  assertEnded(exported, 0)
  assert.ok(exported.stdout.includes(`"publicKey":"${json.publicKey}"`), 'commands and server sign with one key')
  assert.match(readFileSync(file, 'utf8'), /^[A-Za-z0-9_-]{43}\n$/)
})

test('what was changed behind the server’s back is found, with its place', async () => {
  await untilSealed()
  await tamper((db) =>
    db.engine.transact((trx) =>
      trx
        .updateTable('events')
        .set({ request_id: 'forged' })
        .where('seq', '=', 2)
        .where('type', 'like', 'u%')
        .execute(),
    ),
  )
  const ended = await muster('audit', 'verify', '--json')
  assertEnded(ended, 3)
  const [acme] = JSON.parse(ended.stdout).tenants
  assert.deepEqual([acme.tenant, acme.ok, acme.problems[0].kind, acme.problems[0].seq], ['acme', false, 'changed', 2])
  assert.match((await muster('audit', 'verify')).stdout, /^acme\tproblem\tevent 2 is not what was sealed$/m)
})
