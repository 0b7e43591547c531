import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'
import { TestBrowser } from '../../test/test-browser.ts'
import { captureSql } from '../../test/sql-capture.ts'

test('V-I11 a sign-in and a request for a new password send the database the same statements, whether anybody has the name or not', async () => {
  await using t = await startTestApp()
  await t.addUser('user01')
  await t.invite('user02@example.com')
  const disabled = await t.addUser('user03')
  await t.post(`/api/service/users/${disabled.id}`, { enabled: false })
  for (const [path, fields] of [
    ['/auth/sign-in', { password: 'not the right one' }],
    ['/auth/forgot-password', {}],
  ] as const) {
    const seen = new Map<string, string>()
    for (const login of ['user01', 'user02@example.com', 'user03', 'user99', 'user98@example.com']) {
      // What is kept in memory between requests is read by the first.
      t.clock.advance(61_000)
      const statements = await captureSql(() => new TestBrowser(t).send(path, { ...fields, login }))
      seen.set(login, statements.map(({ text }) => text).join('\n'))
    }
    assert.ok((seen.get('user99') ?? '').length > 500)
    assert.equal(new Set(seen.values()).size, 1, [...seen].map(([login, text]) => `${login}\n${text}`).join('\n\n'))
  }
})
