import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'

const unknownId = '0190f2c4-0000-7000-8000-000000000000'

test('members read personas and purposes, only admins change them, guests do neither', async () => {
  await using t = await startTestApp()
  const persona = (await t.post('/api/service/personas', { name: 'base' })).json
  const purpose = (await t.post('/api/service/purposes', { name: 'base' })).json
  const tokens = {
    guest: (await t.addUser('guest01', '$guest')).token,
    member: (await t.addUser('member01')).token,
    admin: t.acme.token,
  }
  const reads = [
    '/api/service/personas',
    `/api/service/personas/${persona.id}`,
    '/api/service/purposes',
    `/api/service/purposes/${purpose.id}`,
  ]
  const writes: readonly (readonly [string, object])[] = [
    ['/api/service/personas', { name: 'new' }],
    [`/api/service/personas/${persona.id}`, { name: 'renamed' }],
    [`/api/service/personas/${persona.id}/subjects`, { users: [], groups: [] }],
    ['/api/service/purposes', { name: 'new' }],
    [`/api/service/purposes/${purpose.id}`, { name: 'renamed' }],
    [`/api/muster/purposes/${purpose.id}/subjects`, { users: [], groups: [] }],
  ]
  for (const [role, read, write] of [
    ['guest', 403, 403],
    ['member', 200, 403],
    ['admin', 200, 200],
  ] as const) {
    for (const path of reads) assert.equal((await t.get(path, { token: tokens[role] })).status, read, `${role} ${path}`)
    for (const [path, body] of writes) {
      const { status, json } = await t
        .post(path, body, { token: tokens[role] })
        .then((answer) => ({ status: answer.status, json: answer.text === '' ? {} : answer.json }))
      assert.equal(status, write, `${role} ${path}`)
      if (write === 403) assert.equal(json.error, 'insufficient_role')
    }
    const names = (await t.get('/api/service/personas')).json.records.map(({ name }: { name: string }) => name)
    assert.deepEqual(names, role === 'admin' ? ['new', 'renamed'] : ['base'])
  }
})

test("another tenant's personas and purposes answer like ids that never were", async () => {
  await using t = await startTestApp()
  const auth = { token: t.other.token, host: t.other.host }
  const user = await t.invite('user01@example.com')
  for (const [collection, subjects] of [
    ['/api/service/personas', '/api/service/personas'],
    ['/api/service/purposes', '/api/muster/purposes'],
  ] as const) {
    const foreign = (await t.post(collection, { name: 'base', description: 'theirs' }, auth)).json
    const ask = async (id: string) => {
      const headers = { 'x-atlan-request-id': 'same' }
      const answers = [
        await t.get(`${collection}/${id}`, { headers }),
        await t.post(`${collection}/${id}`, { name: 'mine' }, { headers }),
        await t.post(`${subjects}/${id}/subjects`, { users: [user], groups: [] }, { headers }),
        await t.post(`/api/service/users/${user}`, { persona: [id] }, { headers }),
        await t.get(`${collection}?filter=${encodeURIComponent(JSON.stringify({ id }))}`, { headers }),
      ]
      return answers.map(({ status, text }) => [status, text])
    }
    assert.deepEqual(await ask(foreign.id), await ask(unknownId))
    assert.equal((await t.post(collection, { name: 'base' })).status, 200, 'equal names in two tenants never meet')
    assert.deepEqual((await t.get(`${collection}/${foreign.id}`, auth)).json, foreign)
  }
})
