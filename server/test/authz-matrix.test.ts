import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { v7 as uuid } from 'uuid'
import { addressSpaces, credentialKinds } from '../src/authentication/credential-kinds.ts'
import { readMatrix, refusalForRight, roles, splitOperation, type Route, type StateName } from './authz-matrix.ts'
import { endScimTokens, fill, fillText, makeObject, makeWorld, type Caller, type World } from './authz-world.ts'
import { countCheckedAnswers } from './contract-check.ts'
import { hashDatabase } from './database-hash.ts'
import { startTestApp, type TestApp } from './start-test-app.ts'
import type { Answer, RequestOptions } from './test-client.ts'

const matrix = readMatrix()
/** The same id in every request makes bodies comparable as they are. */
const requestId = { 'x-atlan-request-id': 'matrix' }
let t: TestApp
let world: World
let cells = 0

before(async () => {
  t = await startTestApp()
  world = await makeWorld(t)
})

after(async () => {
  console.log(`authorization: ${matrix.routes.length} operations, ${cells.toLocaleString('en')} cells`)
  await t[Symbol.asyncDispose]()
  assert.ok(cells > 1_000, 'the matrix looked at next to nothing')
  assert.ok(countCheckedAnswers() > 1_000, 'answers were not held against openapi.json')
})

for (const route of matrix.routes) {
  const guarantee = takesNoBearer(route)
    ? 'bearers make no difference'
    : 'no credential but a valid one opens it, and all are refused in the same words'
  test(`${route.op}: ${guarantee}`, async () => {
    const untouched = await hashDatabase(t.db)
    const { path, body } = await requestFor(route, route.id === undefined ? undefined : world.own[route.id])
    const words = new Set<string>()
    for (const [name, state] of Object.entries(matrix.states)) {
      const presentations = world.presentations[name as StateName]
      assert.ok(presentations.length > 0, `nothing presents ${name}`)
      for (const { title, options, query } of presentations) {
        const answer = await send(
          route,
          `${path}${query === undefined ? '' : `${path.includes('?') ? '&' : '?'}${query}`}`,
          options,
          body,
        )
        const place = `${route.op}, ${name}, ${title}: ${answer.text}`
        if (takesNoBearer(route) && state.rest === 401) {
          assert.deepEqual([answer.status, answer.json.error], [route.wrong?.status, route.wrong?.error], place)
        } else {
          expectRefusal(answer, state.rest, state.error, place)
          assert.equal(answer.headers['www-authenticate'], challengeOf(state.challenge), place)
          if (state.rest === 401) words.add(answer.text)
        }
      }
    }
    assert.ok(takesNoBearer(route) || words.size === 1, [...words].join('\n'))
    assert.equal(await hashDatabase(t.db), untouched, `${route.op}: a refused request changed something`)
  })

  test(`${route.op}: each role gets its own answer, and unknown and foreign objects look the same (V-T1)`, async () => {
    const untouched = await hashDatabase(t.db)
    const callers = callersOf(route)
    for (const caller of callers) await expectDenials(route, caller)
    assert.equal(await hashDatabase(t.db), untouched, `${route.op}: a refused request changed something`)
    for (const caller of callers) await expectSuccess(route, caller)
  })
}

test('of every kind of credential each role tries each address that accepts it, and none opens another', async () => {
  for (const { prefix, accepts } of addressSpaces) {
    const accepted: readonly string[] = accepts
    for (const kind of Object.keys(credentialKinds)) {
      const callers = world.callers.filter(({ credential }) => credential === kind)
      if (accepted.includes(kind))
        assert.deepEqual([...new Set(callers.map(({ role }) => role))], [...roles], `${kind} at ${prefix}`)
      for (const { token } of accepted.includes(kind) ? [] : callers)
        assert.equal((await t.get(`${prefix}/nothing-here`, { token })).status, 401, `${kind} at ${prefix}`)
    }
  }
  const spaces: readonly string[] = addressSpaces.map(({ prefix }) => prefix)
  const elsewhere = matrix.routes.filter(
    ({ op, class: name }) => name !== 'public' && name !== 'cookie' && !spaces.includes(spaceOf(op)),
  )
  assert.deepEqual(
    elsewhere.map(({ op }) => op),
    [],
    'an address in no space accepts no credential',
  )
})

function takesNoBearer({ class: name }: Route): boolean {
  return name === 'public' || name === 'cookie'
}

/** `/api/service` of `GET /api/service/users`. */
function spaceOf(op: string): string {
  return splitOperation(op).path.split('/').slice(0, 3).join('/')
}

/** Those whose kind of credential counts at this address. */
function callersOf(route: Route): readonly Caller[] {
  const accepts: readonly string[] = takesNoBearer(route)
    ? Object.keys(credentialKinds)
    : (addressSpaces.find(({ prefix }) => prefix === spaceOf(route.op))?.accepts ?? [])
  return world.callers.filter(({ credential }) => accepts.includes(credential))
}

/** Everything this caller is refused: the object itself, somebody else's, one that is nothing, one of another tenant. */
async function expectDenials(route: Route, caller: Caller): Promise<void> {
  const place = `${route.op}, ${caller.kind} ${caller.role}`
  const status = statusFor(route, caller)
  if (status !== 200) {
    const { path, body } = await requestFor(route, targetOf(route, caller))
    expectRefusal(await send(route, path, caller, body), status, codeOf(route, status, caller), place)
  }
  if (route.id === undefined) return
  const others = route.others?.[caller.role]
  if (others !== undefined && others !== 200) {
    const { path, body } = await requestFor(route, world.own[route.id])
    expectRefusal(
      await send(route, path, caller, body),
      others,
      codeOf(route, others, caller),
      `${place}, somebody else's`,
    )
  }
  const reach =
    others ?? (refusalForRight(matrix, route, caller)?.status || matrix.classes[route.class]?.[caller.role]) ?? 0
  const expected = route.unknown?.[caller.role] ?? (reach === 200 ? 404 : reach)
  const answers: Answer[] = []
  for (const id of [uuid(), world.foreign[route.id]]) {
    const { path, body } = await requestFor(route, id)
    const answer = await send(route, path, caller, body)
    expectRefusal(answer, expected, codeOf(route, expected, caller), `${place}, unknown or foreign`)
    answers.push(answer)
  }
  const [unknown, foreign] = answers
  assert.equal(foreign?.text, unknown?.text, place)
  assert.deepEqual(withoutDate(foreign), withoutDate(unknown), place)
}

async function expectSuccess(route: Route, caller: Caller): Promise<void> {
  if (statusFor(route, caller) !== 200) return
  const place = `${route.op}, ${caller.kind} ${caller.role}`
  const { method } = splitOperation(route.op)
  const success = route.success ?? 200
  // At most two are live.
  if (route.op === 'POST /api/muster/scim/tokens') await endScimTokens(t, t.acme)
  const target = method === 'GET' ? targetOf(route, caller) : await freshTargetOf(route, caller)
  const { path, body } = await requestFor(route, target, true)
  const answer = await send(route, path, caller, body)
  assert.equal(answer.status, success, `${place}: ${answer.text}`)
  if (method === 'GET') expectHead(await t.request('HEAD', path, { token: caller.token }), success, place)
  const fields = route.fields?.[caller.role]
  if (fields === undefined) return
  // People see their own record whole; what is reduced is that of others.
  const other =
    route.own === true
      ? await send(route, (await requestFor(route, world.own[route.id ?? 'user'])).path, caller)
      : answer
  const records: readonly object[] = other.json.records ?? other.json.items ?? [other.json]
  for (const record of records)
    assert.deepEqual(Object.keys(record).toSorted(), matrix.fields[fields]?.toSorted(), place)
}

function expectHead(answer: Answer, status: number, place: string): void {
  cells += 1
  assert.equal(answer.status, status, `HEAD for ${place}`)
  assert.equal(answer.text, '')
}

function expectRefusal(answer: Answer, status: number, code: string, place: string): void {
  assert.equal(answer.status, status, `${place}: ${answer.text}`)
  assert.equal(answer.json.error, code, `${place}: ${answer.text}`)
  if (code === 'insufficient_role')
    assert.equal(answer.headers['www-authenticate'], 'Bearer realm="muster", error="insufficient_scope"', place)
}

/** What this caller gets of what the route's class is about. */
function statusFor(route: Route, caller: Caller): number {
  const lacking = refusalForRight(matrix, route, caller)
  if (lacking !== undefined) return lacking.status
  const byRole = route.own === true && caller.userId === null ? route.others : matrix.classes[route.class]
  if (byRole === undefined) throw new Error(`${route.op} has no class ${route.class}`)
  return byRole[caller.role]
}

function codeOf(route: Route, status: number, caller: Caller): string {
  if (status === 401) return 'invalid_token'
  if (status === 403) return refusalForRight(matrix, route, caller)?.error ?? 'insufficient_role'
  return route.id === undefined ? 'route_not_found' : matrix.objects[route.id]
}

function targetOf(route: Route, caller: Caller): string | undefined {
  if (route.id === undefined) return undefined
  return route.id === 'user' && route.own === true && caller.userId !== null ? caller.userId : world.own[route.id]
}

/** Something that may be changed or deleted without spoiling the next cell. */
async function freshTargetOf(route: Route, caller: Caller): Promise<string | undefined> {
  if (route.id === undefined) return undefined
  if (route.own !== true || caller.userId === null) return makeObject(t, route.id)
  return route.id === 'user' ? caller.userId : makeObject(t, route.id, t.acme, caller.userId)
}

/** Without `willSucceed` the body of a public operation opens nothing: a real invitation would be used up. */
async function requestFor(
  route: Route,
  id: string | undefined,
  willSucceed = false,
): Promise<{ path: string; body: unknown }> {
  const { path } = splitOperation(route.op)
  const query = route.query === undefined ? '' : encodeURI(await fillText(world, route.query))
  const body = route.class === 'public' && !willSucceed ? route.wrong?.body : await fill(world, route.body)
  return { path: `${path.replace('{id}', id ?? '')}${query}`, body }
}

function send(
  route: Route,
  path: string,
  { token, host, headers }: Pick<RequestOptions, 'token' | 'host' | 'headers'>,
  body?: unknown,
): Promise<Answer> {
  cells += 1
  return t.request(splitOperation(route.op).method, path, {
    ...(token === undefined ? {} : { token }),
    ...(host === undefined ? {} : { host }),
    headers: { ...headers, ...requestId },
    ...(body === undefined ? {} : { body }),
  })
}

function challengeOf(challenge: string | undefined): string | undefined {
  if (challenge === undefined) return undefined
  return challenge === 'bare' ? 'Bearer realm="muster"' : `Bearer realm="muster", error="${challenge}"`
}

function withoutDate(answer: Answer | undefined): object {
  const { date: _date, ...headers } = answer?.headers ?? {}
  return headers
}
