import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addScimGroup,
  addScimUser,
  groupUrn,
  nobody,
  openScim,
  outcome,
  patchScim,
  readScim,
  scimRequest,
} from '../../test/scim-workspace.ts'
import { startTestApp } from '../../test/start-test-app.ts'

const patchOf = (operations: readonly string[]) =>
  `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[${operations.join(',')}]}`

test('K20: 256 memberships in one PATCH, as Okta and as Entra send them', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t, 'okta')
  const ids: string[] = []
  for (let index = 0; index < 256; index += 1) ids.push((await addScimUser(scim, `u${index}`)).id)
  const path = `/Groups/${(await addScimGroup(scim, 'Everybody')).id}`
  const oneByOne = (make: (id: string) => string) => patchOf(ids.map(make))
  const listed = (op: string) =>
    patchOf([`{"op":"${op}","path":"members","value":[${ids.map((id) => `{"$ref":null,"value":"${id}"}`).join(',')}]}`])
  const steps: readonly [string, number][] = [
    [oneByOne((id) => `{"op":"add","path":"members","value":[{"value":"${id}","display":"x"}]}`), 256],
    [oneByOne((id) => `{"op":"remove","path":"members[value eq \\"${id}\\"]"}`), 0],
    [listed('Add'), 256],
    [listed('Add'), 256],
    [listed('Remove'), 0],
    [listed('replace'), 256],
    [patchOf(['{"op":"replace","path":"members","value":[]}']), 0],
  ]
  for (const [message, left] of steps) {
    const answer = await scimRequest(scim, 'PATCH', path, message)
    assert.equal(answer.status, 204, answer.text)
    const { members = [] } = await readScim(scim, path)
    assert.equal(members.length, left)
  }
})

test('a request may name more members than a statement takes parameters', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const user = await addScimUser(scim, 'ann')
  const group = await addScimGroup(scim, 'Ops', [user.id])
  const path = `/Groups/${group.id}`
  const unknown = Array.from({ length: 40_000 }, (_, at) => ({ value: `${nobody.slice(0, -6)}${100_000 + at}` }))
  const body = { schemas: [groupUrn], displayName: 'Ops', members: unknown }
  assert.deepEqual(outcome(await scimRequest(scim, 'PUT', path, body)), [400, 'invalidValue'])
  assert.deepEqual(await readScim(scim, path), group)
  const removal = { op: 'remove', path: 'members', value: [...unknown, { value: user.id }] }
  assert.equal((await patchScim(scim, path, removal)).status, 200)
  assert.equal((await readScim(scim, path)).members, undefined)
})

test('a user may have a thousand values of each attribute, and no more by PATCH than by POST', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const values = Array.from({ length: 1_000 }, (_, at) => ({ value: `v${at}` }))
  const lists = { emails: values, phoneNumbers: values, ims: values, entitlements: values, roles: values }
  const made = await addScimUser(scim, 'ann', lists)
  assert.equal((await readScim(scim, `/Users/${made.id}`)).roles.length, 1_000)
  for (const name of Object.keys(lists)) {
    const add = { op: 'add', path: name, value: [{ value: 'one more' }] }
    assert.deepEqual(outcome(await patchScim(scim, `/Users/${made.id}`, add)), [400, 'invalidValue'], name)
  }
})
