import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { sendRequest, type Answer, type RequestOptions } from '../test/test-client.ts'
import { usesPostgres } from '../test/test-database.ts'
import {
  launchServer,
  makeHome,
  runServer,
  startServer,
  takePort,
  type Ended,
  type RunningServer,
} from './commands/testdata/processes.ts'
import { SmtpReceiver } from './mail/testdata/smtp-receiver.ts'

const closing = new Agent({ keepAlive: false })

function ask(server: RunningServer, path: string, options: RequestOptions = {}): Promise<Answer> {
  return sendRequest(server.port, closing, options.body === undefined ? 'GET' : 'POST', path, options)
}

/** Asks again and again until the answer is the one awaited. */
async function askUntil(
  server: RunningServer,
  path: string,
  options: RequestOptions,
  isAwaited: (answer: Answer) => boolean,
): Promise<Answer> {
  for (;;) {
    const answer = await ask(server, path, options)
    if (isAwaited(answer)) return answer
  }
}

function apiToken(server: RunningServer): string {
  return /API token, shown this once: +(mst_\S+)/.exec(server.output.stdout)?.[1] ?? ''
}

test('a server that must not start ends with 78 and one sentence that names the setting', async () => {
  await using home = await makeHome()
  const file = join(home.folder, 'a-file')
  writeFileSync(file, '')
  await using taken = await takePort()
  const cases: readonly Readonly<Record<string, string>>[] = [
    { MUSTER_DATADIR: '/tmp' },
    { HOST: '0.0.0.0', MUSTER_MODE: 'development' },
    { LOG_LEVEL: 'loud' },
    ...(usesPostgres ? [] : [{ MUSTER_DATA_DIR: join(file, 'data') }]),
    { ...home.env, PORT: String(taken.port) },
  ]
  const ends = await Promise.all(cases.map((env) => runServer(env)))
  for (const [index, { code, stdout, stderr }] of ends.entries()) {
    const env = cases[index] ?? {}
    const name = 'PORT' in env ? 'PORT' : (Object.keys(env)[0] ?? '')
    assert.equal(code, 78, `${name}: ${stderr}`)
    assert.match(stderr, new RegExp(`^muster: ${name}[^\n]*\\.\n$`))
    assert.equal(stdout, '', 'nothing is announced')
  }
})

test('without its database the server does not start: one sentence that says why, no password, and 1, so that a supervisor tries again', async () => {
  const { code, stdout, stderr } = await runServer({
    DATABASE_URL: 'postgres://muster:s3cret@127.0.0.1:1/muster',
    MUSTER_SECRET_KEY: randomBytes(32).toString('base64url'),
  })
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /^muster: [^\n]*DATABASE_URL[^\n]*ECONNREFUSED[^\n]*\.\n$/)
  assert.ok(!stderr.includes('s3cret'))
})

test('the first start that works shows link and token, even after one that failed on a port in use; later ones show neither', async () => {
  await using home = await makeHome()
  const data = join(home.folder, 'data')
  mkdirSync(data, { mode: 0o755 })
  writeFileSync(join(data, 'notes.txt'), 'mine')
  {
    await using taken = await takePort()
    assert.equal((await runServer({ ...home.env, PORT: String(taken.port) })).code, 78)
  }

  await using first = await startServer(home)
  const token = apiToken(first)
  const link = new URL(/sign up here: (\S+)/.exec(first.output.stdout)?.[1] ?? 'http://no.link')
  assert.equal((await ask(first, '/api/service/whoami', { token })).json.workspaceRole, '$admin')
  const body = { token: link.searchParams.get('token'), username: 'root', password: 'correct horse battery staple' }
  assert.equal((await ask(first, link.pathname, { body })).json.email, 'admin@example.com')
  first.kill('SIGTERM')
  assert.equal((await first.ended).code, 0)

  await using second = await startServer(home)
  assert.ok(!/mst_|minv_|sign up/.test(second.output.stdout), second.output.stdout)
  const { json } = await ask(second, '/api/service/users', { token })
  assert.deepEqual(
    json.records.map((user: { username: string; status: string }) => [user.username, user.status]),
    [['root', 'Enabled']],
  )
  if (!usesPostgres) assert.equal(statSync(data).mode & 0o777, 0o700, 'the folder is nobody else’s')
  assert.equal(statSync(join(data, 'notes.txt')).size, 4, 'and what was in it is still there')
})

test('a second server on the same folder is refused while the first one lives, and the first goes on', async () => {
  if (usesPostgres) return assertManyServers()
  await using home = await makeHome()
  await using first = await startServer(home)
  const second = await runServer(home.env)
  assert.equal(second.code, 78)
  assert.match(second.stderr, /MUSTER_DATA_DIR/)
  assert.equal((await ask(first, '/readyz')).status, 200)
  first.kill('SIGKILL')
  await first.ended
  await using third = await startServer(home)
  assert.equal((await ask(third, '/readyz')).status, 200, 'a killed server leaves no lock behind')
})

/** PostgreSQL is shared by design: two servers serve the same data. */
async function assertManyServers(): Promise<void> {
  await using home = await makeHome()
  await using first = await startServer(home)
  await using second = await startServer(home)
  assert.equal((await ask(second, '/api/service/whoami', { token: apiToken(first) })).status, 200)
}

test('SIGTERM drains: not ready but alive, every answer closes its connection, nothing fails, and the exit code is 0', async () => {
  await using home = await makeHome()
  await using server = await startServer(home, { MUSTER_DRAIN_MS: '5000' })
  const token = apiToken(server)
  const failures: string[] = []
  let answered = 0
  const underWay = Promise.withResolvers<void>()
  // Each client keeps its connection until it is told to close it; then its balancer sends it elsewhere.
  const clients = Array.from({ length: 40 }, async (_, client) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let round = 0; ; round += 1) {
      const body = { emails: [`user${client}-${round}@example.com`] }
      try {
        const answer = await sendRequest(server.port, agent, round % 3 === 0 ? 'POST' : 'GET', '/api/service/users', {
          token,
          ...(round % 3 === 0 ? { body } : {}),
        })
        answered += 1
        if (answered === 80) underWay.resolve()
        if (answer.status !== 200) failures.push(answer.text)
        if (answer.headers.connection === 'close') break
      } catch (error) {
        failures.push(String(error))
        break
      }
    }
    agent.destroy()
  })
  await underWay.promise
  server.kill('SIGTERM')
  const ready = await askUntil(server, '/readyz', {}, ({ status }) => status !== 200)
  assert.deepEqual([ready.status, (await ask(server, '/healthz')).status], [503, 200])
  assert.equal(ready.headers['retry-after'], '2')
  await Promise.all(clients)
  const { code, signal, stderr } = await server.ended
  assert.deepEqual([code, signal, stderr], [0, null, ''])
  assert.deepEqual(failures, [])
})

test('SIGINT stops as SIGTERM does; the same signal twice in a moment is one, a later one ends the process at once', async () => {
  await using home = await makeHome()
  await using server = await startServer(home, { MUSTER_DRAIN_MS: '20000' })
  server.kill('SIGINT')
  server.kill('SIGTERM')
  await askUntil(server, '/readyz', {}, ({ status }) => status === 503)
  assert.equal((await ask(server, '/healthz')).status, 200, 'two at once are one')
  const answerOrNothing = () =>
    ask(server, '/healthz').then(
      () => null,
      () => null,
    )
  let end: Ended | null = null
  while (end === null) {
    server.kill('SIGINT')
    end = await Promise.race([server.ended, answerOrNothing()])
  }
  assert.equal(end.code, 1, 'long before 20 s are over')
})

test('mails that were held go out after a start with a mail server; no secret stands in the log at any level (V-K7)', async () => {
  await using home = await makeHome()
  await using receiver = await SmtpReceiver.start()
  let token = ''
  {
    await using server = await startServer(home, { LOG_LEVEL: 'trace' })
    token = apiToken(server)
    await ask(server, '/api/service/users', { token, body: { emails: ['user01@example.com'] } })
    await askUntil(server, '/api/muster/outbox', { token }, ({ json }) =>
      json.records.some((item: { state: string }) => item.state === 'held'),
    )
    server.kill('SIGTERM')
    await server.ended
  }
  await using server = await startServer(home, {
    SMTP_URL: receiver.url,
    LOG_LEVEL: 'trace',
    MUSTER_PUBLIC_URL: 'http://acme.localhost',
  })
  const { source: encoded } = await receiver.firstMail
  const source = encoded.replaceAll('=\r\n', '').replaceAll('=3D', '=')
  const invitation =
    /http:\/\/acme\.localhost\/auth\/accept-invite\?token=(minv_[A-Za-z0-9_-]{43})/.exec(source)?.[1] ?? ''
  const password = 'canary in the coal mine 7431'
  assert.equal((await ask(server, `/auth/accept-invite?token=${invitation}`, { token: null })).status, 303)
  assert.equal(
    (await ask(server, '/auth/accept-invite', { body: { token: invitation, password: 'too short' } })).status,
    400,
  )
  assert.equal((await ask(server, '/auth/accept-invite', { body: { token: invitation, password } })).status, 200)
  await ask(server, `/api/service/whoami?access_token=${token}`, { token: 'mst_not-a-token' })
  server.kill('SIGTERM')
  const { stdout, stderr } = await server.ended
  const lines = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
  assert.ok(
    lines.some((line) => line.path === '/auth/accept-invite' && line.status === 200),
    'requests are logged',
  )
  for (const secret of [invitation, token, password, 'too short', 'argon2'])
    assert.ok(!(stdout + stderr).includes(secret), secret)
})

test('a chosen bootstrap token works and is never printed; development mode shows the mails it cannot send', async () => {
  await using home = await makeHome()
  const file = join(home.folder, 'token')
  const token = `mst_${'k'.repeat(43)}`
  writeFileSync(file, `${token}\n`, { mode: 0o600 })
  const env = {
    MUSTER_MODE: 'development',
    MUSTER_BOOTSTRAP_TOKEN_FILE: file,
    MUSTER_BOOTSTRAP_TENANT: 'first',
    MUSTER_BOOTSTRAP_ADMIN_EMAIL: 'root@example.org',
  }
  await using server = await startServer(home, env)
  assert.match(server.output.stdout, /sign up here/)
  assert.ok(!server.output.stdout.includes('mst_'))
  const { json } = await ask(server, '/api/service/users', { token })
  assert.deepEqual(
    json.records.map((user: { email: string; workspaceRole: string }) => [user.email, user.workspaceRole]),
    [['root@example.org', '$admin']],
  )
  await ask(server, '/api/service/users', { token, body: { emails: ['user01@example.com'] } })
  await server.printed(/mail held/)
  assert.match(server.output.stdout, /"to":"user01@example\.com".*accept-invite\?token=minv_/)
})

test('who is told by /readyz that the server is ready can use what the first start makes', async () => {
  await using home = await makeHome()
  const token = `mst_${'k'.repeat(43)}`
  await using server = await launchServer(home, { MUSTER_BOOTSTRAP_TOKEN: token })
  for (;;) {
    const answer = await ask(server, '/readyz').catch(() => null) // nobody listens yet
    if (answer?.status === 200) break
  }
  assert.equal((await ask(server, '/api/service/whoami', { token })).status, 200)
  await server.ready
})

test('a request stands in the log within a moment, however quiet the server is', async () => {
  await using home = await makeHome()
  await using server = await startServer(home)
  await ask(server, '/api/service/whoami', { token: apiToken(server), headers: { 'x-atlan-request-id': 'find-me' } })
  await server.printed(/"requestId":"find-me".*"status":200/)
})

test('SIGTERM ends the process also when whoever read its log is gone', async () => {
  await using home = await makeHome()
  await using server = await startServer(home)
  server.hangUp()
  await ask(server, '/healthz')
  server.kill('SIGTERM')
  assert.equal((await server.ended).code, 0)
})
