import assert from 'node:assert/strict'
import { newText } from '../authz-world.ts'
import { scimTokenOf } from '../scim-scenarios.ts'
import type { TestApp } from '../start-test-app.ts'
import type { Flow } from './flow.ts'
import { groupFilters, groupUrn, userFilters, userUrn, wholeUser } from './scim-questions.ts'
import type { Answer } from '../test-client.ts'

const base = '/api/scim/v2'
/** What an identity provider asks with its token. */
class Idp {
  readonly #t: TestApp
  readonly #token: string

  constructor(t: TestApp, token: string) {
    this.#t = t
    this.#token = token
  }

  async send(method: string, path: string, body?: unknown): Promise<Answer> {
    const sent = { token: this.#token, ...(body === undefined ? {} : { body }) }
    const answer = await this.#t.request(method, `${base}/${path}`, sent)
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`)
    return answer
  }

  async refused(method: string, path: string, body: unknown): Promise<void> {
    const { status, text } = await this.#t.request(method, `${base}/${path}`, { token: this.#token, body })
    assert.ok(status === 400 || status === 409, text)
  }

  async make(path: 'Users' | 'Groups', body: object): Promise<string> {
    return (await this.send('POST', path, body)).json.id
  }

  patch(path: string, ...operations: readonly object[]): Promise<Answer> {
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp']
    return this.send('PATCH', path, { schemas, Operations: operations })
  }

  find(path: 'Users' | 'Groups', filter: string): Promise<Answer> {
    return this.send('GET', `${path}?count=100&filter=${encodeURIComponent(filter)}`)
  }
}

const provisioning: Flow = {
  what: 'people and nested groups, provisioned, looked for, changed and deleted',
  act: async (t) => {
    const idp = new Idp(t, (await scimTokenOf(t)).secret)
    const name = newText()
    const manager = await idp.make('Users', { schemas: [userUrn], userName: `manager-${name}` })
    const user = await idp.make('Users', wholeUser(name, manager))
    const unset = await idp.make('Users', { schemas: [userUrn], userName: `unset-${name}`, active: false })
    await idp.patch(`Users/${unset}`, { op: 'remove', path: 'active' })
    await idp.make('Users', {
      schemas: [userUrn],
      userName: `home-${name}`,
      name: { middleName: 'Alone' },
      emails: [{ value: `${name}@alone.example`, type: 'home' }],
    })
    const group = (displayName: string, ...members: readonly string[]) => ({
      schemas: [groupUrn],
      displayName,
      externalId: `ext-${displayName}`,
      members: members.map((value) => ({ value })),
    })
    await t.invite(`invited-${name}@example.com`)
    await idp.find('Users', `emails eq "invited-${name}@example.com"`)
    const inner = await idp.make('Groups', group(`inner-${name}`, user, manager))
    const outer = await idp.make('Groups', group(`outer-${name}`, inner, user))
    const top = await idp.make('Groups', group(`top-${name}`, outer))
    await lookEverywhere(idp, { name, user, manager, inner, outer })
    await idp.refused('POST', 'Users', wholeUser(name, manager))
    await change(idp, { name, user, manager, inner, outer, top })
    await inspect(t, user, inner, `ext-${name}`)
    for (const path of [`Groups/${outer}`, `Groups/${inner}`, `Users/${user}`, `Users/${unset}`])
      await idp.send('DELETE', path)
  },
}

interface Made {
  readonly name: string
  readonly user: string
  readonly manager: string
  readonly inner: string
  readonly outer: string
}

async function lookEverywhere(idp: Idp, { name, user, manager, inner, outer }: Made): Promise<void> {
  for (const filter of userFilters(name, user, manager, outer)) await idp.find('Users', filter)
  for (const filter of groupFilters(`outer-${name}`, user, inner)) await idp.find('Groups', filter)
  await idp.find('Groups', `externalId eq "ext-outer-${name}"`)
  for (const sort of ['externalId', 'displayName', 'nickName', 'emails.type', 'phoneNumbers', 'addresses.locality'])
    await idp.send('GET', `Users?count=100&sortBy=${sort}`)
  for (const sort of ['externalId', 'displayName']) await idp.send('GET', `Groups?count=100&sortBy=${sort}`)
  for (const path of [`Users/${user}`, `Groups/${outer}`, `Groups/${inner}`, 'Users?count=100', 'Groups?count=100'])
    await idp.send('GET', path)
}

async function change(
  idp: Idp,
  { name, user, manager, inner, outer, top }: Made & { readonly top: string },
): Promise<void> {
  await idp.patch(`Users/${user}`, { op: 'replace', path: 'nickName', value: 'Another' })
  await idp.send('PUT', `Users/${user}`, { ...wholeUser(name, manager), title: 'Another' })
  const added = await idp.make('Groups', { schemas: [groupUrn], displayName: `added-${name}` })
  await idp.patch(`Groups/${inner}`, { op: 'add', path: 'members', value: [{ value: added }] })
  await idp.patch(`Groups/${inner}`, { op: 'remove', path: `members[value eq "${added}"]` })
  await idp.patch(`Groups/${outer}`, { op: 'add', path: 'members', value: [{ value: user, display: 'Given' }] })
  const circle = { schemas: [groupUrn], displayName: `inner-${name}`, members: [{ value: outer }] }
  await idp.refused('PUT', `Groups/${inner}`, circle)
  await idp.send('PUT', `Groups/${top}`, {
    schemas: [groupUrn],
    displayName: `top-${name}`,
    members: [{ value: inner }, { value: manager }],
  })
  await idp.send('GET', `Groups/${top}`)
}

async function inspect(t: TestApp, user: string, group: string, externalId: string): Promise<void> {
  await t.settleScim()
  const log = async (query: string) => {
    const { status, json, text } = await t.get(`/api/muster/scim/log?${query}`)
    assert.equal(status, 200, text)
    return json.items
  }
  const [, entry] = await log('limit=5')
  for (const query of [
    `user=${user}`,
    `group=${group}`,
    `externalId=${externalId}`,
    `requestId=${entry.requestId}`,
    'outcome=changed',
    'status=201',
    `before=${entry.seq}`,
    `user=${user}&outcome=changed&before=${entry.seq + 1}`,
  ])
    await log(query)
  await t.get(`/api/muster/scim/log/${entry.seq}`)
}

/** As an IdP is served that is told of nothing but what it made, and under rules that allow each name once. */
const underStrictRules: Flow = {
  what: 'people and groups under rules that show only what SCIM made, and allow each name once',
  act: async (t) => {
    const overrides = { visible: 'managed', uniqueGroupNames: true, uniqueExternalId: true }
    const settings = (changed: object) => t.post('/api/muster/scim/settings', changed)
    assert.equal((await settings({ overrides })).status, 200)
    const idp = new Idp(t, (await scimTokenOf(t)).secret)
    const name = newText()
    const made = await idp.make('Users', { schemas: [userUrn], userName: name, externalId: `ext-${name}` })
    await idp.refused('POST', 'Users', { schemas: [userUrn], userName: `other-${name}`, externalId: `ext-${name}` })
    await idp.make('Groups', { schemas: [groupUrn], displayName: name, members: [{ value: made }] })
    await idp.refused('POST', 'Groups', { schemas: [groupUrn], displayName: name })
    for (const path of ['Users', 'Groups'] as const) {
      await idp.send('GET', `${path}?count=1`)
      await idp.find(path, 'externalId pr')
    }
    assert.equal((await settings({ overrides: {} })).status, 200)
  },
}

export const scimFlows: readonly Flow[] = [provisioning, underStrictRules]
