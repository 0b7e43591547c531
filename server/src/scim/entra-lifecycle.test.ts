import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { enterpriseUrn, scimRequest, userUrn, type ScimWorkspace, newScim } from '../../test/scim-workspace.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

let t: TestApp
before(async () => {
  t = await startTestApp()
})
after(() => t[Symbol.asyncDispose]())

// What Microsoft Entra ID sends, as contract/scim.md 7.3 prints it: bodies are texts, not made from objects.

/** `aadOptscim062020` on the tenant URL arrives as a parameter of every request. */
interface Dialect {
  readonly name: string
  readonly flag: string
}

const older: Dialect = { name: 'older dialect', flag: '' }
const newer: Dialect = { name: 'aadOptscim062020', flag: 'aadOptscim062020' }

function entra(scim: ScimWorkspace, { flag }: Dialect, method: string, path: string, body?: string) {
  const address = flag === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${flag}`
  return scimRequest(scim, method, address, body, {
    headers: { 'content-type': 'application/scim+json; charset=utf-8' },
  })
}

const newUser = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
 "externalId":"c0ffee00-0000-4000-8000-000000000001","userName":"user01@ex.test","active":true,"addresses":null,"phoneNumbers":null,
 "displayName":"First Last","emails":[{"type":"work","value":"user01@ex.test","primary":true}],"meta":{"resourceType":"User"},
 "name":{"formatted":"First Last","familyName":"Last","givenName":"First"},"roles":[]}`

const plainUser = (name: string) =>
  `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"externalId":"x-${name}","userName":"${name}@ex.test","active":true}`

const patchOf = (operations: string) =>
  `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[${operations}]}`

const matching = [
  '/Users?filter=userName+eq+%22user01%40ex.test%22',
  '/Users?filter=externalId%20eq%20%22c0ffee00-0000-4000-8000-000000000001%22',
  '/Users?filter=emails%5Btype%20eq%20%22work%22%5D.value%20eq%20%22user01%40ex.test%22',
]

for (const dialect of [older, newer])
  for (const profile of ['entra', 'lenient'] as const) {
    test(`Entra, ${dialect.name}, under ${profile}: connection test, matching and creation`, async () => {
      const scim = await newScim(t, profile)
      for (const type of ['Users', 'Groups']) {
        const attribute = type === 'Users' ? 'userName' : 'displayName'
        const path = `/${type}?filter=${attribute}+eq+%225f1c7a2e-0000-4000-8000-00000000abcd%22`
        const { status, json } = await entra(scim, dialect, 'GET', path)
        assert.deepEqual([status, json.totalResults, json.Resources], [200, 0, []])
      }
      const made = await entra(scim, dialect, 'POST', '/Users', newUser)
      assert.equal(made.status, 201, made.text)
      assert.deepEqual(made.json.schemas, [userUrn])
      assert.deepEqual(made.json.name, { formatted: 'First Last', familyName: 'Last', givenName: 'First' })
      for (const name of ['addresses', 'phoneNumbers', 'roles']) assert.equal(name in made.json, false)
      for (const path of matching) {
        const { json } = await entra(scim, dialect, 'GET', path)
        assert.deepEqual(json.Resources, [made.json], path)
      }
      const boss = (await entra(scim, dialect, 'POST', '/Users', plainUser('boss'))).json.id
      const set = patchOf(`{"op":"Add","path":"${enterpriseUrn}:manager","value":"${boss}"}`)
      assert.equal((await entra(scim, dialect, 'PATCH', `/Users/${made.json.id}`, set)).status, 200)
      const question = (manager: string) =>
        `/Users?filter=${encodeURIComponent(`id eq "${made.json.id}" and manager eq "${manager}"`)}`
      assert.equal((await entra(scim, dialect, 'GET', question(boss))).json.totalResults, 1)
      assert.equal((await entra(scim, dialect, 'GET', question(made.json.id))).json.totalResults, 0)
    })

    test(`Entra, ${dialect.name}, under ${profile}: groups`, async () => {
      const scim = await newScim(t, profile)
      const code = profile === 'entra' ? 204 : 200
      const ids: string[] = []
      for (const name of ['u7', 'u8', 'u9'])
        ids.push((await entra(scim, dialect, 'POST', '/Users', plainUser(name))).json.id)
      const [a, b] = ids
      const body = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
 "externalId":"0a1b","displayName":"Ops","meta":{"resourceType":"Group"}}`
      const made = await entra(scim, dialect, 'POST', '/Groups', body)
      assert.deepEqual([made.status, made.json.externalId, made.json.schemas.length], [201, '0a1b', 1])
      const path = `/Groups/${made.json.id}`
      const members = async () =>
        ((await entra(scim, dialect, 'GET', path)).json.members ?? [])
          .map(({ value }: { value: string }) => ids.indexOf(value))
          .toSorted()
      const change = async (message: string) => {
        const answer = await entra(scim, dialect, 'PATCH', path, message)
        assert.equal(answer.status, code, answer.text)
        return members()
      }
      const add = `{"Operations":[{"op":"Add","path":"members","value":[{"$ref":null,"value":"${a}"},{"$ref":null,"value":"${b}"}]}],"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}`
      assert.deepEqual(await change(add), [0, 1])
      assert.deepEqual(await change(add), [0, 1], 'a retry is a success')
      const valued = `{"Operations":[{"op":"Remove","path":"members","value":[{"$ref":null,"value":"${a}"}]}],"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}`
      assert.deepEqual(await change(valued), [1], 'the group is not emptied')
      await change(add)
      const filtered = `{"Operations":[{"op":"remove","path":"members[value eq \\"${a}\\"]"}],"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}`
      assert.deepEqual(await change(filtered), [1])
      const list = await entra(
        scim,
        dialect,
        'GET',
        '/Groups?excludedAttributes=members&filter=displayName%20eq%20%22Ops%22',
      )
      assert.deepEqual([list.json.totalResults, 'members' in list.json.Resources[0]], [1, false])
      const one = await entra(scim, dialect, 'GET', `${path}?excludedAttributes=members`)
      assert.deepEqual([one.status, 'members' in one.json], [200, false])
      const isMember = async (id: string | undefined) => {
        const filter = encodeURIComponent(`id eq "${made.json.id}" and members eq "${id}"`)
        return (await entra(scim, dialect, 'GET', `/Groups?filter=${filter}&attributes=id`)).json.totalResults
      }
      assert.deepEqual([await isMember(a), await isMember(b)], [0, 1])
      const rename = patchOf('{"op":"Replace","path":"displayName","value":"Ops 2"}')
      assert.equal((await entra(scim, dialect, 'PATCH', path, rename)).status, code)
      assert.equal((await entra(scim, dialect, 'GET', path)).json.displayName, 'Ops 2')
      assert.equal((await entra(scim, dialect, 'DELETE', path)).status, 204)
      assert.equal((await entra(scim, dialect, 'GET', path)).status, 404)
    })
  }

test('Entra, older dialect: update, disable, enable, delete', async () => {
  const scim = await newScim(t, 'entra')
  const boss = (await entra(scim, older, 'POST', '/Users', plainUser('boss'))).json.id
  const { id } = (await entra(scim, older, 'POST', '/Users', newUser)).json
  const path = `/Users/${id}`
  const update = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
 {"op":"Replace","path":"active","value":"False"},
 {"op":"Add","path":"emails[type eq \\"work\\"].value","value":"user01@new.test"},
 {"op":"Replace","path":"addresses[type eq \\"work\\"].country","value":"United Kingdom"},
 {"op":"Replace","path":"name.familyName","value":"Changed"},
 {"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"R&D"},
 {"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"${boss}"},
 {"op":"Add","path":"roles[primary eq \\"True\\"].value","value":"admin"}]}`
  const changed = await entra(scim, older, 'PATCH', path, update)
  assert.equal(changed.status, 200, changed.text)
  const { active, emails, addresses, name, roles, [enterpriseUrn]: enterprise } = changed.json
  assert.deepEqual([active, emails], [false, [{ type: 'work', value: 'user01@new.test', primary: true }]])
  assert.deepEqual(addresses, [{ type: 'work', country: 'United Kingdom' }])
  assert.deepEqual(name, { formatted: 'First Last', familyName: 'Changed', givenName: 'First' })
  assert.deepEqual(roles, [{ primary: true, value: 'admin' }])
  assert.deepEqual([enterprise.department, enterprise.manager.value], ['R&D', boss])
  const again = await entra(scim, older, 'PATCH', path, update)
  assert.deepEqual(again.json, changed.json, 'a retry changes nothing')

  const found = await entra(scim, older, 'GET', '/Users?filter=userName+eq+%22user01%40ex.test%22')
  assert.equal(found.json.Resources[0].active, false, 'who is off is still found')
  const json = '{\\"id\\":\\"1\\",\\"value\\":\\"Admin\\",\\"displayName\\":\\"Admin\\"}'
  const more = patchOf(`{"op":"Replace","path":"active","value":"True"},
 {"op":"Add","path":"roles","value":[{"primary":"True","value":"${json}"}]},
 {"op":"Replace","path":"${enterpriseUrn}:manager","value":""}`)
  const enabled = await entra(scim, older, 'PATCH', path, more)
  assert.deepEqual([enabled.json.active, enabled.json[enterpriseUrn]], [true, { department: 'R&D' }])
  assert.deepEqual(
    enabled.json.roles.filter(({ primary }: { primary?: boolean }) => primary),
    [{ primary: true, value: JSON.stringify({ id: '1', value: 'Admin', displayName: 'Admin' }) }],
  )
  const manager = patchOf(`{"op":"Add","path":"manager","value":[{"$ref":"../Users/${boss}","value":"${boss}"}]}`)
  assert.equal((await entra(scim, older, 'PATCH', path, manager)).json[enterpriseUrn].manager.value, boss)
  const cleared = patchOf('{"op":"Remove","path":"manager"}')
  assert.equal((await entra(scim, older, 'PATCH', path, cleared)).json[enterpriseUrn].manager, undefined)
  assert.equal((await entra(scim, older, 'DELETE', path)).status, 204)
  assert.equal((await entra(scim, older, 'GET', path)).status, 404)
  assert.equal(
    (await entra(scim, older, 'GET', '/Users?filter=userName+eq+%22user01%40ex.test%22')).json.totalResults,
    0,
  )
  assert.equal((await entra(scim, older, 'POST', '/Users', newUser)).status, 201, 'the name is free again')
})

test('Entra, aadOptscim062020: update, disable, enable, delete', async () => {
  const scim = await newScim(t, 'entra')
  const { id } = (await entra(scim, newer, 'POST', '/Users', newUser)).json
  const path = `/Users/${id}`
  const update = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
 {"op":"replace","path":"emails[type eq \\"work\\"].value","value":"user01@new.test"},
 {"op":"replace","value":{"displayName":"First Changed","active":false,"name.familyName":"Changed",
   "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":"R&D"}}]}`
  const changed = await entra(scim, newer, 'PATCH', path, update)
  assert.equal(changed.status, 200, changed.text)
  assert.deepEqual([changed.json.displayName, changed.json.active], ['First Changed', false])
  assert.deepEqual(changed.json.name, { formatted: 'First Last', familyName: 'Changed', givenName: 'First' })
  assert.deepEqual(changed.json.emails, [{ type: 'work', value: 'user01@new.test', primary: true }])
  assert.deepEqual(changed.json[enterpriseUrn], { department: 'R&D' })
  assert.deepEqual(changed.json.schemas, [userUrn, enterpriseUrn])
  const again = await entra(scim, newer, 'PATCH', path, update)
  assert.deepEqual(again.json, changed.json, 'a retry changes nothing')
  const on = patchOf('{"op":"replace","value":{"active":true}}')
  assert.equal((await entra(scim, newer, 'PATCH', path, on)).json.active, true)
  assert.equal((await entra(scim, newer, 'DELETE', path)).status, 204)
  assert.equal((await entra(scim, newer, 'GET', path)).status, 404)
})

test('Entra: creation under the misspelt extension URN', async () => {
  const scim = await newScim(t, 'entra')
  const misspelt = newUser
    .replaceAll('enterprise:2.0:User', 'enterprise:2.0User')
    .replace(
      '"roles":[]',
      '"urn:ietf:params:scim:schemas:extension:enterprise:2.0User":{"department":"R&D","manager":null}',
    )
  const { status, json } = await entra(scim, older, 'POST', '/Users', misspelt)
  assert.deepEqual([status, json[enterpriseUrn]], [201, { department: 'R&D' }])
})

test('Entra reading from us: pages of what changed, with names and times in its own spelling', async () => {
  const scim = await newScim(t, 'entra')
  for (const name of ['a', 'b', 'c']) await entra(scim, older, 'POST', '/Users', plainUser(name))
  const filter = encodeURIComponent(
    'ActiVe eq true and (meta.lastmodified ge "2026-01-01T20:00:00-07:00" and meta.lastModified le "2026-01-03T00:00:00.0000000Z")',
  )
  const page = await entra(scim, older, 'GET', `/Users?filter=${filter}&count=2&startindex=0`)
  assert.deepEqual([page.status, page.json.startIndex, page.json.itemsPerPage], [200, 1, 2])
  t.clock.advance(3_600_000)
  const since = encodeURIComponent('meta.lastModified gt "2026-01-02T03:30:00Z"')
  assert.equal((await entra(scim, older, 'GET', `/Users?filter=${since}`)).json.totalResults, 0)
  const { id } = page.json.Resources[0]
  await entra(scim, older, 'PATCH', `/Users/${id}`, patchOf('{"op":"Replace","path":"title","value":"T"}'))
  const delta = await entra(scim, older, 'GET', `/Users?filter=${since}`)
  assert.deepEqual(
    delta.json.Resources.map((user: { id: string }) => user.id),
    [id],
  )
})
