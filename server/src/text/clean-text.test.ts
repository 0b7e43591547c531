import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'

const invisible = [
  0x00, 0x01, 0x09, 0x0a, 0x0d, 0x1b, 0x1f, 0x7f, 0x80, 0x85, 0x9f, 0x202a, 0x202d, 0x202e, 0x2066, 0x2069,
]

test('names with control characters or marks that turn text around are refused, whatever field they are for (V-D9)', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  for (const code of invisible) {
    const name = `A${String.fromCharCode(code)}B`
    for (const body of [{ firstName: name }, { lastName: name }, { attributes: { [name]: ['x'] } }]) {
      const answer = await t.post(`/api/service/users/${user.id}`, body)
      assert.equal(answer.status, 400, `U+${code.toString(16)} ${JSON.stringify(body)}`)
      assert.equal(answer.json.error, 'invalid_body')
    }
  }
  const { json } = await t.get(`/api/service/users/${user.id}`)
  assert.deepEqual([json.firstName, json.lastName], ['First', 'Last'])
})

test('half a surrogate pair is refused in names and values (V-D9)', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  for (const rawBody of [
    '{"firstName":"\\ud800"}',
    '{"lastName":"a\\udc00b"}',
    '{"attributes":{"skills":["\\ud83d"]}}',
    '{"\\ud800":1}',
  ]) {
    const answer = await t.request('POST', `/api/service/users/${user.id}`, { rawBody })
    assert.equal(answer.status, 400, rawBody)
  }
})

test('a name has at most 1,000 code points, an attribute value at most 4 KiB, and there are at most 100 attributes (V-D9)', async () => {
  await using t = await startTestApp()
  const { id } = await t.addUser('user01')
  const values = (count: number) => Array.from({ length: count }, (_, index) => `v${index}`)
  const names = (count: number) => Object.fromEntries(values(count).map((name) => [name, ['x']]))
  const cases: readonly (readonly [object, number])[] = [
    [{ firstName: '\u{1f600}'.repeat(1_000) }, 200],
    [{ firstName: '\u{1f600}'.repeat(1_001) }, 400],
    [{ lastName: 'é'.repeat(1_000) }, 200],
    [{ lastName: 'é'.repeat(1_001) }, 400],
    [{ attributes: { skills: ['é'.repeat(2_048)] } }, 200],
    [{ attributes: { skills: [`${'é'.repeat(2_048)}a`] } }, 400],
    [{ attributes: { skills: values(100) } }, 200],
    [{ attributes: { skills: values(101) } }, 400],
    [{ attributes: names(101) }, 400],
    [{ attributes: { skills: ['two\nlines\tand a tab'] } }, 200],
  ]
  for (const [body, status] of cases) {
    assert.equal((await t.post(`/api/service/users/${id}`, body)).status, status, JSON.stringify(body).slice(0, 60))
  }
  const { json } = await t.get(`/api/service/users/${id}`)
  assert.equal([...json.firstName].length, 1_000)
  assert.deepEqual(json.attributes.skills, ['two\nlines\tand a tab'])
})
