import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  addScimGroup,
  addScimUser,
  changeScim,
  enterpriseUrn,
  findScim,
  groupUrn,
  nobody,
  outcome,
  patchScim,
  readScim,
  scimRequest,
  userUrn,
  type ScimWorkspace,
  newScim,
} from '../../test/scim-workspace.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import type { ScimProfile } from '../scim-tokens/scim-rules.schema.ts'

let t: TestApp
before(async () => {
  t = await startTestApp()
})
after(() => t[Symbol.asyncDispose]())

// The disputed points of contract/scim.md 6.1: what each profile answers.

const names = ['strict', 'lenient', 'entra', 'okta'] as const
type Wanted<T> = Readonly<Record<ScimProfile, T>>

/** Asks the same under each profile; `seen` gets a name that nobody else has. */
async function underEach<T>(seen: (scim: ScimWorkspace, name: string) => Promise<T>): Promise<Wanted<T>> {
  const scim = await newScim(t)
  const results: [string, T][] = []
  for (const profile of names) {
    await changeScim(scim, { profile })
    results.push([profile, await seen(scim, profile)])
  }
  return Object.fromEntries(results) as unknown as Wanted<T> // one entry for each name
}

function all<T>(value: T): Wanted<T> {
  return { strict: value, lenient: value, entra: value, okta: value }
}

test('C1: PATCH answers 200, and 204 for groups under entra and okta; 200 wherever attributes are named', async () => {
  const seen = await underEach(async (scim, name) => {
    const user = await addScimUser(scim, name)
    const group = await addScimGroup(scim, name)
    const rename = { op: 'replace', path: 'displayName', value: 'x' }
    const shaped = { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: [rename] }
    return [
      (await patchScim(scim, `/Users/${user.id}`, rename)).status,
      (await patchScim(scim, `/Groups/${group.id}`, { ...rename, value: name })).status,
      (await scimRequest(scim, 'PATCH', `/Users/${user.id}?attributes=title`, shaped)).status,
      (await patchScim(scim, `/Groups/${group.id}?attributes=id`, { ...rename, value: name })).status,
    ]
  })
  const quiet = [200, 204, 200, 200]
  assert.deepEqual(seen, { strict: [200, 200, 200, 200], lenient: [200, 200, 200, 200], entra: quiet, okta: quiet })
})

test('C2: a PATCH without operations is invalidSyntax under strict, and does nothing elsewhere', async () => {
  const seen = await underEach(async (scim, name) => [
    outcome(await patchScim(scim, `/Users/${(await addScimUser(scim, name)).id}`)),
    outcome(await patchScim(scim, `/Groups/${(await addScimGroup(scim, name)).id}`)),
  ])
  const refused = [
    [400, 'invalidSyntax'],
    [400, 'invalidSyntax'],
  ]
  assert.deepEqual(seen, { strict: refused, lenient: [[200], [200]], entra: [[200], [204]], okta: [[200], [204]] })
})

test('C3: a replace without a match is noTarget under strict, and makes the element elsewhere', async () => {
  const seen = await underEach(async (scim, name) => {
    const { id } = await addScimUser(scim, name)
    const operation = (path: string) => patchScim(scim, `/Users/${id}`, { op: 'replace', path, value: 'x' })
    const made = outcome(await operation('ims[type eq "work" and display eq "d"].value'))
    const other = outcome(await operation('ims[type ne "nothing" and value eq "y"].value'))
    return [made, other, (await readScim(scim, `/Users/${id}`)).ims]
  })
  const none = [400, 'noTarget']
  const made = [[200], none, [{ type: 'work', display: 'd', value: 'x' }]]
  assert.deepEqual(seen, { ...all(made), strict: [none, none, undefined] })
})

test('C4: a member that does not exist is invalidValue everywhere, and nobody is added', async () => {
  const seen = await underEach(async (scim, name) => {
    const user = await addScimUser(scim, name)
    const group = await addScimGroup(scim, name)
    const value = [{ value: user.id }, { value: nobody }]
    const answer = await patchScim(scim, `/Groups/${group.id}`, { op: 'add', path: 'members', value })
    return [outcome(answer), (await readScim(scim, `/Groups/${group.id}`)).members]
  })
  assert.deepEqual(seen, all([[400, 'invalidValue'], undefined]))
})

test('C5: extension data without its URN in schemas is invalidSyntax under strict, and counts elsewhere', async () => {
  const seen = await underEach(async (scim, userName) => {
    const body = { schemas: [userUrn], userName, [enterpriseUrn]: { department: 'D' } }
    const answer = await scimRequest(scim, 'POST', '/Users', body)
    return [outcome(answer), answer.status === 201 ? answer.json.schemas : undefined]
  })
  assert.deepEqual(seen, { ...all([[201], [userUrn, enterpriseUrn]]), strict: [[400, 'invalidSyntax'], undefined] })
})

test('C6: a second group of the same name is allowed, but under entra', async () => {
  const seen = await underEach(async (scim, name) => {
    await addScimGroup(scim, `Ops ${name}`)
    const other = await addScimGroup(scim, `Dev ${name}`)
    const displayName = `OPS ${name}`
    return [
      outcome(await scimRequest(scim, 'POST', '/Groups', { schemas: [groupUrn], displayName })),
      outcome(await patchScim(scim, `/Groups/${other.id}`, { op: 'replace', path: 'displayName', value: displayName })),
      outcome(await scimRequest(scim, 'PUT', `/Groups/${other.id}`, { schemas: [groupUrn], displayName })),
    ]
  })
  const taken = [409, 'uniqueness']
  const allowed = [[201], [200], [200]]
  assert.deepEqual(seen, {
    strict: allowed,
    lenient: allowed,
    entra: [taken, taken, taken],
    okta: [[201], [204], [200]],
  })
})

test('C7: externalId is listed in the schemas', async () => {
  const seen = await underEach(async (scim) => {
    const { attributes } = await readScim(scim, `/Schemas/${userUrn}`)
    return attributes.some(({ name }: { name: string }) => name === 'externalId')
  })
  assert.deepEqual(seen, all(true))
})

test('C8: status in errors is a string', async () => {
  const seen = await underEach(async (scim) => (await scimRequest(scim, 'GET', `/Users/${nobody}`)).json.status)
  assert.deepEqual(seen, all('404'))
})

test('C9: a missing required attribute is invalidValue', async () => {
  const seen = await underEach(async (scim) => [
    outcome(await scimRequest(scim, 'POST', '/Users', { schemas: [userUrn] })),
    outcome(await scimRequest(scim, 'POST', '/Groups', { schemas: [groupUrn], displayName: null })),
  ])
  const refused = [400, 'invalidValue']
  assert.deepEqual(seen, all([refused, refused]))
})

test('C10: the id in a PUT is ignored; under strict it has to be a string', async () => {
  const seen = await underEach(async (scim, userName) => {
    const { id } = await addScimUser(scim, userName)
    const put = (other: unknown) =>
      scimRequest(scim, 'PUT', `/Users/${id}`, { schemas: [userUrn], id: other, userName })
    const text = await put(nobody)
    return [text.json.id === id, outcome(text), outcome(await put(7)), outcome(await put({ a: 1 }))]
  })
  const refused = [400, 'invalidValue']
  assert.deepEqual(seen, { ...all([true, [200], [200], [200]]), strict: [true, [200], refused, refused] })
})

test('C11: booleans as strings are invalidValue under strict; elsewhere only true and false count', async () => {
  const seen = await underEach(async (scim, name) => {
    const { id } = await addScimUser(scim, name)
    const results = []
    for (const value of ['True', 'fAlse', 'yes', '1', 'FALSE '])
      results.push(outcome(await patchScim(scim, `/Users/${id}`, { op: 'replace', path: 'active', value })))
    return results
  })
  const refused = [400, 'invalidValue']
  const read = [[200], [200], refused, refused, refused]
  assert.deepEqual(seen, { ...all(read), strict: [refused, refused, refused, refused, refused] })
})

test('C12: unquoted words in filters are invalidFilter', async () => {
  const seen = await underEach(async (scim) => outcome(await scimRequest(scim, 'GET', '/Users?filter=userName+eq+ann')))
  assert.deepEqual(seen, all([400, 'invalidFilter']))
})

test('C13: a replace by "" is stored under strict and unassigns elsewhere; what is required stays', async () => {
  const seen = await underEach(async (scim, name) => {
    const made = await addScimUser(scim, name, {
      schemas: [userUrn, enterpriseUrn],
      nickName: 'N',
      [enterpriseUrn]: { manager: { value: 'm' } },
    })
    const path = `/Users/${made.id}`
    const replace = (attribute: string) => patchScim(scim, path, { op: 'replace', path: attribute, value: '' })
    const results = [outcome(await replace('nickName')), outcome(await replace('userName'))]
    const cleared = outcome(await replace(`${enterpriseUrn}:manager`))
    const { [enterpriseUrn]: enterprise } = await readScim(scim, path)
    const present = await findScim(scim, 'Users', `userName eq "${name}" and nickName pr`)
    return [...results, cleared, enterprise?.manager, present]
  })
  const wanted = (scimType: string) => [[200], [400, scimType], [200], undefined, []]
  assert.deepEqual(seen, { ...all(wanted('mutability')), strict: wanted('invalidValue') })
})

test('C14: removing a required attribute is mutability', async () => {
  const seen = await underEach(async (scim, name) => [
    outcome(await patchScim(scim, `/Users/${(await addScimUser(scim, name)).id}`, { op: 'remove', path: 'userName' })),
    outcome(
      await patchScim(scim, `/Groups/${(await addScimGroup(scim, name)).id}`, { op: 'remove', path: 'displayName' }),
    ),
  ])
  const refused = [400, 'mutability']
  assert.deepEqual(seen, all([refused, refused]))
})

test('C15: schemas is there although attributes names others', async () => {
  const seen = await underEach(async (scim, name) => {
    const { id } = await addScimUser(scim, name, { title: 'T' })
    return Object.keys(await readScim(scim, `/Users/${id}?attributes=title`)).toSorted()
  })
  assert.deepEqual(seen, all(['id', 'schemas', 'title']))
})

test('C16: a userName that differs only in case is taken, and is found', async () => {
  const seen = await underEach(async (scim, name) => {
    const { id } = await addScimUser(scim, `Ann.${name}`)
    const userName = `ANN.${name}`.toUpperCase()
    const again = await scimRequest(scim, 'POST', '/Users', { schemas: [userUrn], userName })
    return [outcome(again), (await findScim(scim, 'Users', `userName eq "${userName}"`))[0] === id]
  })
  assert.deepEqual(seen, all([[409, 'uniqueness'], true]))
})

test('C17: itemsPerPage is the number of resources in the page', async () => {
  const scim = await newScim(t)
  for (const name of ['a', 'b', 'c']) await addScimUser(scim, name)
  for (const profile of names) {
    await changeScim(scim, { profile })
    const filter = encodeURIComponent('displayName pr or userName pr')
    const list = await readScim(scim, `/Users?filter=${filter}&startIndex=3&count=5`)
    assert.equal(list.itemsPerPage, list.Resources.length, profile)
    assert.equal(list.itemsPerPage, list.totalResults - 2, profile)
  }
})

test('C18: deleting what is deleted is 404', async () => {
  const seen = await underEach(async (scim, name) => {
    const { id } = await addScimUser(scim, name)
    const group = await addScimGroup(scim, name)
    const results = []
    for (const path of [`/Users/${id}`, `/Users/${id}`, `/Groups/${group.id}`, `/Groups/${group.id}`])
      results.push((await scimRequest(scim, 'DELETE', path)).status)
    return results
  })
  assert.deepEqual(seen, all([204, 404, 204, 404]))
})

test('a token may carry a profile of its own', async () => {
  const scim = await newScim(t, 'lenient')
  const auth = { token: scim.operator, host: scim.tenant.host }
  const { json } = await t.post('/api/muster/scim/tokens', { label: 'strict', profile: 'strict' }, auth)
  const { id } = await addScimUser(scim, 'ann')
  assert.deepEqual(outcome(await patchScim({ ...scim, token: json.token }, `/Users/${id}`)), [400, 'invalidSyntax'])
  assert.deepEqual(outcome(await patchScim(scim, `/Users/${id}`)), [200])
})
