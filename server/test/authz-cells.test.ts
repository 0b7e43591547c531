import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { v7 as uuid } from 'uuid'
import { readMatrix, refusalForRight, roles, splitOperation, type Cell } from './authz-matrix.ts'
import { makeSettings } from './authz-situations.ts'
import { fill, makeWorld, type Caller, type World } from './authz-world.ts'
import { hashDatabase } from './database-hash.ts'
import { startTestApp, type TestApp } from './start-test-app.ts'
import type { Answer } from './test-client.ts'

const matrix = readMatrix()
let t: TestApp
let world: World
let settings: Awaited<ReturnType<typeof makeSettings>>
let cells = 0

before(async () => {
  t = await startTestApp()
  world = await makeWorld(t)
  settings = await makeSettings(world)
})

after(async () => {
  console.log(`authorization: ${matrix.cells.length} special operations, ${cells} cells`)
  await t[Symbol.asyncDispose]()
  assert.ok(cells > 100)
})

for (const cell of matrix.cells) {
  const wanted = roles.filter((role) => cell.roles[role] !== undefined).map((role) => `${role} ${cell.roles[role]}`)
  test(`${cell.op}, ${cell.when}, ${JSON.stringify(cell.body ?? cell.query ?? null)}: ${wanted.join(', ')}`, async () => {
    let asked = 0
    for (const caller of world.callers) {
      const expected = cell.roles[caller.role]
      if (expected !== undefined && (await expectCell(cell, caller, expected))) asked += 1
    }
    assert.ok(asked >= wanted.length, `only ${asked} of ${wanted.length} roles could be in this situation`)
  })
}

/** Answers false when this caller cannot be in the situation. */
async function expectCell(cell: Cell, caller: Caller, expected: number | string): Promise<boolean> {
  const situation = await settings[cell.when]?.(caller)
  if (situation === undefined) {
    assert.ok(cell.when in settings, `nothing sets up "${cell.when}"`)
    return false
  }
  const { token, host, id, extra = {} } = situation
  const { method, path } = splitOperation(cell.op)
  const address = `${path.replace('{id}', id)}${encodeURI(cell.query ?? '')}`
  const body = await fill({ ...world, extra }, cell.body)
  const untouched = await hashDatabase(t.db)
  const mails = await countMails()
  const answer = await t.request(method, address, {
    token,
    ...(host === undefined ? {} : { host }),
    ...(body === undefined ? {} : { body }),
  })
  const [status = '', code = 'insufficient_role'] = String(expected).split(' ')
  const place = `${cell.op}, ${cell.when}, ${caller.kind} ${caller.role}: ${answer.text}`
  assert.equal(answer.status, Number(status), place)
  cells += 1
  if (Number(status) < 300) {
    await expectEffect(cell, caller, { answer, id, mails, untouched })
    return true
  }
  assert.equal(answer.json.error, code, place)
  if (Number(status) === 405) assert.equal(answer.headers.allow, 'GET, HEAD, POST', place)
  assert.equal(await hashDatabase(t.db), untouched, `${place} changed something`)
  return true
}

interface Effect {
  readonly answer: Answer
  readonly id: string
  readonly mails: number
  readonly untouched: string
}

/** Success is shown by what it did, not by its status alone. */
async function expectEffect(cell: Cell, caller: Caller, { answer, id, mails, untouched }: Effect): Promise<void> {
  if (cell.when === 'invite') {
    assert.equal(Object.keys(answer.json.createdUsers).length, 1, answer.text)
    assert.equal(await countMails(), mails + 1)
  } else if (cell.when === 'invited-already') {
    assert.equal(Object.keys(answer.json.createdUsers).length, 1, answer.text)
    assert.equal(await hashDatabase(t.db), untouched, 'a repeated invitation left something')
  } else if (cell.op === 'GET /api/service/users/{id}') {
    assert.equal(answer.json.id, id)
    const isReduced = caller.role === 'member' && cell.when === 'another'
    assert.equal(
      'lastLoginTime' in answer.json,
      !isReduced,
      'fields of others are reduced for members, one’s own are whole',
    )
  } else if (!cell.op.startsWith('GET') && JSON.stringify(cell.body) !== '{"workspaceRole":"$admin"}') {
    assert.notEqual(await hashDatabase(t.db), untouched, `${cell.op} changed nothing`)
  }
}

async function countMails(): Promise<number> {
  return (await t.db.selectFrom('outbox').select('id').execute()).length
}

test('an unknown host learns nothing: it is answered before credential, address and body', async () => {
  const host = 'nowhere.example.com'
  const admin = callerOf('admin')
  const requests: readonly (readonly [string, string, object])[] = [
    ['GET', '/api/service/users', {}],
    ['GET', '/api/service/users', { token: null }],
    ['GET', '/api/service/nothing-here', {}],
    ['DELETE', '/api/service/users', {}],
    ['POST', '/api/service/users', { rawBody: '{"broken' }],
    ['POST', '/api/service/users', { rawBody: 'x'.repeat(300_000) }],
    ['GET', '/auth/accept-invite', { token: null }],
    ['GET', '/api/openapi.json', { token: null }],
  ]
  const bodies = new Set<string>()
  for (const [method, path, options] of requests) {
    const answer = await t.request(method, path, {
      token: admin.token,
      ...options,
      host,
      headers: { 'x-atlan-request-id': 'one' },
    })
    assert.equal(answer.status, 421, `${method} ${path}: ${answer.text}`)
    bodies.add(answer.text)
  }
  assert.equal(bodies.size, 1)
})

test('a missing credential is answered before address, verb and body', async () => {
  const requests: readonly (readonly [string, string, object])[] = [
    ['GET', '/api/service/nothing-here', {}],
    ['GET', '/api/muster/nothing-here', {}],
    ['DELETE', `/api/service/users/${uuid()}`, {}],
    ['PATCH', '/api/service/groups', {}],
    ['POST', '/api/service/users', { rawBody: '{"broken' }],
    ['POST', '/api/service/users', { rawBody: 'a=b', headers: { 'content-type': 'text/plain' } }],
  ]
  for (const [method, path, options] of requests) {
    const answer = await t.request(method, path, { token: null, ...options })
    assert.equal(answer.status, 401, `${method} ${path}: ${answer.text}`)
    assert.equal(answer.json.error, 'invalid_token')
  }
})

/** Verbs that openapi.json shows elsewhere: the invitation page, and POST /users/{id} for a user called current. */
const alsoOffered: Readonly<Record<string, readonly string[]>> = {
  '/auth/accept-invite': ['GET', 'HEAD'],
  '/api/service/users/current': ['POST'],
  '/api/service/oauth-clients/token': ['GET', 'HEAD', 'PUT', 'DELETE'],
}

test('address and verb are answered before the role', async () => {
  const guest = callerOf('guest')
  const byPath = Map.groupBy(
    matrix.routes.map(({ op }) => splitOperation(op)),
    ({ path }) => path,
  )
  for (const [path, operations] of byPath) {
    const offered = operations.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    const allowed = [...offered, ...(alsoOffered[path] ?? [])]
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((verb) => !allowed.includes(verb))) {
      const answer = await t.request(method, path.replace('{id}', uuid()), { token: guest.token })
      cells += 1
      assert.equal(answer.status, 405, `${method} ${path}: ${answer.text}`)
      assert.equal(answer.headers.allow, allowed.toSorted().join(', '), path)
    }
  }
  const nothing = await t.get('/api/service/nothing-here', { token: guest.token })
  assert.equal(nothing.status, 404)
  assert.equal(nothing.json.error, 'route_not_found')
})

test('an id that is longer than any id names nothing, and only for those who show a credential', async () => {
  for (const { op } of matrix.routes.filter((route) => route.id !== undefined)) {
    const { method, path } = splitOperation(op)
    const address = path.replace('{id}', 'x'.repeat(101))
    const stranger = await t.request(method, address, { token: null })
    assert.equal(stranger.status, 401, `${op}: ${stranger.text}`)
    const admin = await t.request(method, address, { token: callerOf('admin').token })
    assert.equal(admin.status, 404, `${op}: ${admin.text}`)
    assert.equal(admin.json.error, 'route_not_found', op)
  }
})

test('a role that is too low is refused before the body is read, and a body before its object is looked for', async () => {
  const bodies: readonly object[] = [
    { rawBody: '{"broken' },
    { rawBody: '{"__proto__":{}}' },
    { rawBody: 'a=b', headers: { 'content-type': 'text/plain' } },
    { rawBody: JSON.stringify({ users: ['x'.repeat(300_000)] }) },
  ]
  let refused = 0
  for (const route of matrix.routes.filter(({ body }) => body !== undefined)) {
    const { op, class: name, others, unknown } = route
    const { method, path } = splitOperation(op)
    const address = path.replace('{id}', uuid())
    for (const caller of world.callers) {
      // The id is nobody's, and so not one's own.
      const isRefused =
        (unknown ?? others ?? matrix.classes[name])?.[caller.role] === 403 ||
        refusalForRight(matrix, route, caller) !== undefined
      for (const options of bodies) {
        const answer = await t.request(method, address, { token: caller.token, ...options })
        refused += 1
        const expected = isRefused ? [403] : [400, 413, 415]
        assert.ok(expected.includes(answer.status), `${op} as ${caller.role}: ${answer.status} ${answer.text}`)
        assert.notEqual(answer.json.error.endsWith('_not_found'), true, answer.text)
      }
    }
  }
  cells += refused
  assert.ok(refused > 0)
})

test('an object is looked for before its state is judged', async () => {
  const headers = { 'if-match': '"0"' }
  for (const { op, id, body } of matrix.routes.filter(
    (route) => route.id !== undefined && !route.op.startsWith('GET'),
  )) {
    const { method, path } = splitOperation(op)
    const filled = await fill(world, body)
    const answer = await t.request(method, path.replace('{id}', uuid()), {
      headers,
      ...(filled === undefined ? {} : { body: filled }),
      token: callerOf('admin').token,
    })
    assert.equal(answer.status, 404, `${op}: ${answer.text}`)
    assert.equal(answer.json.error, matrix.objects[id ?? 'user'], op)
  }
})

test('routes outside the contract ask for no credential and know no tenant they should not', async () => {
  for (const { op, status, anyHost } of matrix.hidden) {
    const { method, path } = splitOperation(op)
    const address = path.replace('*', 'nothing')
    for (const token of [null, callerOf('guest').token, 'mst_wrong']) {
      cells += 1
      assert.equal((await t.request(method, address, { token })).status, status, op)
    }
    const elsewhere = await t.request(method, address, { token: null, host: 'nowhere.example.com' })
    assert.equal(elsewhere.status, anyHost === true ? status : 421, `${op} at an unknown host`)
  }
  const forwarded = await t.get('/metrics', { token: null, headers: { 'x-forwarded-for': '192.0.2.1' } })
  assert.equal(forwarded.status, 401, 'metrics are for loopback or the metrics token')
})

function callerOf(role: Caller['role']): Caller {
  const caller = world.callers.find((candidate) => candidate.role === role)
  assert.ok(caller !== undefined)
  return caller
}
