import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { apiTokenSorts, groupSorts, linkSorts, oauthClientSorts, userSorts } from './sort-keys.ts'
import { addManyRows, refreshStatistics, type Landmarks } from './many-rows.ts'
import { explainAll, type Plan } from './query-plan.ts'
import { captureSql } from './sql-capture.ts'
import { TestBrowser } from './test-browser.ts'
import { startSso } from '../src/saml/testdata/sso-world.ts'
import { startTestApp, type TestApp } from './start-test-app.ts'

let t: TestApp
let landmarks: Landmarks
let scim: string
let statements = 0

before(async () => {
  t = await startTestApp()
  landmarks = await addManyRows(t, t.acme)
  await addManyRows(t, t.other)
  await t.sealEvents()
  scim = (await t.addScimToken()).secret
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
  {
    text: /from groups where groups\.tenant_id = \S+ \S+ and groups\.timed_members = 0 order by groups\.member_count \w+, groups\.id \w+ limit /,
    because: 'this part of the statement comes in the order of the index and ends with the page',
  },
  {
    text: /^select kind, id, seq, missing, value from .* order by value asc, seq asc limit 11 offset 0$/,
    because: 'an index gives the order, in which only neighbours made in one millisecond have yet to be put',
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
    const inner = /^select .* from \((select .*)\) page /.exec(text)?.[1]
    const judged = inner !== undefined && / limit /.test(inner) ? inner : text
    const isOrderedPage = / limit /.test(judged) && !plan.sorts && !/ join /.test(judged)
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
    new RegExp(`(from|join) ("?searched_${table}"? as )?"?${table}"? .* order by `, 's').test(statement.text),
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
      // Groups with time-bound members are sorted in between those that come from the index.
      const isMerged = page.statement.text.includes('union all')
      assert.equal(page.sorts, isMerged, `${path} sorted by ${sort}:\n${page.statement.text}\n${page.steps.join('\n')}`)
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

test('what users hold beside their role is looked up by the user, and a group’s time-bound members by the group', async () => {
  const { userId, groupId } = landmarks
  for (const [path, table] of [
    [`/api/muster/users/${userId}/role-grants`, 'roles'],
    [`/api/muster/users/${userId}/sub-roles`, 'roles'],
    [`/api/muster/users/${userId}/decentralized-roles`, 'decentralized_roles'],
  ] as const)
    expectLookUp(pageOf(await plansOfGet(path), table), 'user_id')
  expectLookUp(pageOf(await plansOfGet(`/api/muster/groups/${groupId}/members`), 'users'), 'group_id')
  const timeBound = encodeURIComponent('{"timeBound":true}')
  await plansOfGet(`/api/muster/groups/${groupId}/members?filter=${timeBound}`)
  const counted = (await plansOfGet(`/api/service/groups/${groupId}/members`)).find(({ statement }) =>
    statement.text.includes('count(*)'),
  )
  assert.ok(counted !== undefined, 'the time-bound members were not counted')
  expectLookUp(counted, 'group_id')
})

test('filters that ask the clock look nothing up but what belongs to the row', async () => {
  for (const [path, filter] of [
    ['users', { workspaceRole: '$guest', username: 'person77' }],
    ['users', { roles: '$governance-admin', username: 'person78' }],
    ['users', { groups: landmarks.groupId, username: 'person77' }],
    ['users', { groupCount: { $gt: 1 }, username: 'person77' }],
    ['groups', { userCount: { $gt: 2 }, name: 'team77' }],
    ['roles', { memberCount: { $gt: 2 } }],
  ] as const)
    await plansOfGet(`/api/service/${path}?filter=${encodeURIComponent(JSON.stringify(filter))}`)
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

test('signing in, going on, asking for a new password and signing out read the rows they are about', async () => {
  const user = await t.addUser('signing-in')
  const browser = new TestBrowser(t)
  await plansOf(() => browser.signIn('signing-in', 'not the right one'))
  t.clock.advance(60_000)
  await plansOf(async () => assert.equal((await browser.signIn('signing-in')).status, 303))
  await plansOf(async () => assert.equal((await browser.open('/auth/account')).status, 200))
  await plansOf(async () =>
    assert.equal((await t.get('/api/service/whoami', { token: await browser.bearer() })).status, 200),
  )
  await plansOf(async () => {
    await new TestBrowser(t).send('/auth/forgot-password', { login: user.email })
    await t.deliverOutbox()
  })
  const link = new URL(/http\S+/.exec(t.mails.at(-1)?.text ?? '')?.[0] ?? '')
  await plansOf(async () => {
    const other = new TestBrowser(t)
    await other.open(`${link.pathname}${link.search}`)
    assert.equal((await other.submit('/auth/reset-password', { password: 'another long sentence' })).status, 200)
  })
  await plansOf(() => t.post(`/api/muster/users/${landmarks.userId}/sessions/end`))
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
  const [roleId, subRoleId] = [await t.roleId('$guest'), await t.roleId('$workflow-admin')]
  const changes: readonly (readonly [string, object])[] = [
    [`/api/service/users/${userId}`, { firstName: 'New', enabled: false, groups: [groupId], persona: [personaId] }],
    [`/api/service/groups/${groupId}`, { alias: 'New' }],
    [`/api/service/groups/${groupId}/members/remove`, { users: [userId] }],
    [`/api/service/groups/${groupId}/members`, { users: [userId] }],
    [`/api/muster/groups/${groupId}/members`, { members: [{ userId, expiresAt: '2030-01-01T00:00:00Z' }] }],
    [`/api/muster/users/${userId}/role-grants`, { roleId, expiresAt: '2030-01-01T00:00:00Z' }],
    [`/api/muster/users/${userId}/sub-roles`, { roleId: subRoleId }],
    [`/api/muster/users/${userId}/decentralized-roles`, { roleId, level: 'connection', privilege: 'admin' }],
    [`/api/service/users/${userId}/roles/update`, { roleId }],
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

test('sealing looks up what waits, then the end of the chain, and writes each event by its key', async () => {
  await t.sealEvents()
  const plans = await plansOf(async () => {
    await t.invite('sealed@example.com')
    await t.sealEvents()
  })
  const writing = plans.find(({ statement }) => statement.text.startsWith('update events set seq'))
  assert.ok(writing !== undefined, 'nothing was sealed')
  expectLookUp(writing, 'id')
  const steps = plans.flatMap((plan) => plan.steps)
  for (const index of ['events_unsealed', 'events_seq_unique'])
    assert.ok(
      steps.some((step) => step.includes(index)),
      `${index} is not used`,
    )
})

test('an export by days looks up a minute at each end, and then the places in between', async () => {
  await t.sealEvents()
  const plans = await plansOf(async () => {
    const answer = await t.get('/api/muster/audit/export?from=2026-01-02&to=2026-01-02')
    assert.equal(answer.status, 200)
  })
  const ends = plans.filter(({ statement }) => /^select (min|max)\(/.test(statement.text))
  assert.ok(ends.length >= 2)
  for (const plan of ends) expectLookUp(plan, 'category')
})

/** An identity provider's request, with the token it has. */
async function plansOfScim(method: string, path: string, body?: object): Promise<Plan[]> {
  return plansOf(async () => {
    const answer = await t.request(method, `/api/scim/v2/${path}`, {
      token: scim,
      ...(body === undefined ? {} : { body }),
    })
    assert.ok(answer.status < 300, answer.text)
    await t.settleScim()
  })
}

const scimFilters: readonly (readonly [path: string, table: string, filter: string, column: string])[] = [
  ['Users', 'users', 'userName eq "person77"', 'username_key'],
  ['Users', 'users', 'id eq "nobody"', 'id'],
  ['Users', 'users', 'externalId eq "ext77"', 'external_id'],
  ['Users', 'users', 'emails.value eq "person77@example.com"', 'value_key'],
  ['Users', 'users', 'emails eq "person77@example.com"', 'value_key'],
  ['Users', 'users', 'emails[type eq "work" and value eq "person77@example.com"]', 'value_key'],
  ['Groups', 'groups', 'displayName eq "Team 77"', 'alias_key'],
  ['Groups', 'groups', 'externalId eq "ext77"', 'external_id'],
]

test('what identity providers look for is looked up: names, external ids, addresses, members', async () => {
  for (const [path, table, filter, column] of scimFilters) {
    const plans = await plansOfScim('GET', `${path}?filter=${encodeURIComponent(filter)}`)
    const page = pageOf(plans, table)
    expectLookUp(page, column)
    assert.deepEqual(page.walks, [], `${filter}:\n${page.statement.text}\n${page.steps.join('\n')}`)
  }
  for (const [path, filter] of [
    ['Users', 'userName co "rson77"'],
    ['Users', 'name.familyName co "ast77" and active eq true'],
    ['Groups', 'displayName co "eam 77"'],
  ] as const) {
    const page = pageOf(await plansOfScim('GET', `${path}?filter=${encodeURIComponent(filter)}`), path.toLowerCase())
    assert.deepEqual(page.walks, [], `${filter}:\n${page.statement.text}\n${page.steps.join('\n')}`)
  }
  const { userId, groupId } = landmarks
  expectLookUp(
    pageOf(await plansOfScim('GET', `Groups?filter=${encodeURIComponent(`members.value eq "${userId}"`)}`), 'groups'),
    'user_id',
  )
  await plansOfScim('GET', `Users?filter=${encodeURIComponent(`groups.value eq "${groupId}"`)}`)
})

test('pages of SCIM come from an index in their order, by cursor and by number', async () => {
  for (const path of ['Users', 'Groups']) {
    const first = await t.get(`/api/scim/v2/${path}?count=10&cursor`, { token: scim })
    const next = encodeURIComponent(first.json.nextCursor)
    for (const query of ['count=10', 'count=10&cursor', `count=10&cursor=${next}`, 'count=10&startIndex=500']) {
      const page = pageOf(await plansOfScim('GET', `${path}?${query}`), path.toLowerCase())
      assert.equal(page.sorts, false, `${path}?${query}:\n${page.statement.text}\n${page.steps.join('\n')}`)
    }
  }
  for (const sortBy of ['userName', 'meta.created', 'meta.lastModified']) {
    const { json } = await t.get(`/api/scim/v2/Users?count=10&cursor&sortBy=${sortBy}`, { token: scim })
    for (const cursor of ['', `=${encodeURIComponent(json.nextCursor)}`]) {
      const page = pageOf(await plansOfScim('GET', `Users?count=10&cursor${cursor}&sortBy=${sortBy}`), 'users')
      // Neighbours with equal values may be put in order.
      const whole = page.steps.filter((step) => step === 'USE TEMP B-TREE FOR ORDER BY' || /^Sort\b/.test(step))
      assert.deepEqual(whole, [], `${sortBy}:\n${page.statement.text}\n${page.steps.join('\n')}`)
    }
  }
})

test('changes by an identity provider read and write the rows they are about', async () => {
  // The landmarks themselves were deleted further up.
  const nextTo = (landmark: string, step: number) =>
    landmark.replace(/[0-9]+$/, (number) => String(Number(number) + step))
  const [userId, groupId] = [nextTo(landmarks.userId, 50), nextTo(landmarks.groupId, 50)]
  const others = Array.from({ length: 10 }, (_, index) => nextTo(landmarks.userId, 100 + index))
  const userUrn = 'urn:ietf:params:scim:schemas:core:2.0:User'
  const groupUrn = 'urn:ietf:params:scim:schemas:core:2.0:Group'
  const patch = (op: string, path: string, value?: unknown) => ({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op, path, ...(value === undefined ? {} : { value }) }],
  })
  await plansOfScim('GET', `Users/${userId}`)
  await plansOfScim('GET', `Groups/${groupId}`)
  await plansOfScim('GET', `Groups/${groupId}?excludedAttributes=members`)
  await plansOfScim('POST', 'Users', { schemas: [userUrn], userName: 'fresh@example.com', externalId: 'fresh' })
  await plansOfScim('PUT', `Users/${userId}`, { schemas: [userUrn], userName: 'other@example.com', title: 'Boss' })
  await plansOfScim('PATCH', `Users/${userId}`, patch('replace', 'active', false))
  await plansOfScim('POST', 'Groups', { schemas: [groupUrn], displayName: 'Fresh', members: [{ value: userId }] })
  const members = others.map((value) => ({ value }))
  await plansOfScim('PATCH', `Groups/${groupId}`, patch('add', 'members', members))
  await plansOfScim('PATCH', `Groups/${groupId}`, patch('remove', 'members', members))
  await plansOfScim('PATCH', `Groups/${groupId}`, patch('remove', `members[value eq "${userId}"]`))
  await plansOfScim('PUT', `Groups/${groupId}`, {
    schemas: [groupUrn],
    displayName: 'Team',
    members: members.slice(0, 10),
  })
  await plansOfScim('DELETE', `Users/${userId}`)
  await plansOfScim('DELETE', `Groups/${groupId}`)
})

test('the log of SCIM is read by its number, person, external id and outcome', async () => {
  const { userId } = landmarks
  for (const query of ['', '?before=2000', '?from=2026-01-01T00:00:00Z'])
    assert.equal(pageOf(await plansOfGet(`/api/muster/scim/log${query}`), 'scim_log').sorts, false, query)
  for (const [query, column] of [
    [`?user=${userId}`, 'subject_id'],
    ['?externalId=ext77', 'external_id'],
    ['?outcome=refused', 'outcome'],
    ['?requestId=nothing', 'request_id'],
  ] as const)
    expectLookUp(pageOf(await plansOfGet(`/api/muster/scim/log${query}`), 'scim_log'), column)
})
