import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import type { Answer, RequestOptions } from '../../test/test-client.ts'
import { newSecret } from '../secrets/secrets.ts'
import { changePlan } from '../tenants/tenants.service.ts'

const generic = 'The bearer token is not valid for this endpoint.'
const challenge = 'Bearer realm="scim", error="invalid_token"'
let t: TestApp
let connection: string
let token: { readonly id: string; readonly secret: string }

before(async () => {
  t = await startTestApp()
  connection = await t.addConnection()
  token = await t.addScimToken()
})

after(() => t[Symbol.asyncDispose]())

/** Discovery, a list, one thing, an unknown address, a wrong verb and a body that would be refused: none of it is told apart. */
const addresses: readonly (readonly [string, string, RequestOptions])[] = [
  ['GET', '/api/scim/v2/ServiceProviderConfig', {}],
  ['GET', '/api/scim/v2/Schemas', {}],
  ['GET', '/api/scim/v2/ResourceTypes', {}],
  ['GET', '/api/scim/v2/Users', {}],
  ['GET', '/api/scim/v2/Users/nobody', {}],
  ['GET', '/api/scim/v2/nothing-here', {}],
  ['GET', '/api/scim/v3/Users', {}],
  ['DELETE', '/api/scim/v2/Schemas', {}],
  ['POST', '/api/scim/v2/Users', { rawBody: '{"broken' }],
  ['POST', '/api/scim/v2/Users', { rawBody: 'a=b', headers: { 'content-type': 'text/plain' } }],
  ['GET', '/api/service/scim/Users', {}],
  ['GET', '/api/service/scim/v2/Groups', {}],
]

function expectRefusal(answer: Answer, detail: string, place: string, header = challenge): void {
  assert.equal(answer.status, 401, `${place}: ${answer.text}`)
  assert.match(String(answer.headers['content-type']), /^application\/scim\+json/, place)
  assert.equal(answer.headers['www-authenticate'], header, place)
  assert.deepEqual(
    answer.json,
    { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '401', detail },
    place,
  )
}

async function expectRefusedEverywhere(options: RequestOptions, detail: string, header?: string): Promise<void> {
  for (const [method, path, own] of addresses) {
    const answer = await t.request(method, path, {
      ...own,
      ...options,
      headers: { ...own.headers, ...options.headers },
    })
    expectRefusal(answer, detail, `${method} ${path}`, header)
  }
}

const planMissing = 'SCIM is part of the enterprise plan.'
const samlMissing = 'SAML single sign-on is not set up for this workspace.'
const switchedOff = 'SCIM provisioning is switched off.'

async function arrange({ plan, saml, isOn }: { plan: boolean; saml: boolean; isOn: boolean }): Promise<void> {
  await changePlan(t.operator(), 'enterprise')
  await t.post(`/api/muster/sso-connections/${connection}`, { enabled: true })
  await t.post('/api/muster/scim/settings', { enabled: isOn })
  await t.post(`/api/muster/sso-connections/${connection}`, { enabled: saml })
  await changePlan(t.operator(), plan ? 'enterprise' : 'standard')
}

for (const plan of [true, false]) {
  for (const saml of [true, false]) {
    for (const isOn of [true, false]) {
      const missing = !plan ? planMissing : !saml ? samlMissing : !isOn ? switchedOff : undefined
      const name = `plan ${plan ? 'enterprise' : 'standard'}, SAML ${saml ? 'on' : 'off'}, SCIM ${isOn ? 'on' : 'off'}`
      test(`${name}: ${missing ?? 'open'} for the right token, the same sentence as always for any other`, async () => {
        await arrange({ plan, saml, isOn })
        if (missing === undefined)
          assert.equal((await t.get('/api/scim/v2/Users', { token: token.secret })).status, 200)
        else await expectRefusedEverywhere({ token: token.secret }, missing)
        await expectRefusedEverywhere({ token: newSecret('mscim_') }, generic)
        await expectRefusedEverywhere({ token: null }, 'Credentials are required.', 'Bearer realm="scim"')
        await arrange({ plan: true, saml: true, isOn: true })
      })
    }
  }
}

test('a connection whose last certificate ran out closes SCIM, and a new certificate opens it', async () => {
  await using own = await startTestApp()
  const { certificates } = await import('../sso-connections/testdata/certificates.ts')
  const values = { entityId: 'https://idp.example.com', signOnUrl: 'https://idp.example.com/sso' }
  const { json } = await own.post('/api/muster/sso-connections', {
    alias: 'short',
    ...values,
    certificates: [certificates.short],
  })
  const { secret } = await own.addScimToken()
  assert.equal((await own.get('/api/scim/v2/Users', { token: secret })).status, 200)
  own.clock.advance(86_400_000)
  expectRefusal(await own.get('/api/scim/v2/Users', { token: secret }), samlMissing, 'after the last certificate')
  await own.post(`/api/muster/sso-connections/${json.id}`, { ...values, certificates: [certificates.rsa] })
  assert.equal((await own.get('/api/scim/v2/Users', { token: secret })).status, 200)
})

test('V-S8 whatever is wrong with a credential is answered in one sentence, at every address', async () => {
  const right = token.secret
  const ended = await t.addScimToken()
  await t.delete(`/api/muster/scim/tokens/${ended.id}`)
  const foreign = await t.addScimToken({}, t.other)
  const user = await t.addUser('somebody', '$admin')
  const client = await t.addOAuthClient('$admin')
  const wrong: readonly RequestOptions[] = [
    { token: right.slice(0, -1) },
    { token: `${right}=` },
    { token: `${right}A` },
    { token: right.toUpperCase() },
    { token: ended.secret },
    { token: foreign.secret },
    { token: t.acme.token },
    { token: user.token },
    { token: await t.accessToken(client) },
    { token: newSecret('msess_') },
    { token: null, headers: { authorization: `Basic ${Buffer.from(`scim:${right}`).toString('base64')}` } },
    { token: null, headers: { authorization: right } },
    { token: null, headers: { authorization: `Bearer ${right} ${right}` } },
    { token: null, headers: { authorization: [`Bearer ${right}`, `Bearer ${right}`] } },
    { token: null, headers: { authorization: 'Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln' } },
  ]
  for (const options of wrong) await expectRefusedEverywhere(options, generic)
})

test('a token in the address, in a cookie or in a form opens nothing', async () => {
  const { secret } = token
  const bare = 'Bearer realm="scim"'
  for (const name of ['access_token', 'token', 'authorization'])
    expectRefusal(
      await t.get(`/api/scim/v2/Users?${name}=${secret}`, { token: null }),
      'Credentials are required.',
      name,
      bare,
    )
  for (const name of ['__Host-muster', 'access_token']) {
    const headers = { cookie: `${name}=${secret}` }
    const answer = await t.get('/api/scim/v2/Users', { token: null, headers })
    expectRefusal(answer, 'Credentials are required.', `cookie ${name}`, bare)
  }
})

test('a SCIM token opens nothing of the REST API', async () => {
  for (const path of [
    '/api/service/users',
    '/api/service/whoami',
    '/api/muster/scim/tokens',
    '/api/muster/scim/log',
    '/api/service/nothing-here',
    '/api/service/scimmy',
  ]) {
    const answer = await t.get(path, { token: token.secret })
    assert.deepEqual([answer.status, answer.json.error], [401, 'invalid_token'], path)
  }
})

test('a token that may only read is 403 for every write, and reads all', async () => {
  const reader = await t.addScimToken({ access: 'read' })
  const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User']
  const made = await t.post('/api/scim/v2/Users', { schemas, userName: 'r@example.com' }, { token: token.secret })
  const path = `/api/scim/v2/Users/${made.json.id}`
  assert.equal((await t.get(path, { token: reader.secret })).status, 200)
  assert.equal(
    (await t.post('/api/scim/v2/Users/.search', { schemas: [] }, { token: reader.secret })).status < 500,
    true,
  )
  const writes: readonly (readonly [string, string, object?])[] = [
    ['POST', '/api/scim/v2/Users', { schemas, userName: 's@example.com' }],
    ['PUT', path, { schemas, userName: 's@example.com' }],
    ['PATCH', path, { Operations: [] }],
    ['DELETE', path],
    ['POST', '/api/scim/v2/Groups', { displayName: 'x' }],
    ['POST', '/api/scim/v2/Bulk', { Operations: [] }],
  ]
  for (const [method, address, body] of writes) {
    const answer = await t.request(method, address, { token: reader.secret, ...(body === undefined ? {} : { body }) })
    assert.deepEqual([answer.status, answer.json.status], [403, '403'], `${method} ${address}: ${answer.text}`)
  }
  await t.delete(`/api/muster/scim/tokens/${reader.id}`)
})

test('only version 2 is served, under every prefix and in any case; others are named by their scimType', async () => {
  for (const prefix of ['/api/scim', '/api/service/scim']) {
    for (const version of ['', '/v2', '/V2']) {
      const answer = await t.get(`${prefix}${version}/Users?count=0`, { token: token.secret })
      assert.equal(answer.status, 200, `${prefix}${version}`)
    }
    for (const version of ['v1', 'v3', 'V3', 'v22']) {
      for (const rest of ['', '/Users', '/Groups', '/Groups/x', '/nothing']) {
        const { status, json } = await t.get(`${prefix}/${version}${rest}`, { token: token.secret })
        assert.deepEqual(
          [status, json.status, json.scimType],
          [400, '400', 'invalidVers'],
          `${prefix}/${version}${rest}`,
        )
      }
    }
  }
})

test('a host that is no workspace is told in SCIM’s own words, before any credential', async () => {
  for (const secret of [null, token.secret]) {
    const answer = await t.get('/api/scim/v2/Users', { token: secret, host: 'nowhere.example.com' })
    assert.deepEqual([answer.status, answer.json.status], [421, '421'])
    assert.match(String(answer.headers['content-type']), /^application\/scim\+json/)
  }
})

test('what a filter or path says is never repeated at length, nor as anything but a quoted text', async () => {
  const hostile = `<script>\u2028"\\${'x'.repeat(5_000)}`
  const filters = [
    `${'y'.repeat(5_000)} eq "1"`,
    `userName eq ${'z'.repeat(5_000)}`,
    `userName eq "a" ${hostile}`,
    `emails[${'q'.repeat(3_000)} eq "1"]`,
    'nothing eq "1"',
  ]
  for (const filter of filters) {
    const { status, json } = await t.get(`/api/scim/v2/Users?filter=${encodeURIComponent(filter)}`, {
      token: token.secret,
    })
    assert.deepEqual([status, json.scimType], [400, 'invalidFilter'], filter.slice(0, 40))
    assert.ok(json.detail.length < 250, json.detail)
    assert.doesNotMatch(json.detail, /[\u0000-\u001f\u2028]/)
  }
  const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User']
  const made = await t.post('/api/scim/v2/Users', { schemas, userName: 'f@example.com' }, { token: token.secret })
  for (const path of [`emails[${'q'.repeat(3_000)} eq "1"].value`, 'p'.repeat(3_000), hostile]) {
    const body = {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'replace', path, value: 'x' }],
    }
    const answer = await t.request('PATCH', `/api/scim/v2/Users/${made.json.id}`, { token: token.secret, body })
    assert.equal(answer.status, 400, answer.text)
    assert.ok(answer.json.detail.length < 250, answer.text)
  }
  const taken = await t.request('PATCH', `/api/scim/v2/Users/${made.json.id}`, {
    token: token.secret,
    body: {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'replace', path: 'userName', value: 'r@example.com' }],
    },
  })
  assert.deepEqual([taken.status, taken.json.scimType], [409, 'uniqueness'])
  assert.doesNotMatch(taken.json.detail, /r@example/)
})
