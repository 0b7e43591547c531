import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { v4 as uuid } from 'uuid'
import { tokenList } from '../src/api-tokens/api-tokens.fields.ts'
import { groupList } from '../src/groups/groups.fields.ts'
import { invitationList } from '../src/invitations/invitations.fields.ts'
import type { ListShape } from '../src/lists/list-shape.ts'
import { oauthClientList } from '../src/oauth-clients/oauth-clients.fields.ts'
import { outboxList } from '../src/mail/outbox.fields.ts'
import { personaList } from '../src/personas/personas.fields.ts'
import { purposeList } from '../src/purposes/purposes.fields.ts'
import { roleList } from '../src/roles/roles.fields.ts'
import { newSecret } from '../src/secrets/secrets.ts'
import { userList } from '../src/users/users.fields.ts'
import { splitOperation } from './authz-matrix.ts'
import { makeObject } from './authz-world.ts'
import { listOperations, type ContractPage } from './contract-page.ts'
import { hashDatabase, hashTenant } from './database-hash.ts'
import { bodyFields, filterFields, makeIds, otherFields, queryParameters, type Ids } from './foreign-ids.ts'
import { startTestApp, type TestApp } from './start-test-app.ts'
import type { Answer } from './test-client.ts'

const shapes: Readonly<Record<string, ListShape>> = {
  '/api/service/users': userList,
  '/api/service/groups/{group}/members': userList,
  '/api/service/groups': groupList,
  '/api/service/v2/groups': groupList,
  '/api/service/users/{user}/groups': groupList,
  '/api/service/roles': roleList,
  '/api/service/personas': personaList,
  '/api/service/purposes': purposeList,
  '/api/service/apikeys': tokenList,
  '/api/service/oauth-clients': oauthClientList,
  '/api/muster/invitations': invitationList,
  '/api/muster/outbox': outboxList,
}

let t: TestApp
let own: Ids
let foreign: Ids
let fields = 0

before(async () => {
  t = await startTestApp()
  own = await makeIds(t, t.acme)
  foreign = await makeIds(t, t.other)
  for (const [{ clientCredentials }, { host }] of [
    [own, t.acme],
    [foreign, t.other],
  ] as const) {
    const [clientId, clientSecret] = clientCredentials.split(' ')
    await t.post('/api/service/oauth-clients/token', { clientId, clientSecret }, { token: null, host })
  }
})

after(async () => {
  console.log(`tenants: ${fields} fields asked for an id of another tenant`)
  await t[Symbol.asyncDispose]()
  assert.ok(fields > 0)
})

/** An id of nothing, of the form of this one. */
function unknownLike(takes: keyof Ids): string {
  if (takes === 'clientId') return `apikey-${uuid()}`
  if (takes === 'groupName') return `group-${uuid()}`
  if (takes === 'mapperName') return `${uuid()}--1767323045000`
  if (takes === 'oauthClientId') return `oauth-client-${uuid()}`
  if (takes === 'clientCredentials') return `oauth-client-${uuid()} ${newSecret('mocs_')}`
  if (takes === 'personaName' || takes === 'purposeName') return `default/${uuid().replaceAll('-', '').slice(0, 16)}`
  return takes === 'invitationToken' ? newSecret('minv_') : uuid()
}

/** The answer without what differs by its nature: ids, secrets, and names made for the request. */
function comparable(answer: Answer): unknown {
  const text = answer.text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>')
    .replaceAll(/default\/[0-9a-f]{16}/g, '<name>')
    .replaceAll(/new-[0-9]+/g, '<new>')
    .replaceAll(/(mst|moat|mocs)_[A-Za-z0-9_-]{43}/g, '<secret>')
  return { status: answer.status, text }
}

const headers = { 'x-atlan-request-id': 'isolation' }

test('a filter for a foreign id finds as much as one for an id of nothing, in every list and form', async () => {
  for (const [template, shape] of Object.entries(shapes)) {
    const path = template.replace('{group}', own.group).replace('{user}', own.user)
    const idFields = shape.fields.names.filter((name) => {
      const field = shape.fields.find(name)
      return field?.type === 'id' || (field?.type === 'derived' && field.values === 'id')
    })
    assert.deepEqual(
      idFields.toSorted(),
      Object.keys(filterFields[template] ?? {}).toSorted(),
      `id fields of ${template}`,
    )
    for (const [name, takes] of Object.entries(filterFields[template] ?? {})) {
      const ask = (filter: string) => t.get(`${path}?filter=${encodeURIComponent(filter)}`, { headers })
      const forms: readonly ((id: string) => string)[] = [
        (id) => JSON.stringify({ [name]: id }),
        (id) => JSON.stringify({ [name]: { $in: [id] } }),
        (id) => JSON.stringify({ $or: [{ [name]: { $eq: id } }] }),
        (id) => `${name} eq "${id}"`,
      ]
      for (const form of forms) {
        fields += 1
        const [mine, nothing, theirs] = [
          await ask(form(own[takes])),
          await ask(form(unknownLike(takes))),
          await ask(form(foreign[takes])),
        ]
        assert.equal(mine.json.filterRecord > 0, true, `${path} ${form(own[takes])} finds nothing of one's own`)
        assert.deepEqual(theirs.json.records, [], `${path} ${form('…')}`)
        assert.deepEqual(comparable(theirs), comparable(nothing), `${path} ${form('…')}`)
      }
      const others = await ask(JSON.stringify({ [name]: { $neq: foreign[takes] } }))
      assert.deepEqual(
        comparable(others),
        comparable(await ask(JSON.stringify({ [name]: { $neq: unknownLike(takes) } }))),
        `${path} not ${name}`,
      )
    }
  }
})

test('every other parameter that takes an id answers a foreign one as one of nothing', async () => {
  for (const { path, query, takes, found } of queryParameters) {
    fields += 1
    const ask = (id: string) => t.get(`${path}?${query(id)}`, { headers })
    const [mine, nothing, theirs] = [await ask(own[takes]), await ask(unknownLike(takes)), await ask(foreign[takes])]
    assert.equal(mine.json.length > 0, found, `${path}?${query('…')}`)
    assert.deepEqual(theirs.json, [], `${path}?${query('…')}`)
    assert.deepEqual(comparable(theirs), comparable(nothing), `${path}?${query('…')}`)
  }
})

for (const { op, field, takes, body, at } of bodyFields) {
  test(`${op}, ${field}: a foreign id is answered as one of nothing, and nothing changes there`, async () => {
    fields += 1
    const { method, path } = splitOperation(op)
    const send = async (id: string) => {
      const target = at === undefined ? '' : await makeObject(t, at)
      const untouched = await hashDatabase(t.db)
      const answer = await t.request(method, path.replace('{id}', target), { body: body(id), headers })
      return { answer, changed: (await hashDatabase(t.db)) !== untouched }
    }
    const before = await hashTenant(t.db, t.other.id)
    const nothing = await send(unknownLike(takes))
    const theirs = await send(foreign[takes])
    assert.deepEqual(comparable(theirs.answer), comparable(nothing.answer))
    assert.equal(theirs.changed, nothing.changed)
    assert.equal(await hashTenant(t.db, t.other.id), before, 'something of the other tenant changed')
    // A request that fails for another reason would prove nothing.
    const mine = await send(own[takes])
    assert.ok(mine.answer.status < 300, mine.answer.text)
    if (takes !== 'personaName' && !op.endsWith('/remove'))
      assert.notDeepEqual(comparable(mine.answer), comparable(nothing.answer))
  })
}

test('a foreign subject is never shown, wherever it was sent', async () => {
  const ids = Object.values(foreign)
  for (const path of [
    'users',
    'groups',
    'roles',
    'personas',
    'purposes',
    'apikeys',
    'oauth-clients',
    'idp/okta/mappers',
    'events/main?max=1000',
    'events/login?max=1000',
    `users/${own.user}`,
    `personas/${own.persona}`,
  ]) {
    const { text } = await t.get(`/api/service/${path}`)
    // What a program wrote into its own token or client is its own text.
    if (path === 'apikeys' || path === 'oauth-clients') continue
    assert.deepEqual(
      ids.filter((id) => text.includes(id)),
      [],
      path,
    )
  }
})

test('every field of every body is either tried here with a foreign id, or known to take none', () => {
  const page: ContractPage = JSON.parse(JSON.stringify(t.http.swagger()))
  const declared = listOperations(page).flatMap(({ name, spec }) => {
    const schema = spec.requestBody?.content['application/json']?.schema
    return schema === undefined ? [] : leavesOf(schema).map((field) => ({ name, field }))
  })
  assert.ok(declared.length > 0)
  const isKnown = ({ name, field }: { name: string; field: string }) =>
    otherFields.has(field) ||
    otherFields.has(`${name} ${field}`) ||
    bodyFields.some((row) => row.op === name && row.field === field)
  assert.deepEqual(
    declared.filter((entry) => !isKnown(entry)).map(({ name, field }) => `${name} ${field}`),
    [],
  )
  const stale = bodyFields.filter((row) => !declared.some(({ name, field }) => name === row.op && field === row.field))
  assert.deepEqual(
    stale.map(({ op, field }) => `${op} ${field}`),
    [],
  )
})

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
}

/** Paths of a body's values: `users[].email`. Objects with free keys are one value. */
function leavesOf(schema: Schema, path = ''): string[] {
  const alternatives = schema.anyOf ?? [schema]
  const leaves = alternatives.flatMap((part) => {
    if (part.properties !== undefined) {
      return Object.entries(part.properties).flatMap(([key, value]) =>
        leavesOf(value, path === '' ? key : `${path}.${key}`),
      )
    }
    return part.items === undefined ? [] : leavesOf(part.items, `${path}[]`)
  })
  return leaves.length === 0 ? [path] : [...new Set(leaves)]
}

test('names, addresses and keys of one tenant are free in every other', async () => {
  const other = { token: t.other.token, host: t.other.host }
  for (const options of [{}, other]) {
    const answers = [
      await t.post(
        '/api/service/users',
        { users: [{ email: 'same@example.com', username: 'same', roleName: '$member' }] },
        options,
      ),
      await t.post('/api/service/groups', { group: { name: 'same' } }, options),
      await t.post('/api/service/personas', { name: 'same' }, options),
      await t.post('/api/service/purposes', { name: 'same' }, options),
    ]
    for (const answer of answers) assert.equal(answer.status, 200, answer.text)
  }
  for (const options of [{}, other]) {
    for (const [path, key] of [
      ['users', 'username'],
      ['groups', 'name'],
    ] as const) {
      const found = await t.get(
        `/api/service/${path}?filter=${encodeURIComponent(JSON.stringify({ [key]: 'same' }))}`,
        options,
      )
      assert.equal(found.json.filterRecord, 1)
    }
  }
})
