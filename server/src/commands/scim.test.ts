import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { after, before, test } from 'node:test'
import { sendRequest } from '../../test/test-client.ts'
import { certificates } from '../sso-connections/testdata/certificates.ts'
import { makeHome, runCommand, startServer, type Ended, type Home, type RunningServer } from './testdata/processes.ts'

/** One server and one folder for all of them: commands run beside it, each in the state that the one before left. */
let home: Home
let server: RunningServer
const bootstrap = `mst_${'k'.repeat(43)}`
const agent = new Agent()

before(async () => {
  home = await makeHome()
  server = await startServer(home, { MUSTER_BOOTSTRAP_TOKEN: bootstrap })
})

after(async () => {
  await server[Symbol.asyncDispose]()
  await home[Symbol.asyncDispose]()
})

function scim(...args: readonly string[]): Promise<Ended> {
  return runCommand(home, ['scim', ...args])
}

function ask(method: string, path: string, token: string, body?: object) {
  return sendRequest(server.port, agent, method, path, { token, ...(body === undefined ? {} : { body }) })
}

function assertEnded({ code, stderr }: Ended, expected: number, what: string): void {
  assert.equal(code, expected, `${what}: ${stderr}`)
}

test('SCIM is not switched on before single sign-on is there, and the refusal says where to set it up', async () => {
  for (const args of [['enable'], ['token', 'create']]) {
    const ended = await scim(...args)
    assertEnded(ended, 3, args.join(' '))
    assert.match(ended.stderr, /^muster-server: [^\n]*\/api\/muster\/sso-connections[^\n]*\n$/)
    assert.equal(ended.stdout, '')
  }
  const made = await ask('POST', '/api/muster/sso-connections', bootstrap, {
    alias: 'okta',
    entityId: 'https://idp.example.com',
    signOnUrl: 'https://idp.example.com/sso',
    certificates: [certificates.rsa],
  })
  assert.equal(made.status, 200, 'the bootstrap token carries the right')
})

test('a token is printed alone, ready for a pipe, works beside the running server at once, and is never printed again', async () => {
  const made = await scim('token', 'create', '--label', 'Okta', '--profile', 'okta')
  assertEnded(made, 0, 'create')
  assert.match(made.stdout, /^mscim_[A-Za-z0-9_-]{43}\n$/)
  const secret = made.stdout.trim()
  assert.equal((await ask('GET', '/api/scim/v2/Users', secret)).status, 200)
  const [lines, json] = [await scim('token', 'list'), await scim('token', 'list', '--json')]
  assert.match(lines.stdout, /^[0-9a-f-]{36} {2}mscim_….{4} {2}live {2}Okta\n$/)
  const [token] = JSON.parse(json.stdout)
  assert.deepEqual([token.label, token.profile, token.state], ['Okta', 'okta', 'live'])
  for (const { stdout } of [lines, json]) assert.ok(!stdout.includes(secret))
})

test('a token is rotated and revoked, and SCIM switched off and on, while the server runs', async () => {
  const [first] = JSON.parse((await scim('token', 'list', '--json')).stdout)
  const rotated = await scim('token', 'rotate', first.id, '--overlap', 'now', '--json')
  assertEnded(rotated, 0, 'rotate')
  const { id, token } = JSON.parse(rotated.stdout)
  assert.equal((await ask('GET', '/api/scim/v2/Users', token)).status, 200)
  assertEnded(await scim('disable'), 0, 'disable')
  const closed = await ask('GET', '/api/scim/v2/Users', token)
  assert.deepEqual([closed.status, closed.json.detail], [401, 'SCIM provisioning is switched off.'])
  const enabled = await scim('enable', '--profile', 'entra')
  assertEnded(enabled, 0, 'enable')
  assert.equal(enabled.stdout, 'SCIM is on, profile entra\n')
  assert.equal((await ask('GET', '/api/scim/v2/Users', token)).status, 200)
  assertEnded(await scim('token', 'revoke', id), 0, 'revoke')
  assert.equal((await ask('GET', '/api/scim/v2/Users', token)).status, 401)
})

test('the log and the trace of one person are read by username, address and id, for people and as JSON', async () => {
  const secret = (await scim('token', 'create')).stdout.trim()
  const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User']
  const email = 'ann@example.com'
  const user = { schemas, userName: 'ann', emails: [{ value: email, type: 'work' }], shoeSize: 40 }
  const { id } = (await ask('POST', '/api/scim/v2/Users', secret, user)).json
  await ask('POST', '/api/scim/v2/Users', secret, user)
  await ask('GET', '/api/scim/v2/Users/nobody', secret)
  // What the server writes behind its answers is there soon; the first command takes longer to start.
  const traces = [await scim('trace', 'ann'), await scim('trace', email), await scim('trace', id)]
  for (const trace of traces) {
    assertEnded(trace, 0, 'trace')
    assert.equal(trace.stdout, traces[0]?.stdout)
    assert.match(trace.stdout, /POST \/api\/scim\/v2\/Users → 409/)
    assert.match(trace.stdout, /changed {2}create/)
    assert.match(trace.stdout, /skipped {2}POST {2}shoeSize/)
    assert.doesNotMatch(trace.stdout, /nobody/)
  }
  const log = await scim('log', '--limit', '1')
  assert.match(log.stdout, /^\S+ {2}GET \/api\/scim\/v2\/Users\/nobody → 404/)
  const refused = JSON.parse((await scim('log', '--outcome', 'refused', '--json')).stdout)
  assert.ok(refused.some(({ status }: { status: number }) => status === 409))
  for (const { stdout } of [log, ...traces]) assert.ok(!stdout.includes(secret))
})

test('wrong use ends with 2, what a rule refuses with 3, and both say why on standard error only', async () => {
  const wrong: readonly (readonly [number, readonly string[]])[] = [
    [2, ['enable', '--profile', 'google']],
    [2, ['enable', '--tenant', 'nobody']],
    [2, ['token', 'create', '--expires-in', '60']],
    [2, ['token', 'create', '--access', 'write']],
    [2, ['token', 'rotate', 'x', '--overlap', 'year']],
    [2, ['log', '--limit', '0']],
    [2, ['log', '--outcome', 'nice']],
    [2, ['nonsense']],
    [3, ['token', 'revoke', 'nobody']],
    [3, ['token', 'rotate', 'nobody']],
  ]
  for (const [code, args] of wrong) {
    const ended = await scim(...args)
    assertEnded(ended, code, args.join(' '))
    assert.equal(ended.stdout, '', args.join(' '))
    assert.ok(ended.stderr !== '' && !/\n {4}at /.test(ended.stderr), args.join(' '))
  }
})

test('what happened before the plan was lowered is still in the log', async () => {
  assertEnded(await runCommand(home, ['tenants', 'set-plan', 'acme', 'standard']), 0, 'set-plan')
  const secret = JSON.parse((await scim('token', 'list', '--json')).stdout)[0].hint
  assert.match(secret, /^mscim_…/)
  assertEnded(await scim('enable'), 3, 'enable below the plan')
  assert.match((await scim('log', '--limit', '100')).stdout, /→ 201/)
})
