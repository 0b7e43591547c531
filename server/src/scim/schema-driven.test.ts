import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  addScimGroup,
  addScimUser,
  changeScim,
  enterpriseUrn,
  findScim,
  groupUrn,
  outcome,
  patchScim,
  readScim,
  scimRequest,
  userUrn,
  type ScimWorkspace,
  newScim,
} from '../../test/scim-workspace.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

let t: TestApp
before(async () => {
  t = await startTestApp()
})
after(() => t[Symbol.asyncDispose]())

// What the published schemas say of each attribute is what the server does: nothing here names attributes by hand
// but those whose values are made by the server.

interface AttributeDocument {
  readonly name: string
  readonly type: string
  readonly multiValued: boolean
  readonly required: boolean
  readonly caseExact?: boolean
  readonly mutability: string
  readonly returned: string
  readonly uniqueness?: string
  readonly canonicalValues?: readonly string[]
  readonly subAttributes?: readonly AttributeDocument[]
}

/** One attribute or sub-attribute of users, with where it stands. */
interface Place {
  readonly urn: string
  readonly attribute: AttributeDocument
  readonly sub: AttributeDocument | undefined
}

// Resources are JSON of any shape here.
// oxlint-disable-next-line typescript/no-explicit-any
type Json = any

/** Found from the ids of other records. */
const linked = ['manager', 'groups', 'members']

async function places(scim: ScimWorkspace, urns = [userUrn, enterpriseUrn]): Promise<Place[]> {
  const found: Place[] = []
  for (const urn of urns) {
    const { attributes } = await readScim(scim, `/Schemas/${urn}`)
    for (const attribute of attributes as readonly AttributeDocument[]) {
      found.push({ urn, attribute, sub: undefined })
      for (const sub of attribute.subAttributes ?? []) found.push({ urn, attribute, sub })
    }
  }
  return found
}

function pathOf({ urn, attribute, sub }: Place): string {
  const local = sub === undefined ? attribute.name : `${attribute.name}.${sub.name}`
  return urn === enterpriseUrn ? `${urn}:${local}` : local
}

/** A value of the type, with letters whose case tells. */
function sample({ name, type, multiValued, subAttributes = [] }: AttributeDocument, mark: string): Json {
  if (type === 'complex') {
    const parts = subAttributes.filter(({ mutability }) => mutability !== 'readOnly')
    const value = Object.fromEntries(parts.map((sub) => [sub.name, sample(sub, mark)]))
    return multiValued ? [value] : value
  }
  switch (type) {
    case 'boolean':
      return true
    case 'binary':
      return Buffer.from(`Bytes ${mark}`).toString('base64')
    case 'reference':
      return `https://example.com/Ab${mark}`
    default:
      return `Ab${name}${mark}`
  }
}

function wrapped({ urn, attribute }: Place, value: Json): object {
  return urn === enterpriseUrn ? { [enterpriseUrn]: { [attribute.name]: value } } : { [attribute.name]: value }
}

function valueAt(resource: Json, { urn, attribute, sub }: Place): Json {
  const home = urn === enterpriseUrn ? resource[enterpriseUrn] : resource
  const value = home?.[attribute.name]
  if (sub === undefined) return value
  return attribute.multiValued ? value?.[0]?.[sub.name] : value?.[sub.name]
}

function isLinked({ attribute: { name } }: Place): boolean {
  return linked.includes(name)
}

function isReadOnly({ attribute, sub }: Place): boolean {
  return attribute.mutability === 'readOnly' || sub?.mutability === 'readOnly'
}

/** Everything that can be written, in one body. */
function wholeBody(all: readonly Place[], mark: string): Json {
  const body: Json = { schemas: [userUrn, enterpriseUrn] }
  for (const place of all) {
    if (place.sub !== undefined || isReadOnly(place) || isLinked(place)) continue
    const value = sample(place.attribute, mark)
    if (place.urn === enterpriseUrn) body[enterpriseUrn] = { ...body[enterpriseUrn], [place.attribute.name]: value }
    else body[place.attribute.name] = value
  }
  return body
}

test('mutability readWrite: every such attribute is kept by POST, PUT and PATCH, and answered as it was sent', async () => {
  const scim = await newScim(t)
  const all = await places(scim)
  assert.ok(all.length > 70, `${all.length} places were read`)
  const body = wholeBody(all, '1')
  const made = await scimRequest(scim, 'POST', '/Users', body)
  assert.equal(made.status, 201, made.text)
  const path = `/Users/${made.json.id}`
  const holds = async (sent: Json) => {
    const seen = await readScim(scim, path)
    for (const place of all.filter((one) => !isReadOnly(one) && !isLinked(one)))
      assert.deepEqual(valueAt(seen, place), valueAt(sent, place), pathOf(place))
  }
  await holds(body)
  const other = wholeBody(all, '2')
  assert.equal((await scimRequest(scim, 'PUT', path, other)).status, 200)
  await holds(other)
  const third = wholeBody(all, '3')
  const operations = all
    .filter((place) => place.sub === undefined && !isReadOnly(place) && !isLinked(place))
    .map((place) => ({ op: 'replace', path: pathOf(place), value: valueAt(third, place) }))
  assert.equal((await patchScim(scim, path, ...operations)).status, 200)
  await holds(third)
})

test('mutability readOnly: every such attribute is ignored by POST and PUT, and refused by PATCH', async () => {
  const scim = await newScim(t)
  const readOnly = (await places(scim)).filter(isReadOnly)
  assert.ok(readOnly.length >= 2)
  const { id, meta } = await addScimUser(scim, 'ann')
  for (const place of readOnly) {
    const { attribute, sub } = place
    const value =
      sub === undefined ? [{ value: 'x' }] : attribute.multiValued ? [{ [sub.name]: 'x' }] : { [sub.name]: 'x' }
    const body = { schemas: [userUrn, enterpriseUrn], userName: 'ann', ...wrapped(place, value) }
    const put = await scimRequest(scim, 'PUT', `/Users/${id}`, body)
    assert.equal(put.status, 200, pathOf(place))
    assert.equal(valueAt(put.json, place), undefined, pathOf(place))
    for (const op of ['add', 'replace', 'remove']) {
      const answer = await patchScim(scim, `/Users/${id}`, {
        op,
        path: pathOf(place),
        ...(op === 'remove' ? {} : { value: 'x' }),
      })
      assert.deepEqual(outcome(answer), [400, 'mutability'], `${op} ${pathOf(place)}`)
    }
  }
  assert.deepEqual((await readScim(scim, `/Users/${id}`)).meta, meta)
})

test('mutability immutable: such a part of a member is set when it is added, and never changed', async () => {
  const scim = await newScim(t)
  const user = await addScimUser(scim, 'ann')
  const group = await addScimGroup(scim, 'Ops', [user.id])
  const immutable = (await places(scim, [groupUrn])).filter(({ sub }) => sub?.mutability === 'immutable')
  assert.deepEqual(immutable.map(({ sub }) => sub?.name).toSorted(), ['$ref', 'type', 'value'])
  for (const { attribute, sub } of immutable) {
    const path = `${attribute.name}[value eq "${user.id}"].${sub?.name}`
    const answer = await patchScim(scim, `/Groups/${group.id}`, { op: 'replace', path, value: 'x' })
    assert.deepEqual(outcome(answer), [400, 'mutability'], path)
  }
  assert.deepEqual(await readScim(scim, `/Groups/${group.id}`), group)
})

test('returned: always stays, default goes when it is excluded and comes when it is named, never is nowhere', async () => {
  const scim = await newScim(t)
  await changeScim(scim, { overrides: { passwords: true } })
  const all = await places(scim)
  const body = { ...wholeBody(all, '1'), password: 'correct horse battery staple 1' }
  const made = await scimRequest(scim, 'POST', '/Users', body)
  const path = `/Users/${made.json.id}`
  for (const place of all) {
    if (isLinked(place) || isReadOnly(place)) continue
    const name = encodeURIComponent(pathOf(place))
    const returned = [place.attribute.returned, place.sub?.returned ?? 'default']
    const [only, except, plain] = [
      await readScim(scim, `${path}?attributes=${name}`),
      await readScim(scim, `${path}?excludedAttributes=${name}`),
      await readScim(scim, path),
    ].map((resource) => valueAt(resource, place) !== undefined)
    const wanted = returned.includes('never')
      ? [false, false, false]
      : returned.includes('always')
        ? [true, true, true]
        : [true, false, true]
    assert.deepEqual([only, except, plain], wanted, pathOf(place))
  }
  assert.ok(
    all.some(({ attribute }) => attribute.returned === 'never'),
    'password is published',
  )
  for (const common of ['id', 'schemas'])
    assert.ok(common in (await readScim(scim, `${path}?excludedAttributes=${common}`)))
})

test('returned never: such an attribute stands in no answer, and in no filter or sort', async () => {
  const scim = await newScim(t)
  await changeScim(scim, { overrides: { passwords: true } })
  const hidden = (await places(scim)).filter(({ attribute }) => attribute.returned === 'never')
  assert.equal(hidden.length, 1)
  for (const place of hidden) {
    const path = pathOf(place)
    for (const filter of [`${path} pr`, `${path} eq "x"`, `not (${path} sw "x")`, `${userUrn}:${path} pr`])
      assert.deepEqual(outcome(await scimRequest(scim, 'GET', `/Users?filter=${encodeURIComponent(filter)}`)), [
        400,
        'invalidFilter',
      ])
    assert.deepEqual(outcome(await scimRequest(scim, 'GET', `/Users?sortBy=${path}`)), [400, 'invalidPath'])
  }
})

test('caseExact: a filter by another case finds a value exactly where case does not count', async () => {
  const scim = await newScim(t)
  const all = await places(scim)
  const made = await scimRequest(scim, 'POST', '/Users', wholeBody(all, '1'))
  let asked = 0
  for (const place of all) {
    const target = place.sub ?? place.attribute
    if (target.caseExact === undefined || target.type === 'boolean' || isReadOnly(place)) continue
    if (target.returned === 'never' || isLinked(place)) continue
    const value: string = valueAt(made.json, place)
    const swapped = value.replaceAll(/[a-z]/gi, (letter) =>
      letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
    )
    const find = (text: string) => findScim(scim, 'Users', `${pathOf(place)} eq ${JSON.stringify(text)}`)
    assert.deepEqual(await find(value), [made.json.id], pathOf(place))
    assert.deepEqual(await find(swapped), target.caseExact ? [] : [made.json.id], `${pathOf(place)} in another case`)
    asked += 1
  }
  assert.ok(asked > 45, `${asked} attributes were asked for`)
})

test('uniqueness server: a second value that compares as equal is 409', async () => {
  const scim = await newScim(t)
  const all = await places(scim)
  const unique = all.filter(({ attribute, sub }) => sub === undefined && attribute.uniqueness === 'server')
  assert.ok(unique.length > 0)
  for (const place of unique) {
    const value = 'Ab unique'
    await addScimUser(scim, 'first', wrapped(place, value))
    const twin = { schemas: [userUrn], userName: 'second', ...wrapped(place, value.toUpperCase()) }
    const answer = await scimRequest(scim, 'POST', '/Users', twin)
    assert.deepEqual(outcome(answer), place.attribute.caseExact ? [201] : [409, 'uniqueness'], pathOf(place))
  }
  const others = all.filter(({ attribute, sub }) => sub === undefined && attribute.uniqueness === 'none')
  const body = wholeBody(all, '1')
  await addScimUser(scim, 'u1', { ...body, userName: 'u1' })
  await addScimUser(scim, 'u2', { ...body, userName: 'u2' })
  assert.ok(others.length > 10, 'all of these may repeat')
})

test('type: a value of another type is invalidValue for every attribute', async () => {
  const scim = await newScim(t)
  const all = (await places(scim)).filter((place) => !isReadOnly(place) && place.attribute.returned !== 'never')
  for (const place of all) {
    const target = place.sub ?? place.attribute
    const wrong = target.type === 'complex' ? 7 : target.type === 'boolean' ? 'maybe' : { a: 1 }
    const inPlace = place.sub === undefined ? wrong : { [place.sub.name]: wrong }
    const value = place.attribute.multiValued ? [inPlace] : inPlace
    const body = { schemas: [userUrn, enterpriseUrn], userName: 'ann', ...wrapped(place, value) }
    assert.deepEqual(outcome(await scimRequest(scim, 'POST', '/Users', body)), [400, 'invalidValue'], pathOf(place))
  }
})

test('multiValued: a list is no single value, and a single value no list', async () => {
  const scim = await newScim(t)
  const all = (await places(scim)).filter((place) => place.sub === undefined && !isReadOnly(place))
  for (const place of all.filter(({ attribute }) => attribute.returned !== 'never')) {
    const { attribute } = place
    const one = sample({ ...attribute, multiValued: false }, '1')
    const value = attribute.multiValued ? one : [one, one]
    const body = { schemas: [userUrn, enterpriseUrn], userName: 'ann', ...wrapped(place, value) }
    assert.deepEqual(outcome(await scimRequest(scim, 'POST', '/Users', body)), [400, 'invalidValue'], pathOf(place))
  }
})

test('required: such an attribute is neither left out nor removed', async () => {
  const scim = await newScim(t)
  for (const [urn, type] of [
    [userUrn, 'Users'],
    [groupUrn, 'Groups'],
  ] as const) {
    const required = (await places(scim, [urn])).filter(({ attribute, sub }) => sub === undefined && attribute.required)
    assert.ok(required.length > 0)
    for (const place of required) {
      assert.deepEqual(outcome(await scimRequest(scim, 'POST', `/${type}`, { schemas: [urn] })), [400, 'invalidValue'])
      const { id } = type === 'Users' ? await addScimUser(scim, 'ann') : await addScimGroup(scim, 'Ops')
      const answer = await patchScim(scim, `/${type}/${id}`, { op: 'remove', path: pathOf(place) })
      assert.deepEqual(outcome(answer), [400, 'mutability'])
      assert.deepEqual(outcome(await scimRequest(scim, 'PUT', `/${type}/${id}`, { schemas: [urn] })), [
        400,
        'invalidValue',
      ])
    }
  }
})

test('canonicalValues: other values are kept as well', async () => {
  const scim = await newScim(t)
  const all = (await places(scim)).filter((place) => place.sub?.canonicalValues !== undefined && !isReadOnly(place))
  assert.ok(all.length >= 5)
  for (const [index, place] of all.entries()) {
    const values = [...(place.sub?.canonicalValues ?? []), 'Something else']
    const sent = values.map((type, at) => ({ value: `https://example.com/${at}`, type }))
    const made = await addScimUser(
      scim,
      `user${index}`,
      wrapped(place, place.attribute.name === 'addresses' ? values.map((type) => ({ type, locality: 'x' })) : sent),
    )
    assert.deepEqual(
      made[place.attribute.name].map(({ type }: { type: string }) => type),
      values,
    )
  }
})
