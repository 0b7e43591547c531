import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp, type TestUser } from '../../test/start-test-app.ts'

let t: TestApp
let user: TestUser

before(async () => {
  t = await startTestApp()
  user = await t.addUser('user01')
})

after(() => t[Symbol.asyncDispose]())

/** To an address that ignores what it does not know, so that only the reading of the body decides. */
function send(rawBody: string | Buffer, headers: Readonly<Record<string, string>> = {}) {
  return t.request('POST', `/api/service/users/${user.id}`, { rawBody, headers })
}

function nested(depth: number, open = '[', close = ']'): string {
  return `{"x":${open.repeat(depth - 1)}${close.repeat(depth - 1)}}`
}

test('names through which objects are polluted are refused at any depth and in any spelling (V-D4)', async () => {
  for (const name of ['__proto__', 'constructor', '\\u005f_proto__', '__prot\\u006f__', 'c\\u006fnstructor']) {
    for (const body of [
      `{"${name}":1}`,
      `{"${name}":{"polluted":true}}`,
      `{"a":{"b":[{"${name}":null}]}}`,
      `{"attributes":{"${name}":["x"]}}`,
      `[{"${name}":1}]`,
    ]) {
      const answer = await send(body)
      assert.equal(answer.status, 400, body)
      assert.equal(answer.json.error, 'invalid_body', body)
    }
  }
  assert.equal(Reflect.get({}, 'polluted'), undefined)
  assert.equal((await send('{"x":"__proto__","y":["constructor"]}')).status, 200, 'as a value it is text')
})

test('a name twice in one object is refused, in any spelling; the same name in two objects is fine (V-D4)', async () => {
  for (const body of [
    '{"firstName":"a","firstName":"b"}',
    '{"a":{"b":1,"c":2,"b":1}}',
    '[{"a":1,"a":1}]',
    '{"a":1,"\\u0061":2}',
    '{"":1,"":2}',
  ]) {
    assert.equal((await send(body)).status, 400, body)
  }
  assert.equal((await send('{"x":{"a":1},"y":{"a":1},"z":[{"a":1},{"a":1}]}')).status, 200)
})

test('a body is 32 deep and 10,000 values wide at most (V-D4)', async () => {
  assert.equal((await send(nested(32))).status, 200)
  assert.equal((await send(nested(33))).status, 400)
  assert.equal((await send(`{"x":${'{"a":'.repeat(31)}1${'}'.repeat(31)}}`)).status, 200)
  assert.equal((await send(`{"x":${'{"a":'.repeat(32)}1${'}'.repeat(32)}}`)).status, 400)
  assert.equal((await send(nested(100_000))).status, 400, 'depth costs no stack')
  // The object, the list and its entries.
  const list = (count: number) => `{"x":[${Array.from({ length: count }, () => '1').join(',')}]}`
  assert.equal((await send(list(9_998))).status, 200)
  assert.equal((await send(list(9_999))).status, 400)
})

test('NUL and half surrogate pairs are refused in names and values (V-D9)', async () => {
  for (const text of ['a\\u0000b', '\\ud800', '\\udc00', 'a\\ud83d', '\\ude00\\ud83d', '\\ud800\\u0041']) {
    for (const body of [`{"firstName":"${text}"}`, `{"${text}":1}`, `{"x":["${text}"]}`])
      assert.equal((await send(body)).status, 400, body)
  }
  assert.equal((await send('{"firstName":"\\ud83d\\ude00"}')).json.firstName, '😀')
  assert.equal((await send('{"firstName":"😀"}')).status, 200)
})

test('what is not JSON is refused, and the message says where without repeating what was sent', async () => {
  const texts = [
    '{',
    '}',
    '{"a"}',
    '{"a":}',
    '{a:1}',
    "{'a':1}",
    '{"a":1,}',
    '[1,]',
    '[,1]',
    '{"a":1}{"b":2}',
    '{"a":1} x',
    'undefined',
    'NaN',
    'Infinity',
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    '0x10',
    '"a',
    '"\t"',
    '"\\x41"',
    '"\\u12"',
    'tru',
    'nullx',
    '/* a */{}',
    '{"a":1}//',
    '\ufeff{"a":1}',
    ' ',
    '\n',
    '\u00a0{}',
    '{"canary":canary}',
    '<canary/>',
    'canary=1',
    '{"a":1;}',
  ]
  for (const text of texts) {
    const answer = await send(text)
    assert.equal(answer.status, 400, JSON.stringify(text))
    assert.equal(answer.json.error, 'invalid_body', JSON.stringify(text))
    assert.ok(!answer.text.includes('canary'))
  }
  assert.match((await send('{"a":1,}')).json.message, /character \d+/)
})

test('bytes that are no UTF-8 do not get through as something else', async () => {
  const { json: before } = await t.get(`/api/service/users/${user.id}`)
  for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xc0, 0x80]]) {
    const body = Buffer.concat([Buffer.from('{"lastName":"'), Buffer.from(bytes), Buffer.from('"}')])
    const answer = await send(body)
    if (answer.status === 200) assert.match(answer.json.lastName, /^\ufffd+\(?$/, 'replaced, visibly')
    else assert.equal(answer.status, 400)
  }
  await send(JSON.stringify({ lastName: before.lastName }))
})

test('JSON that announces itself and sends nothing is no body, on every verb (V-D3)', async () => {
  const group = await t.addGroup('data')
  const headers = { 'content-type': 'application/json', 'content-length': '0' }
  for (const [method, path, status] of [
    ['GET', '/api/service/users', 200],
    ['GET', '/api/service/whoami', 200],
    ['HEAD', '/api/service/users', 200],
    ['POST', `/api/service/groups/${group}/delete`, 200],
    ['POST', '/api/service/users', 400],
    ['PUT', `/api/service/users/${user.id}/roles`, 400],
    ['DELETE', `/api/service/apikeys/${user.id}`, 404],
    ['DELETE', `/api/service/users/${user.id}`, 405],
  ] as const) {
    for (const sent of [headers, { 'content-type': 'application/json' }, {}]) {
      const answer = await t.request(method, path, { headers: sent })
      const repeated = path.endsWith('/delete') && answer.status === 404
      assert.ok(
        answer.status === status || repeated,
        `${method} ${path} ${JSON.stringify(sent)}: ${answer.status} ${answer.text}`,
      )
    }
  }
})

test('where every field is optional the body is too, with or without its type', async () => {
  for (const options of [{}, { rawBody: '' }, { rawBody: '{}' }]) {
    const group = await t.addGroup(`group-${JSON.stringify(options).length}`)
    assert.equal(
      (await t.request('POST', `/api/service/groups/${group}/delete`, options)).status,
      200,
      JSON.stringify(options),
    )
  }
})

test('exact types are asked for: no text for numbers, no numbers for text, no lists for one', async () => {
  for (const body of [
    { firstName: 1 },
    { firstName: ['a'] },
    { firstName: { a: 1 } },
    { firstName: true },
    { enabled: 'false' },
    { enabled: 0 },
    { attributes: 'x' },
    { attributes: { skills: 'x' } },
    { groups: 'x' },
  ]) {
    const answer = await send(JSON.stringify(body))
    assert.equal(answer.status, 400, JSON.stringify(body))
    assert.match(answer.json.message, new RegExp(`^${Object.keys(body)[0]}`), 'the message names the field')
  }
})

test('a body that is not UTF-8 is refused, never repaired in silence', async () => {
  for (const bytes of [[0xff], [0xfc], [0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
    const body = Buffer.concat([Buffer.from('{"firstName":"J'), Buffer.from(bytes), Buffer.from('"}')])
    const answer = await send(body)
    assert.equal(answer.status, 400, JSON.stringify(bytes))
    assert.equal(answer.json.error, 'invalid_body')
    assert.match(answer.json.message, /UTF-8/)
  }
  assert.equal((await send('{"firstName":"Jürgen 山"}')).json.firstName, 'Jürgen 山')
})

test('a wrong type is answered with the right one, in words', async () => {
  for (const [body, message] of [
    ['', 'The body must be an object.'],
    ['[]', 'The body must be an object.'],
    ['{"firstName":1}', 'firstName must be a string.'],
    ['{"enabled":"false"}', 'enabled must be true or false.'],
    ['{"attributes":{"skills":"x"}}', 'attributes.skills must be an array.'],
  ] as const) {
    assert.equal((await send(body)).json.message, message, body)
  }
  const { json } = await t.post('/api/service/apikeys', { displayName: 'x', validitySeconds: 1.5 })
  assert.equal(json.message, 'validitySeconds must be a whole number.')
})
