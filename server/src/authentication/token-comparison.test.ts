import assert from 'node:assert/strict'
import { test } from 'node:test'
import { captureSql, type Statement } from '../../test/sql-capture.ts'
import { startTestApp } from '../../test/start-test-app.ts'
import { hashSecret, newSecret } from '../secrets/secrets.ts'

/** Times are judged by tier 2 of the security contract; here, that nothing is done which could take another time. */
test('how much of a token is right shows neither in the answer nor in what the database is asked (V-K1)', async () => {
  await using t = await startTestApp()
  const headers = { 'x-atlan-request-id': 'prefix' }
  const right = t.acme.token
  // From here on the tenant of the host is known.
  await t.get('/api/service/whoami', { token: null })
  const answers = new Set<string>()
  const texts = new Set<string>()
  for (let length = 4; length < right.length; length += 1) {
    const token = right.slice(0, length) + newSecret('mst_').slice(length)
    // The last character alone may be right by chance.
    if (token.endsWith(right.slice(length))) continue
    let text = ''
    const statements = await captureSql(async () => {
      const answer = await t.get('/api/service/whoami', { token, headers })
      text = `${answer.status} ${answer.headers['www-authenticate']} ${answer.text}`
    })
    answers.add(text)
    texts.add(JSON.stringify(statements.map((statement) => statement.text)))
    assert.ok(valuesOf(statements).includes(hashSecret(token)), `${length} characters`)
    assert.ok(!valuesOf(statements).some((value) => value.includes(token.slice(4))), 'the secret itself went out')
  }
  assert.equal(answers.size, 1, [...answers].join('\n'))
  assert.equal(texts.size, 1, [...texts].join('\n'))
})

function valuesOf(statements: readonly Statement[]): string[] {
  return statements.flatMap(({ values }) => values.map(String))
}
