import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'
import type { Answer } from '../../test/test-client.ts'

const size = 256 * 1024
const growthMax = 150 * 1024 * 1024

/** Bodies of the largest size there is, each dear in its own way. */
const worst: Readonly<Record<string, string>> = {
  'ten thousand values': `{"x":[${Array.from({ length: 9_990 }, () => '{}').join(',')}],"y":"${'z'.repeat(200_000)}"}`,
  'one deep list': `{"x":${'['.repeat(size / 2 - 10)}${']'.repeat(size / 2 - 10)}}`,
  'names throughout': `{${Array.from({ length: 9_000 }, (_, index) => `"name-number-${index}":0`).join(',')}}`,
}

test('V-D5: a hundred of the worst bodies at once cost less than 150 MiB, and without a credential not one is read', async () => {
  await using t = await startTestApp()
  const userId = await t.invite('person@example.com')
  const send = (rawBody: string, token: string): Promise<Answer> =>
    t.request('POST', `/api/service/users/${userId}`, { rawBody, token })
  await send('{}', t.acme.token)
  const rounds = [
    ...Object.entries(worst).map(([what, body]) => ({ what, body, token: t.acme.token, allowed: [200, 400] })),
    { what: 'without a credential', body: '{', token: `mst_${'x'.repeat(43)}`, allowed: [401] },
  ]
  for (const { what, body, token, allowed } of rounds) {
    assert.ok(Buffer.byteLength(body) <= size, what)
    const before = process.memoryUsage.rss()
    const answers = await Promise.all(Array.from({ length: 100 }, () => send(body, token)))
    for (const { status } of answers) assert.ok(allowed.includes(status), `${what}: ${status}`)
    const growth = process.memoryUsage.rss() - before
    assert.ok(growth <= growthMax, `${what}: ${Math.round(growth / 2 ** 20)} MiB more`)
  }
})
