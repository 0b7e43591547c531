import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addScimGroup, addScimUser, openScim, readScim, scimRequest } from '../../test/scim-workspace.ts'
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
