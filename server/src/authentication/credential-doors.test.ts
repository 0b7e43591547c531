import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { password, startTestApp, type TestApp, type TestClient } from '../../test/start-test-app.ts'
import type { Answer } from '../../test/test-client.ts'
import { newSecret } from '../secrets/secrets.ts'

const exchange = '/api/service/oauth-clients/token'

let t: TestApp
let client: TestClient
/** A secret of every kind, each alive; those of kinds that nothing issues yet are of the right form. */
let secrets: Readonly<Record<string, string>>

before(async () => {
  t = await startTestApp()
  client = await t.addOAuthClient('$admin')
  secrets = {
    'personal token': (await t.addUser('admin01', '$admin')).token,
    'service token': t.acme.token,
    'access token': await t.accessToken(client),
    'secret of an OAuth client': client.secret,
    'id of an OAuth client': client.clientId,
    'invitation token': await t.invitationToken(await t.invite('invited@example.com', '$admin')),
    'SCIM token': newSecret('mscim_'),
    'session token': newSecret('msess_'),
    'webhook secret': 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    password,
  }
})

after(() => t[Symbol.asyncDispose]())

/** Where credentials are taken, each with the kinds that open it. */
const doors: Readonly<Record<string, { opens: readonly string[]; knock: (secret: string) => Promise<Answer> }>> = {
  'the API': {
    opens: ['personal token', 'service token', 'access token'],
    knock: (token) => t.get('/api/service/whoami', { token }),
  },
  'the API of our own': {
    opens: ['personal token', 'service token', 'access token'],
    knock: (token) => t.get('/api/muster/invitations', { token }),
  },
  'the exchange of a secret for an access token': {
    opens: ['secret of an OAuth client'],
    knock: (clientSecret) => t.post(exchange, { clientId: client.clientId, clientSecret }, { token: null }),
  },
  'the exchange, as the name of the client': {
    opens: ['id of an OAuth client'],
    knock: (clientId) => t.post(exchange, { clientId, clientSecret: client.secret }, { token: null }),
  },
  'the page of an invitation': {
    opens: ['invitation token'],
    knock: (token) => t.get('/auth/accept-invite', { token: null, headers: { cookie: `muster-invite=${token}` } }),
  },
  // Last, since the invitation is used up by it.
  'the acceptance of an invitation': {
    opens: ['invitation token'],
    knock: (token) => t.post('/auth/accept-invite', { token, password }, { token: null }),
  },
}

for (const [door, { opens, knock }] of Object.entries(doors)) {
  test(`${door} is opened by ${opens.join(', ')}, and by no other kind of credential (V-K8)`, async () => {
    const others = Object.keys(secrets).filter((kind) => !opens.includes(kind))
    const refusals = new Set<string>()
    for (const kind of others) {
      const { status, text, headers } = await knock(secrets[kind] ?? assert.fail())
      assert.ok(status === 400 || status === 401, `${kind}: ${status} ${text}`)
      refusals.add(`${status} ${headers['content-type']?.includes('json') === true ? JSON.parse(text).error : ''}`)
    }
    assert.equal(refusals.size, 1, [...refusals].join(', '))
    for (const kind of opens) assert.equal((await knock(secrets[kind] ?? assert.fail())).status, 200, kind)
  })
}
