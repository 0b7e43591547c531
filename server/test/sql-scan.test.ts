import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { apiTokenSorts, groupSorts, linkSorts, oauthClientSorts, userSorts } from './sort-keys.ts'
import { addManyRows, refreshStatistics, type Landmarks } from './many-rows.ts'
import { explainAll, type Plan } from './query-plan.ts'
import { captureSql } from './sql-capture.ts'
import { startSso } from '../src/saml/testdata/sso-world.ts'
import { startTestApp, type TestApp } from './start-test-app.ts'

let t: TestApp
let landmarks: Landmarks
let statements = 0

before(async () => {
  t = await startTestApp()
  landmarks = await addManyRows(t, t.acme)
  await addManyRows(t, t.other)
  await refreshStatistics(t)
})

after(async () => {
  console.log(`sql: ${statements} statements explained`)
  await t[Symbol.asyncDispose]()
  assert.ok(statements > 0)
})

/** Statements that may read all of a tenant's rows of one kind, and why. */
const mayWalk: readonly { readonly text: RegExp; readonly because: string }[] = [
  {
    text: /from (personas|purposes) where tenant_id = \S+$/,
    because: 'names of all personas and purposes are kept until one of them changes',
  },
  {
    text: /^select count\(\*\) as "count" from "outbox" where "tenant_id" = \S+$/,
    because: 'admins look at the outbox now and then',
  },
]

/** Explains what an act sends, and refuses every scan, and every walk but that of a page which comes in order from its index. */
async function plansOf(act: () => Promise<unknown>): Promise<Plan[]> {
  // Later than whatever is kept between requests.
  t.clock.advance(61_000)
  const plans = await explainAll(t.location, await captureSql(act))
  assert.ok(plans.length > 0, 'no statement was seen')
  statements += plans.length
  for (const plan of plans) {
    const text = plan.statement.text.replaceAll(/\s+/g, ' ').trim()
    const place = `${text}\n${plan.steps.join('\n')}`
    assert.deepEqual(
      plan.scans.filter((step) => !step.startsWith('SCAN tenants')),
      [],
      place,
    )
    const isOrderedPage = / limit /.test(text) && !plan.sorts && !/ join /.test(text)
    if (!isOrderedPage && !mayWalk.some((known) => known.text.test(text))) assert.deepEqual(plan.walks, [], place)
  }
  return plans
}

async function plansOfGet(path: string): Promise<Plan[]> {
  return plansOf(async () => {
    const answer = await t.get(path)
    assert.equal(answer.status, 200, answer.text)
  })
}

/** Which of the statements reads the rows of this table that are listed. */
function pageOf(plans: readonly Plan[], table: string): Plan {
  const page = plans.find(({ statement }) =>
    new RegExp(`(from|join) "?${table}"? .* order by `, 's').test(statement.text),
  )
  assert.ok(page !== undefined, `no page of ${table} among ${plans.map((plan) => plan.statement.text).join('\n')}`)
  return page
}

/** Whether rows are looked up by this column. */
function expectLookUp(plan: Plan, column: string): void {
  const found = plan.steps.some((step) => step.includes(`${column}=?`) || new RegExp(`\\b${column} = `).test(step))
  assert.ok(found, `nothing is looked up by ${column}:\n${plan.statement.text}\n${plan.steps.join('\n')}`)
}

const pages = [
  { table: 'users', path: '/api/service/users', keys: userSorts },
  { table: 'groups', path: '/api/service/groups', keys: groupSorts },
  { table: 'api_tokens', path: '/api/service/apikeys', keys: apiTokenSorts },
  { table: 'oauth_clients', path: '/api/service/oauth-clients', keys: oauthClientSorts },
  { table: 'personas', path: '/api/service/personas', keys: linkSorts },
  { table: 'purposes', path: '/api/service/purposes', keys: linkSorts },
] as const

for (const { table, path, keys } of pages) {
  test(`a page of ${table} comes from an index in the order asked for, by every key and both ways`, async () => {
    for (const sort of ['', ...keys, ...keys.map((key) => `-${key}`)]) {
      const page = pageOf(await plansOfGet(`${path}?sort=${sort}`), table)
      assert.equal(page.sorts, false, `${path} sorted by ${sort}:\n${page.statement.text}\n${page.steps.join('\n')}`)
    }
  })
}

const lookUps: readonly (readonly [path: string, table: string, filter: (at: Landmarks) => unknown, column: string])[] =
  [
    ['users', 'users', ({ userId }) => ({ id: userId }), 'id'],
    ['users', 'users', ({ userId }) => ({ id: { $in: [userId, userId, 'x'] } }), 'id'],
    ['users', 'users', () => ({ username: 'person77' }), 'username'],
    ['users', 'users', () => ({ $and: [{ username: { $eq: 'person77' } }] }), 'username'],
    ['users', 'users', () => ({ username: { $in: ['person77', 'person78'] } }), 'username'],
    ['users', 'users', () => ({ email: 'PERSON77@example.com' }), 'email_key'],
    ['users', 'users', () => ({ email: { $in: ['person77@example.com', 'person78@example.com'] } }), 'email_key'],
    ['users', 'users', () => 'email eq "person77@example.com"', 'email_key'],
    ['groups', 'groups', ({ groupId }) => ({ id: { $in: [groupId] } }), 'id'],
    ['groups', 'groups', () => ({ name: 'team77' }), 'name'],
    ['apikeys', 'api_tokens', () => ({ id: 'x' }), 'id'],
    ['apikeys', 'api_tokens', () => ({ clientId: 'apikey-x' }), 'client_id'],
    ['oauth-clients', 'oauth_clients', () => ({ id: 'x' }), 'id'],
    ['oauth-clients', 'oauth_clients', () => ({ clientId: 'oauth-client-x' }), 'client_id'],
    ['identity/users', 'users', ({ userId }) => ({ id: { $in: [userId, 'x'] } }), 'id'],
    ['identity/groups', 'groups', ({ groupId }) => ({ id: { $in: [groupId, 'x'] } }), 'id'],
  ]

test('filters for one id, name or address look it up', async () => {
  for (const [path, table, filter, column] of lookUps) {
    const wanted = filter(landmarks)
    const text = encodeURIComponent(typeof wanted === 'string' ? wanted : JSON.stringify(wanted))
    expectLookUp(pageOf(await plansOfGet(`/api/service/${path}?filter=${text}`), table), column)
  }
})

test('a bearer token is found by its hash, and one thing by its id', async () => {
  for (const path of [`users/${landmarks.userId}`, `personas/${landmarks.personaId}`, 'whoami']) {
    const plans = await plansOf(async () => {
      // A token that nothing is remembered of.
      const token = await t.serviceToken('$admin')
      assert.equal((await t.get(`/api/service/${path}`, { token })).status, 200)
    })
    const byHash = plans.find(({ statement }) => statement.text.includes('token_hash = '))
    assert.ok(byHash !== undefined, 'the token was not looked up')
    expectLookUp(byHash, 'token_hash')
  }
})

test('an access token is found by its hash, its client by the secret, and what expired by its client', async () => {
  const client = await t.addOAuthClient('$admin')
  const credentials = { clientId: client.clientId, clientSecret: client.secret }
  for (const _ of [1, 2]) {
    const plans = await plansOf(async () => {
      const { json } = await t.post('/api/service/oauth-clients/token', credentials, { token: null })
      assert.equal((await t.get('/api/service/whoami', { token: json.accessToken })).status, 200)
    })
    const find = (text: string) => plans.find(({ statement }) => statement.text.includes(text))
    for (const [text, column] of [
      ['from access_tokens a', 'token_hash'],
      ['update "oauth_clients"', 'secret_hash'],
      ['delete from "access_tokens"', 'oauth_client_id'],
    ] as const) {
      const plan = find(text)
      assert.ok(plan !== undefined, text)
      expectLookUp(plan, column)
    }
  }
  await plansOf(() => t.delete(`/api/service/oauth-clients/${client.clientId}`))
})

test('members of a group and groups of a user are looked up by what they belong to', async () => {
  expectLookUp(pageOf(await plansOfGet(`/api/service/groups/${landmarks.groupId}/members`), 'users'), 'group_id')
  expectLookUp(pageOf(await plansOfGet(`/api/service/users/${landmarks.userId}/groups`), 'groups'), 'user_id')
})

test('events come newest first from an index, by kind, actor, subject and address', async () => {
  const { userId } = landmarks
  const paths = [
    'events/main',
    `events/main?authUser=${userId}`,
    'events/main?authIpAddress=192.0.2.7',
    'events/main?dateFrom=2026-01-01',
    'events/login',
    `events/login?user=${userId}`,
  ]
  for (const path of paths) {
    const page = pageOf(await plansOfGet(`/api/service/${path}`), 'events')
    expectLookUp(page, 'category')
    assert.equal(page.sorts, false, page.steps.join('\n'))
  }
})

test('the outbox finds what is due without reading what is done', async () => {
  const plans = await plansOf(async () => {
    await t.invite('due@example.com')
    assert.equal(await t.deliverOutbox(), 1)
  })
  const due = plans.filter(({ steps }) => steps.some((step) => step.includes('outbox_due')))
  assert.ok(due.length >= 2, 'finding the tenants and claiming their items both use the index of what is due')
})

test('mappers are looked up by their connection, one by its id, and those of a group by the group', async () => {
  const path = '/api/service/idp/okta/mappers'
  expectLookUp(pageOf(await plansOfGet(path), 'sso_mappers'), 'alias')
  const [first] = (await t.get(path)).json
  await plansOfGet(`${path}/${first.id}`)
  for (const [address, body] of [
    [`${path}/${first.id}`, { config: { group: 'team3', 'attribute.value': 'x' } }],
    [`${path}/${first.id}/delete`, {}],
    [path, { identityProviderMapper: 'saml-group-idp-mapper', config: { group: 'team3', 'attribute.value': 'y' } }],
  ] as const) {
    await plansOf(async () => {
      const answer = await t.post(address, body)
      assert.equal(answer.status, 200, answer.text)
    })
  }
})

test('signing in through an IdP, and out again, looks up what it is about', async () => {
  const sso = await startSso(t, { alias: 'scan' })
  for (const nameId of ['scan-1', 'scan-2']) {
    const attributes = { email: [`${nameId}@example.com`], memberOf: ['team3'] }
    const begun = await sso.begin()
    const field = await sso.idp.respond(sso.values(begun, { nameId, attributes }))
    await plansOf(async () => {
      const answer = await sso.post(field, { cookie: begun.cookie })
      assert.equal(answer.status, 303, answer.text)
    })
  }
  await plansOf(async () => void (await sso.begin()))
})

test('changes read and write the rows they are about', async () => {
  const { userId, groupId, personaId } = landmarks
  const changes: readonly (readonly [string, object])[] = [
    [`/api/service/users/${userId}`, { firstName: 'New', enabled: false, groups: [groupId], persona: [personaId] }],
    [`/api/service/groups/${groupId}`, { alias: 'New' }],
    [`/api/service/groups/${groupId}/members/remove`, { users: [userId] }],
    [`/api/service/groups/${groupId}/members`, { users: [userId] }],
    [`/api/service/personas/${personaId}/subjects`, { users: [userId], groups: [groupId] }],
    ['/api/service/users', { emails: ['another@example.com'] }],
    [`/api/service/users/${userId}/delete`, {}],
    [`/api/service/groups/${groupId}/delete`, {}],
  ]
  for (const [path, body] of changes) {
    await plansOf(async () => {
      const answer = await t.post(path, body)
      assert.equal(answer.status, 200, answer.text)
    })
  }
})
