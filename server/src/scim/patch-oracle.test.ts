import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addScimGroup, addScimUser, openScim, patchScim, readScim } from '../../test/scim-workspace.ts'
import { startTestApp } from '../../test/start-test-app.ts'
import { anyStep, enterprise, settled, type Model } from './testdata/patch-model.ts'

const sequencesTried = 40

test('any sequence of PATCHes leaves a user as a naive model has them', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  let users = 0
  const messages = fc.array(fc.array(anyStep, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(messages, async (patches) => {
      users += 1
      const path = `/Users/${(await addScimUser(scim, `user${users}`)).id}`
      const model: Model = {}
      const sent: string[] = []
      for (const steps of patches) {
        const operations = steps.map(({ operation }) => operation)
        sent.push(JSON.stringify(operations))
        const answer = await patchScim(scim, path, ...operations)
        assert.equal(answer.status, 200, `${answer.text}\n${sent.join('\n')}`)
        for (const { apply } of steps) apply(model)
        const { title, nickName, name, phoneNumbers, [enterprise]: extension } = await readScim(scim, path)
        const seen = { title, nickName, name, phoneNumbers, [enterprise]: extension }
        assert.deepEqual(JSON.parse(JSON.stringify(seen)), settled(model), sent.join('\n'))
      }
    }),
    { numRuns: sequencesTried },
  )
})

test('any sequence of membership changes leaves a group as a set has it', async () => {
  await using t = await startTestApp()
  const scim = await openScim(t)
  const ids: string[] = []
  for (let index = 0; index < 6; index += 1) ids.push((await addScimUser(scim, `u${index}`)).id)
  for (let index = 0; index < 2; index += 1) ids.push((await addScimGroup(scim, `g${index}`)).id)
  const some = fc.subarray(ids, { minLength: 1 })
  const listed = (list: readonly string[]) => list.map((value) => ({ value }))
  const step = fc.oneof(
    some.map((list) => ({
      operation: { op: 'add', path: 'members', value: listed(list) },
      apply: (set: Set<string>) => list.forEach((id) => set.add(id)),
    })),
    some.map((list) => ({
      operation: { op: 'Remove', path: 'members', value: listed(list) },
      apply: (set: Set<string>) => list.forEach((id) => set.delete(id)),
    })),
    fc.constantFrom(...ids).map((id) => ({
      operation: { op: 'remove', path: `members[value eq "${id}"]` },
      apply: (set: Set<string>) => void set.delete(id),
    })),
    fc.constant({
      operation: { op: 'remove', path: 'members[type eq "Group"]' },
      apply: (set: Set<string>) => ids.slice(6).forEach((id) => set.delete(id)),
    }),
    some.map((list) => ({
      operation: { op: 'replace', value: { members: listed(list) } },
      apply: (set: Set<string>) => {
        set.clear()
        for (const id of list) set.add(id)
      },
    })),
    fc
      .constantFrom({ op: 'remove', path: 'members' }, { op: 'replace', path: 'members', value: [] })
      .map((operation) => ({ operation, apply: (set: Set<string>) => set.clear() })),
  )
  let groups = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 }),
      async (patches) => {
        groups += 1
        const path = `/Groups/${(await addScimGroup(scim, `group ${groups}`)).id}`
        const model = new Set<string>()
        for (const steps of patches) {
          const answer = await patchScim(scim, path, ...steps.map(({ operation }) => operation))
          assert.equal(answer.status, 200, answer.text)
          for (const { apply } of steps) apply(model)
          const { members = [] } = await readScim(scim, path)
          assert.deepEqual(new Set(members.map(({ value }: { value: string }) => value)), model)
        }
      },
    ),
    { numRuns: sequencesTried / 2 },
  )
})
