import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { v7 as uuid } from 'uuid'
import { openApiFile, openApiText } from '../../scripts/openapi.ts'
import { catalogue } from '../src/errors/catalogue.ts'
import { scimPrefixes } from '../src/scim/scim-space.ts'
import { readMatrix } from './authz-matrix.ts'
import { exampleChecker, listOperations, resolve, type ContractPage, type Operation } from './contract-page.ts'
import { registeredRoutes } from './route-table.ts'
import { startTestApp, type TestApp } from './start-test-app.ts'

let t: TestApp
let page: ContractPage
let operations: readonly Operation[]

before(async () => {
  t = await startTestApp()
  page = JSON.parse(JSON.stringify(t.http.swagger()))
  operations = listOperations(page)
})

after(() => t[Symbol.asyncDispose]())

test('openapi.json is what the server declares and serves', async () => {
  assert.equal(
    readFileSync(openApiFile, 'utf8'),
    openApiText(t.http.swagger()),
    'openapi.json is stale: run npm run openapi',
  )
  const served = await t.get('/api/openapi.json', { token: null })
  assert.deepEqual(served.json, page)
})

test('route table, openapi.json and authorization file name the same operations', () => {
  const matrix = readMatrix()
  const documented = operations.map(({ name }) => name).toSorted()
  const hidden = matrix.hidden.map(({ op }) => op)
  console.log(`openapi: ${documented.length} operations, ${hidden.length} routes outside the contract`)
  assert.ok(documented.length > 0)
  // SCIM describes itself in its discovery documents; its addresses are told apart by scim/serve.ts.
  const [scim, rest] = partition(registeredRoutes(t.http), (route) =>
    scimPrefixes.some((prefix) => route.split(' ')[1]?.startsWith(prefix)),
  )
  assert.ok(scim.length > 0)
  assert.deepEqual(rest, [...documented, ...hidden].toSorted())
  assert.deepEqual(matrix.routes.map(({ op }) => op).toSorted(), documented)
})

test('every operation has its own id, a summary and a tag that is explained', () => {
  const ids = operations.map(({ spec }) => spec.operationId)
  assert.equal(new Set(ids).size, ids.length)
  const explained = new Map(page.tags.map((tag) => [tag.name, tag.description]))
  for (const { name, spec } of operations) {
    assert.match(spec.operationId, /^[a-z][A-Za-z0-9]+$/, name)
    assert.ok(spec.summary.length > 5 && !spec.summary.endsWith('.'), name)
    assert.equal(spec.tags.length, 1, name)
    assert.ok(
      (explained.get(spec.tags[0] ?? '') ?? '').length > 10,
      `${name}: the tag ${spec.tags[0]} is not explained in openapi-document.ts`,
    )
  }
  const used = new Set(operations.flatMap(({ spec }) => spec.tags))
  assert.deepEqual(
    [...explained.keys()].filter((tag) => !used.has(tag)),
    [],
  )
})

test('parameters of the path are required and described, and no others are named', () => {
  let seen = 0
  for (const { name, path, spec } of operations) {
    const wanted = [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1])
    const declared = (spec.parameters ?? []).filter((parameter) => parameter.in === 'path')
    assert.deepEqual(
      declared.map((parameter) => parameter.name),
      wanted,
      name,
    )
    for (const parameter of declared) {
      seen += 1
      assert.equal(parameter.required, true, name)
      assert.match(parameter.description ?? '', /^Id of the .+\.$/, name)
    }
  }
  assert.ok(seen > 0)
})

const credentialElsewhere = new Set([
  'POST /api/service/oauth-clients/token',
  'GET /auth/session',
  'POST /auth/session/token',
])

test('every operation has one success with an example, and error answers with their codes', () => {
  const codesSeen = new Set<string>()
  for (const { name, spec } of operations) {
    const successes = Object.keys(spec.responses).filter((status) => status.startsWith('2'))
    assert.equal(successes.length, 1, name)
    const success = resolve(page, spec.responses[successes[0] ?? ''])
    for (const media of Object.values(success.content ?? {}))
      assert.notEqual(media.example, undefined, `${name} has no example of its answer`)
    const errors = Object.entries(spec.responses).filter(([status]) => !status.startsWith('2'))
    assert.ok(errors.length > 0, name)
    for (const [status, answer] of errors) {
      const codes = resolve(page, answer)['x-error-codes'] ?? []
      assert.ok(codes.length > 0, `${name} ${status} lists no codes`)
      for (const code of codes) {
        codesSeen.add(code)
        assert.equal(
          String(Object.entries(catalogue).find(([known]) => known === code)?.[1].status),
          status,
          `${name} ${status} ${code}`,
        )
      }
    }
    assert.equal(isPublic(spec), !errors.some(([status]) => status === '403'), name)
    // A credential in the body or a cookie can be wrong too.
    const takesCredential = !isPublic(spec) || credentialElsewhere.has(name)
    assert.equal(
      takesCredential,
      errors.some(([status]) => status === '401'),
      name,
    )
  }
  // Pages have codes that no operation has; a wrong verb belongs to none; tenants are made on the host alone.
  assert.deepEqual(
    Object.keys(catalogue).filter((code) => !codesSeen.has(code)),
    ['invalid_link', 'sign_in_refused', 'method_not_allowed', 'tenant_exists'],
  )
})

test('every example has the form of its own schema, without a key the schema does not name', () => {
  const check = exampleChecker(page)
  let examples = 0
  for (const { name, spec } of operations) {
    const answers = Object.values(spec.responses).map((answer) => resolve(page, answer).content)
    for (const [type, media] of [spec.requestBody?.content, ...answers].flatMap((content) =>
      Object.entries(content ?? {}),
    )) {
      const values = [
        ...(media.example === undefined ? [] : [media.example]),
        ...Object.values(media.examples ?? {}).map((example) => resolve(page, example).value),
      ]
      for (const value of values) {
        examples += 1
        assert.equal(check(media.schema ?? {}, value), null, `${name} ${type} ${JSON.stringify(value)}`)
      }
    }
  }
  console.log(`openapi: ${examples} examples hold against their schemas`)
  assert.ok(examples > operations.length)
})

test('every example of a request is accepted by the server, and a body of another form is not', async () => {
  let accepted = 0
  for (const { name, method, path, spec } of operations) {
    const media = spec.requestBody?.content['application/json']
    if (media === undefined) continue
    const values = [
      ...(media.example === undefined ? [] : [media.example]),
      ...Object.values(media.examples ?? {}).map((example) => resolve(page, example).value),
    ]
    assert.ok(values.length > 0, `${name} has no example of its body`)
    const address = path.replaceAll(/\{[^}]+\}/g, () => uuid())
    for (const body of values) {
      const answer = await t.request(method, address, { body })
      const code = answer.status < 300 ? '' : answer.json.error
      assert.ok(
        !['invalid_body', 'invalid_request', 'unsupported_media_type', 'route_not_found'].includes(code),
        `${name}: ${answer.text}`,
      )
      accepted += 1
    }
    const wrong = await t.request(method, address, { body: ['not an object'] })
    assert.equal(wrong.json.error, 'invalid_body', name)
    const none = await t.request(method, address)
    assert.equal(none.status === 400, spec.requestBody?.required === true, `${name} without a body: ${none.text}`)
  }
  assert.ok(accepted > 0)
})

test('every reference leads somewhere, every shared part is used, and nothing is left of the generator', () => {
  const text = JSON.stringify(page)
  const references = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? ''))
  for (const reference of references) assert.notEqual(resolve(page, { $ref: reference }), undefined, reference)
  const shared = Object.entries(page.components).filter(([kind]) => kind !== 'securitySchemes')
  const names = shared.flatMap(([kind, parts]) => Object.keys(parts).map((name) => `#/components/${kind}/${name}`))
  assert.deepEqual(
    names.filter((name) => !references.has(name)),
    [],
  )
  for (const leftover of ['def-', '"$id"', 'Default Response', 'x-body-optional', '"$defs"', 'unsafe'])
    assert.ok(!text.includes(leftover), leftover)
})

test('every list names what it can be filtered by, and how', () => {
  const filters = operations.flatMap(({ spec }) => spec.parameters ?? []).filter(({ name }) => name === 'filter')
  assert.ok(filters.length > 10)
  for (const { description = '' } of filters) assert.match(description, /\$in/)
  const ofUsers = operations
    .find(({ spec }) => spec.operationId === 'listUsers')
    ?.spec.parameters?.find(({ name }) => name === 'filter')
  assert.match(ofUsers?.description ?? '', /\$ilike.* co .*email.*attributes\.<name>/)
})

test('the page to read it by is there without a credential, and everything it loads comes from here', async () => {
  const anonymous = { token: null }
  const { status, text, headers } = await t.get('/api/docs', anonymous)
  assert.equal(status, 200)
  assert.match(text, /<title>Muster API<\/title>/)
  const policy = String(headers['content-security-policy'])
  assert.match(policy, /default-src 'none'/)
  assert.doesNotMatch(policy, /https?:|\*|unsafe/)
  const files = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1] ?? '')
  assert.ok(files.length > 4)
  for (const file of files) {
    assert.match(file, /^\/api\/docs\//)
    assert.equal((await t.get(file, anonymous)).status, 200, file)
  }
  const start = await t.get('/api/docs/static/swagger-initializer.js', anonymous)
  assert.match(start.text, /validatorUrl: null/, 'nobody else is sent the contract')
  assert.deepEqual((await t.get('/api/docs/json', anonymous)).json, page)
})

function partition(values: readonly string[], isFirst: (value: string) => boolean): [string[], string[]] {
  return [values.filter(isFirst), values.filter((value) => !isFirst(value))]
}

function isPublic(spec: Operation['spec']): boolean {
  return spec.security.length === 0
}
