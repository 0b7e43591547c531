import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { scimRequest, type ScimWorkspace, newScim } from '../../test/scim-workspace.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

let t: TestApp
before(async () => {
  t = await startTestApp()
})
after(() => t[Symbol.asyncDispose]())

// What Okta sends, as contract/scim.md 7.2 prints it: bodies are texts, not made from objects.

const headers = {
  'user-agent': 'Okta SCIM Client 1.0.0',
  'content-type': 'application/scim+json; charset=utf-8',
  accept: 'application/scim+json',
}

function okta(scim: ScimWorkspace, method: string, path: string, body?: string) {
  return scimRequest(scim, method, path, body, { headers })
}

const newUser = (name: string, externalId: string) => `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],
 "userName":"${name}@ex.test","name":{"givenName":"First","familyName":"Last"},
 "emails":[{"primary":true,"value":"${name}@ex.test","type":"work"}],
 "displayName":"First Last","locale":"en-US","externalId":"${externalId}",
 "groups":[],"password":"1mz050nq","active":true}`

const patchOf = (operations: string) =>
  `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[${operations}]}`
const deactivation = patchOf('{"op":"replace","value":{"active":false}}')
const activation = patchOf('{"op":"replace","value":{"active":true}}')

/** Finds nobody, creates, and answers the resource. */
async function assign(scim: ScimWorkspace, name: string) {
  const query = `/Users?filter=userName%20eq%20%22${name}%40ex.test%22&startIndex=1&count=100`
  const before = await okta(scim, 'GET', query)
  assert.deepEqual(
    [before.status, before.json],
    [
      200,
      {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
        totalResults: 0,
        itemsPerPage: 0,
        startIndex: 1,
        Resources: [],
      },
    ],
  )
  const made = await okta(scim, 'POST', '/Users', newUser(name, `00u${name}`))
  assert.equal(made.status, 201, made.text)
  const after = await okta(scim, 'GET', query)
  assert.deepEqual(after.json.Resources, [made.json])
  return made.json
}

for (const profile of ['okta', 'lenient'] as const) {
  test(`Okta under ${profile}: saving credentials and importing people and groups`, async () => {
    const scim = await newScim(t, profile)
    for (const name of ['ann', 'bob', 'eve']) await t.addUser(name, '$member', scim.tenant)
    await t.addGroup('finance', [], scim.tenant)
    const probe = await okta(scim, 'GET', '/Users?startIndex=1&count=2')
    assert.deepEqual([probe.status, probe.json.itemsPerPage, probe.json.startIndex], [200, 2, 1])
    const groups = await okta(scim, 'GET', '/Groups?startIndex=1&count=100')
    assert.deepEqual([groups.status, groups.json.totalResults], [200, 1])
    const seen: string[] = []
    for (let startIndex = 1; ; startIndex += 2) {
      const { json } = await okta(scim, 'GET', `/Users?startIndex=${startIndex}&count=2`)
      assert.equal(typeof json.totalResults, 'number')
      for (const user of json.Resources) {
        assert.ok(user.emails.filter(({ primary }: { primary: boolean }) => primary).length <= 1)
        seen.push(user.userName)
      }
      if (startIndex + 2 > json.totalResults) break
    }
    assert.equal(new Set(seen).size, seen.length, 'nobody comes twice')
    assert.ok(['ann', 'bob', 'eve'].every((name) => seen.includes(name)))
    const one = await okta(scim, 'GET', '/Users?count=1&startIndex=1')
    assert.equal(one.json.itemsPerPage, 1)
  })

  test(`Okta under ${profile}: the life of a person`, async () => {
    const scim = await newScim(t, profile)
    const user = await assign(scim, 'user01')
    assert.equal('password' in user, false)
    assert.deepEqual(
      [user.userName, user.externalId, user.active, user.locale],
      ['user01@ex.test', '00uuser01', true, 'en-US'],
    )
    assert.deepEqual(user.emails, [{ primary: true, value: 'user01@ex.test', type: 'work' }])
    const again = await okta(scim, 'POST', '/Users', newUser('USER01', 'other'))
    assert.deepEqual([again.status, again.json.scimType, again.json.status], [409, 'uniqueness', '409'])

    const path = `/Users/${user.id}`
    const read = await okta(scim, 'GET', path)
    const merged = { ...read.json, name: { givenName: 'Second', familyName: 'Last' }, nickName: 'S', unknown: { a: 1 } }
    const put = await okta(scim, 'PUT', path, JSON.stringify(merged))
    assert.deepEqual([put.status, put.json.name.givenName, put.json.nickName], [200, 'Second', 'S'])
    assert.deepEqual(put.json.emails, user.emails, 'what was read and sent back stays')

    const off = await okta(scim, 'PATCH', path, deactivation)
    assert.ok([200, 204].includes(off.status))
    assert.equal((await okta(scim, 'GET', path)).json.active, false)
    const found = await okta(scim, 'GET', '/Users?filter=userName%20eq%20%22user01%40ex.test%22&startIndex=1&count=100')
    assert.equal(found.json.Resources[0].active, false, 'who is off is still found')
    await okta(scim, 'PATCH', path, activation)
    assert.equal((await okta(scim, 'GET', path)).json.active, true)
    const current = (await okta(scim, 'GET', path)).json
    const byPut = await okta(scim, 'PUT', path, JSON.stringify({ ...current, active: false }))
    assert.equal(byPut.json.active, false)
    const rename = patchOf('{"op":"replace","value":{"userName":"renamed@ex.test","displayName":"New Name"}}')
    assert.equal((await okta(scim, 'PATCH', path, rename)).status, 200)
    assert.equal((await okta(scim, 'GET', path)).json.userName, 'renamed@ex.test')
  })

  test(`Okta under ${profile}: pushing a group`, async () => {
    const scim = await newScim(t, profile)
    const ids: string[] = []
    for (const name of ['user01', 'user02', 'user03']) ids.push((await assign(scim, name)).id)
    const linked = await okta(scim, 'GET', '/Groups?filter=displayName%20eq%20%22Ops%22&startIndex=1&count=100')
    assert.equal(linked.json.totalResults, 0)
    const body = '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Ops","members":[]}'
    const made = await okta(scim, 'POST', '/Groups', body)
    assert.deepEqual([made.status, made.json.displayName], [201, 'Ops'])
    const path = `/Groups/${made.json.id}`
    const members = async () => {
      const { json } = await okta(scim, 'GET', path)
      return (json.members ?? []).map(({ value }: { value: string }) => ids.indexOf(value)).toSorted()
    }
    const change = async (operations: string) => {
      const answer = await okta(scim, 'PATCH', path, patchOf(operations))
      assert.equal(answer.status, profile === 'okta' ? 204 : 200, answer.text)
      return members()
    }
    const [a, b, c] = ids
    await change(`{"op":"add","path":"members","value":[{"value":"${c}","display":"user03@ex.test"}]}`)
    const mixed = await change(`
 {"op":"replace","value":{"id":"${made.json.id}","displayName":"Ops 2"}},
 {"op":"add","path":"members","value":[{"value":"${a}","display":"user01@ex.test"}]},
 {"op":"remove","path":"members[value eq \\"${c}\\"]"}`)
    assert.deepEqual(mixed, [0])
    const { json } = await okta(scim, 'GET', path)
    assert.deepEqual([json.displayName, json.members[0].display], ['Ops 2', 'user01@ex.test'])
    assert.deepEqual(
      await change(`{"op":"replace","path":"members","value":[{"value":"${a}"},{"value":"${b}"}]}`),
      [0, 1],
    )
    assert.deepEqual(await change('{"op":"replace","path":"members","value":[]}'), [])
    assert.deepEqual(await change(`{"op":"replace","value":{"members":[{"value":"${b}"},{"value":"${c}"}]}}`), [1, 2])

    const whole = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"${made.json.id}","displayName":"Ops 3","members":[{"value":"${a}","display":"user01@ex.test"},{"value":"${c}","display":"user03@ex.test"}]}`
    assert.equal((await okta(scim, 'PUT', path, whole)).status, 200)
    assert.deepEqual(await members(), [0, 2])
    await okta(scim, 'PATCH', `/Users/${a}`, deactivation)
    assert.deepEqual(await members(), [0, 2], 'who is off stays a member')
    assert.equal((await okta(scim, 'DELETE', path)).status, 204)
    assert.equal((await okta(scim, 'GET', path)).status, 404)
    assert.equal((await okta(scim, 'GET', `/Users/${c}`)).status, 200, 'people stay')
  })
}
