import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import type { Answer } from '../test-client.ts'
import { adminToken, Nodes, sizeOf } from './nodes.ts'

const lives = sizeOf({ short: 1, full: 3 })
const answersPerLife = sizeOf({ short: 60, full: 200 })
const clients = 8
const keys = sizeOf({ short: 15, full: 120 })
const atOnce = 6
const cutRequests = sizeOf({ short: 8, full: 40 })

let nodes: Nodes

before(async () => {
  nodes = await Nodes.start()
})

after(() => nodes[Symbol.asyncDispose]())

interface Request {
  readonly path: string
  readonly body: object
  readonly key: string
}

const groupsPath = '/api/service/groups'

function nthRequest(life: number, number: number): Request {
  const name = `life${life}-${number}`
  const key = `key ${name}`
  if (number % 2 === 0) return { key, path: '/api/service/users', body: { emails: [`${name}@example.com`] } }
  return { key, path: groupsPath, body: { group: { name } } }
}

function send({ path, body, key }: Request): Promise<Answer> {
  return nodes.post(path, body, { headers: { 'idempotency-key': key } })
}

/** Sends one request after the other until the server is gone; answers what came back, null where nothing did. */
async function sendUntilKilled(life: number): Promise<Map<Request, Answer | null>> {
  const sent = new Map<Request, Answer | null>()
  let next = 0
  let answered = 0
  const client = async (): Promise<void> => {
    for (;;) {
      const request = nthRequest(life, (next += 1))
      sent.set(request, null)
      try {
        sent.set(request, await send(request))
      } catch {
        return // the connection breaks with the server
      }
      if ((answered += 1) === answersPerLife) void nodes.kill()
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  await nodes.kill()
  return sent
}

test(`after ${lives} kill -9 every request sent again under its key is done exactly once, and whoever had an answer gets the same`, async () => {
  const all = new Map<Request, Answer | null>()
  for (let life = 0; life < lives; life += 1) {
    for (const [request, answer] of await sendUntilKilled(life)) all.set(request, answer)
    await nodes.restart()
  }
  for (const [request, first] of all) {
    const again = await send(request)
    assert.equal(again.status, 200, again.text)
    if (first === null) continue
    assert.deepEqual([again.text, again.headers['idempotent-replayed']], [first.text, 'true'])
  }
  assert.ok([...all.values()].filter((answer) => answer !== null).length >= lives * answersPerLife)
  await expectEffects([...all.keys()])
})

/** The first admin comes on top. */
async function expectEffects(requests: readonly Request[]): Promise<void> {
  const count = async (table: 'users' | 'groups' | 'invitations' | 'outbox', tenth: string) => {
    const rows = await nodes.db.selectFrom(table).select('id').execute()
    return { [tenth]: rows.length }
  }
  const groups = requests.filter(({ path }) => path === groupsPath).length
  const users = requests.length - groups + 1
  assert.deepEqual(
    Object.assign(
      {},
      await count('users', 'users'),
      await count('groups', 'groups'),
      await count('invitations', 'invitations'),
      await count('outbox', 'mails'),
    ),
    { users, groups, invitations: users, mails: users },
  )
}

test(`${atOnce} at once under one key, on all nodes, have one effect; the others get its answer or are told that it is running`, async () => {
  const path = '/api/service/apikeys'
  const outcomes = { first: 0, repeat: 0, running: 0 }
  for (let number = 0; number < keys; number += 1) {
    const displayName = `token ${number}`
    const request = { path, key: displayName, body: { displayName } }
    const answers = await Promise.all(Array.from({ length: atOnce }, () => send(request)))
    for (const answer of answers) {
      if (answer.status === 409) assert.equal(answer.json.error, 'request_in_progress')
      else assert.equal(answer.status, 200, answer.text)
      outcomes[answer.status === 409 ? 'running' : isRepeat(answer) ? 'repeat' : 'first'] += 1
    }
    const done = answers.filter((answer) => answer.status === 200)
    assert.equal(new Set(done.map(({ json }) => json.id)).size, 1)
    assert.equal(done.filter((answer) => !isRepeat(answer)).length, 1)
    assert.equal((await tokensNamed(displayName)).length, 1)
  }
  console.log(`repeats: ${JSON.stringify(outcomes)}`)
  assert.equal(outcomes.first, keys)
})

function isRepeat(answer: Answer): boolean {
  return answer.headers['idempotent-replayed'] === 'true'
}

/** Sends a request and hangs up without waiting for the answer. */
async function sendAndHangUp(path: string, body: object, requestId: string): Promise<void> {
  const text = JSON.stringify(body)
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    `Authorization: Bearer ${adminToken}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...(requestId === '' ? [] : [`X-Atlan-Request-Id: ${requestId}`]),
  ]
  const socket = connect(nodes.nextPort(), '127.0.0.1')
  await once(socket, 'connect')
  await new Promise<void>((resolve) => socket.write(`${head.join('\r\n')}\r\n\r\n${text}`, () => resolve()))
  socket.destroy()
}

test('a POST sent again blindly after a cut answer makes nothing twice and mails nobody twice', async () => {
  for (let number = 0; number < cutRequests; number += 1) {
    const email = `cut${number}@example.com`
    await sendAndHangUp('/api/service/users', { emails: [email] }, '')
    const again = [
      await nodes.post('/api/service/users', { emails: [email] }),
      await nodes.post('/api/service/users', { emails: [email] }),
    ]
    for (const answer of again) assert.equal(answer.status, 200, answer.text)
    assert.equal(again[0]?.text, again[1]?.text)
    const userId = again[0]?.json.createdUsers[email]
    assert.deepEqual(await nodes.db.selectFrom('users').select('id').where('email_key', '=', email).execute(), [
      { id: userId },
    ])
    const mails = await nodes.db.selectFrom('outbox').select('id').where('payload', 'like', `%"${email}"%`).execute()
    assert.equal(mails.length, 1)
  }
})

test('a token asked for again after a cut answer, under the same X-Atlan-Request-Id, is one token', async () => {
  const path = '/api/service/apikeys'
  for (let number = 0; number < cutRequests; number += 1) {
    const body = { displayName: `cut ${number}` }
    const headers = { 'x-atlan-request-id': `cut-${number}` }
    await sendAndHangUp(path, body, `cut-${number}`)
    const repeat = () => nodes.post(path, body, { headers })
    const opens = ({ json }: Answer) => nodes.ask('GET', '/api/service/whoami', { token: json.attributes.accessToken })
    let answer = await repeat()
    // The first may still be running; should it come last, it ends the secret of the repeat before it.
    while (answer.status === 409 || (await opens(answer)).status === 401) answer = await repeat()
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual(await tokensNamed(body.displayName), [{ id: answer.json.id }])
  }
})

function tokensNamed(name: string) {
  return nodes.db.selectFrom('api_tokens').select('id').where('display_name', '=', name).execute()
}
