import assert from 'node:assert/strict'
import { test } from 'node:test'
import { captureSql } from '../../test/sql-capture.ts'
import { startTestApp } from '../../test/start-test-app.ts'
import { usersAddress } from './testdata/people.ts'

const payloads = [
  "'",
  '"',
  '`',
  ';',
  '--',
  '/*',
  '*/',
  '\\',
  "' or '1'='1",
  '" or ""="',
  "'; drop table users; --",
  '1; select pg_sleep(10)',
  'username; delete from users',
  'username) union select * from credentials --',
  '(select token_hash from api_tokens)',
  'case when 1=1 then username else email end',
  'username collate nocase',
  'username limit 1',
  'username nulls last',
  'users.tenant_id',
  'users_search',
  'rowid',
  'sqlite_master',
  'information_schema.tables',
  'password_hash',
  '$1',
  '?',
  ':a',
  '@a',
  '\u0000',
  'username\u0000',
  '%00',
  'a\nb',
  '\r\nx: y',
  '\u202e',
  'a\u2028b',
  '\ud7ff',
  '＇',
  'ʼ or 1=1',
  '0x27',
  'char(39)',
  '||',
  '{{7*7}}',
  '${7*7}',
  '<script>',
  '../../etc/passwd',
  '%',
  '_',
  '*',
  'null',
  'undefined',
  'true',
  '[object Object]',
  'NaN',
]
const sortTemplates = ['P', '-P', 'usernameP', 'username P', 'P,username']
const filterTemplates = ['P', '{"P":1}', '{"username":P}', 'username P "x"', '{"attributes.P":1}']

test('text that would be code elsewhere is refused in sort, columns and filter, and the tables stay as they are (V-D1)', async () => {
  await using t = await startTestApp()
  await t.invite('user01@example.com')
  const before = await t.db.selectFrom('users').selectAll().execute()
  let refused = 0
  const refuse = async (name: string, value: string) => {
    const { status, json } = await t.get(usersAddress({ [name]: value }))
    assert.equal(status, 400, `${name}=${value}`)
    assert.match(json.error, /^invalid_(sort|columns|filter|request)$/, `${name}=${value}`)
    refused += 1
  }
  for (const payload of payloads) {
    for (const template of sortTemplates)
      await refuse(
        'sort',
        template.replace('P', () => payload),
      )
    for (const template of filterTemplates)
      await refuse(
        'filter',
        template.replace('P', () => payload),
      )
    await refuse('columns', payload)
    await refuse('columns', `username,${payload}`)
  }
  assert.ok(refused >= 300, `${refused} refused`)
  assert.deepEqual(await t.db.selectFrom('users').selectAll().execute(), before)
})

test('such text never becomes part of a statement: refused, nothing is asked; as a value, it is always the same statement (V-D1)', async () => {
  await using t = await startTestApp()
  await t.invite('user01@example.com')
  const statementsOf = async (query: Readonly<Record<string, string>>) => {
    let status = 0
    const statements = await captureSql(async () => void ({ status } = await t.get(usersAddress(query))))
    // Who asks is looked up, or known since the last time; when the token was used is noted now and then.
    const texts = statements
      .map(({ text }) => text)
      .filter((text) => /\bfrom users\b/.test(text) && !/api_tokens/.test(text))
    return { status, texts }
  }
  const refused = await statementsOf({ sort: 'nothing' })
  const equal = await statementsOf({ filter: '{"username":"x"}' })
  assert.equal(equal.status, 200)
  for (const payload of payloads) {
    const asSort = await statementsOf({ sort: payload })
    assert.deepEqual(asSort, refused, payload)
    const asValue = await statementsOf({ filter: JSON.stringify({ username: payload }) })
    if (!payload.includes('\u0000')) assert.deepEqual(asValue, equal, payload)
  }
})

test('NUL is refused wherever it stands in the query or the path (V-D9)', async () => {
  await using t = await startTestApp()
  for (const path of [
    '/api/service/users?filter=username%20eq%20%22a%00b%22',
    '/api/service/users?sort=%00username',
    '/api/service/users?columns=username%00',
    '/api/service/users?limit=1%00',
    '/api/service/users?count=%00',
  ]) {
    assert.equal((await t.get(path)).status, 400, path)
  }
})

test('NUL in the path is refused, or names nobody', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  for (const path of [
    `/api/service/users/${id}%00`,
    '/api/service/users/%00',
    `/api/service/users/%00${id}/roles/update`,
  ]) {
    const { status } = path.endsWith('update') ? await t.post(path, { roleId: 'x' }) : await t.get(path)
    assert.ok(status === 400 || status === 404, `${path} → ${status}`)
  }
})

test('broken percent-encoding is a mistake of the client', async () => {
  await using t = await startTestApp()
  for (const path of ['/api/service/users/%', '/api/service/users/%zz', '/api/service/users/%ff']) {
    const { status } = await t.get(path)
    assert.ok(status === 400 || status === 404, `${path} → ${status}`)
  }
  for (const query of ['limit=%', 'filter=%zz', 'sort=%ff']) {
    assert.ok([200, 400].includes((await t.get(`/api/service/users?${query}`)).status), query)
  }
})
