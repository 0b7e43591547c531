import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addScimUser, openScim, readScim, scimRequest } from '../../test/scim-workspace.ts'
import { startTestApp } from '../../test/start-test-app.ts'
import { anyFilter, anyUser, matches, print } from './testdata/filter-model.ts'

const usersMade = 24
const filtersTried = 350

test('SCIM filters find exactly the users that the same filter finds in what clients see', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const people = fc.sample(anyUser, usersMade)
  for (const [index, person] of people.entries()) await addScimUser(scim, `user${index}`, person)
  await t.addUser('rest')
  const { Resources } = await readScim(scim, '/Users?count=1000')
  assert.equal(Resources.length >= usersMade, true)
  let telling = 0
  await fc.assert(
    fc.asyncProperty(anyFilter, async (filter) => {
      const text = print(filter)
      const answer = await scimRequest(scim, 'POST', '/Users/.search', { schemas: [], filter: text, count: 1_000 })
      // A filter past the limits is refused, and proves nothing.
      if (answer.status === 400 && /limit|too /.test(answer.text)) return
      assert.equal(answer.status, 200, `${text}: ${answer.text}`)
      const names = (list: { userName: string }[]) => list.map(({ userName }) => userName).toSorted()
      const expected = Resources.filter((resource: object) => matches(filter, resource))
      assert.deepEqual(names(answer.json.Resources), names(expected), text)
      assert.equal(answer.json.totalResults, expected.length, text)
      if (expected.length > 0 && expected.length < Resources.length) telling += 1
    }),
    { numRuns: filtersTried },
  )
  assert.ok(telling > filtersTried / 4, `only ${telling} filters told users apart`)
})
