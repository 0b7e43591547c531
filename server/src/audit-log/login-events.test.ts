import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'

test('sign-ins are a bare list, empty while nobody signed in, whatever is asked for', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  for (const query of [
    '',
    'type=KeycloakEventType.LOGIN',
    'type=LOGIN&type=LOGOUT',
    'type=KeycloakEventType.LOGIN_ERROR',
    `user=${user.id}&client=atlan-frontend&ipAddress=127.0.0.1`,
    'client=another',
    'dateFrom=2026-01-01&dateTo=2026-01-31&first=0&max=1000',
    'type=&user=&client=&ipAddress=&dateFrom=&dateTo=&first=&max=',
  ]) {
    const { status, json } = await t.get(`/api/service/events/login?${query}`)
    assert.deepEqual([status, json], [200, []], query)
  }
  assert.ok((await t.get('/api/service/events/main')).json.length > 0, 'changes are not sign-ins')
})

test('the question about sign-ins is checked like that about changes', async () => {
  await using t = await startTestApp()
  for (const [query, error] of [
    ['max=1001', 'limit_too_large'],
    ['max=1e2', 'invalid_request'],
    ['first=-1', 'invalid_request'],
    ['dateFrom=2026-02-30', 'invalid_request'],
    ['dateTo=today', 'invalid_request'],
    ['user=a&user=b', 'invalid_request'],
    ['ipAddress=%00', 'invalid_request'],
  ] as const) {
    const { status, json } = await t.get(`/api/service/events/login?${query}`)
    assert.deepEqual([status, json.error], [400, error], query)
  }
})
