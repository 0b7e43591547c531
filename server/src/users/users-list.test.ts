import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { invitePeople, usernames, usersAddress } from './testdata/people.ts'

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `user${String(index).padStart(3, '0')}`)
}

async function inviteMany(t: TestApp, count: number): Promise<void> {
  const people = names(count).map((username) => ({ username }))
  for (let start = 0; start < count; start += 100) await invitePeople(t, people.slice(start, start + 100))
}

test('an empty directory is an envelope with all four keys', async () => {
  await using t = await startTestApp()
  assert.deepEqual((await t.get('/api/service/users')).json, { totalRecord: 0, filterRecord: 0, count: 0, records: [] })
})

test('a page has as many rows as asked for, 20 when nothing, nothing much or 0 is asked, and never more than 100', async () => {
  await using t = await startTestApp()
  await inviteMany(t, 103)
  for (const [limit, size] of [
    ['', 20],
    ['0', 20],
    ['1', 1],
    ['20', 20],
    ['21', 21],
    ['99', 99],
    ['100', 100],
    ['007', 7],
  ] as const) {
    const { json } = await t.get(usersAddress({ limit }))
    assert.deepEqual(
      [json.count, json.records.length, json.totalRecord, json.filterRecord],
      [size, size, 103, 103],
      `limit=${limit}`,
    )
  }
  assert.equal((await t.get('/api/service/users')).json.count, 20)
  for (const limit of ['101', '1000', '999999999']) {
    const { status, json } = await t.get(usersAddress({ limit }))
    assert.deepEqual([status, json.error], [400, 'limit_too_large'], limit)
    assert.match(json.message, /\b100\b/)
  }
})

test('pages follow one another without a gap or a repeat, and the first one beyond the end is empty', async () => {
  await using t = await startTestApp()
  await inviteMany(t, 47)
  for (const limit of [1, 7, 20, 100]) {
    const seen: string[] = []
    for (let offset = 0; ; offset += limit) {
      const page = await usernames(t, { limit, offset })
      if (page.length === 0) break
      assert.equal(page.length, Math.min(limit, 47 - offset))
      seen.push(...page)
    }
    assert.deepEqual(seen, names(47), `limit=${limit}`)
  }
  for (const offset of ['47', '48', '1000000', '2147483647']) {
    const { json } = await t.get(usersAddress({ offset }))
    assert.deepEqual(json, { totalRecord: 47, filterRecord: 47, count: 0, records: [] }, `offset=${offset}`)
  }
})

test('totalRecord counts before the filter, filterRecord after it, count the rows of the page', async () => {
  await using t = await startTestApp()
  await inviteMany(t, 30)
  const filter = '{"username":{"$like":"user01%"}}'
  const page = async (parameters: Record<string, string>) => {
    const { records, ...counts } = (await t.get(usersAddress(parameters))).json
    assert.equal(records.length, counts.count)
    return counts
  }
  assert.deepEqual(await page({ filter, limit: '3' }), { totalRecord: 30, filterRecord: 10, count: 3 })
  assert.deepEqual(await page({ filter, offset: '9' }), { totalRecord: 30, filterRecord: 10, count: 1 })
  assert.deepEqual(await page({ filter: '{"username":"nobody"}' }), { totalRecord: 30, filterRecord: 0, count: 0 })
  assert.deepEqual(await page({ filter, limit: '3', count: 'false' }), { totalRecord: 0, filterRecord: 0, count: 3 })
})

test('count is read in any case, and an empty one counts', async () => {
  await using t = await startTestApp()
  await t.invite('user01@example.com')
  for (const [count, total] of [
    ['true', 1],
    ['True', 1],
    ['TRUE', 1],
    ['', 1],
    ['false', 0],
    ['False', 0],
    ['FALSE', 0],
  ] as const) {
    const { json } = await t.get(usersAddress({ count }))
    assert.deepEqual([json.totalRecord, json.filterRecord, json.count], [total, total, 1], `count=${count}`)
  }
  for (const count of ['yes', '1', '0', 'truee', ' true']) {
    assert.equal((await t.get(usersAddress({ count }))).json.error, 'invalid_request', `count=${count}`)
  }
})

test('empty parameters count as absent, and unknown ones are passed over', async () => {
  await using t = await startTestApp()
  await inviteMany(t, 3)
  const plain = await t.get('/api/service/users')
  for (const query of [
    'limit=&offset=&sort=&count=&filter=&columns=&maxLoginEvents=',
    'columns=&columns=',
    'q=x&page=2&tenantId=other&limit[]=1&__proto__=1',
    'Limit=1&SORT=nothing',
  ]) {
    const answer = await t.get(`/api/service/users?${query}`)
    assert.deepEqual([answer.status, answer.text], [200, plain.text], query)
  }
})

test('a scalar sent twice is refused, even with the same value', async () => {
  await using t = await startTestApp()
  for (const query of [
    'limit=1&limit=1',
    'limit=&limit=1',
    'offset=0&offset=0',
    'sort=username&sort=email',
    'count=true&count=true',
    'filter=id%20pr&filter=id%20pr',
    'maxLoginEvents=1&maxLoginEvents=1',
  ]) {
    const { status, json } = await t.get(`/api/service/users?${query}`)
    assert.deepEqual([status, json.error], [400, 'invalid_request'], query)
    assert.match(json.message, new RegExp(query.slice(0, query.indexOf('='))))
  }
})

test('numbers are digits and nothing that a number parser would also read', async () => {
  await using t = await startTestApp()
  const tricks = [
    '1e2',
    '0x10',
    '1.5',
    '-1',
    '+1',
    ' 1',
    '1 ',
    'NaN',
    'Infinity',
    '1_000',
    '٣',
    '12345678901234567890',
    '1,2',
    'null',
  ]
  for (const name of ['limit', 'offset', 'maxLoginEvents']) {
    for (const trick of tricks) {
      const { status, json } = await t.get(usersAddress({ [name]: trick }))
      assert.equal(status, 400, `${name}=${trick}`)
      assert.match(json.error, /^(invalid_request|limit_too_large)$/)
      assert.match(json.message, new RegExp(name))
    }
  }
  for (const query of [{ offset: '2147483648' }, { maxLoginEvents: '101' }]) {
    assert.equal((await t.get(usersAddress(query))).json.error, 'invalid_request')
  }
})

test('totals stay true through invitation, deletion and what happens in another tenant', async () => {
  await using t = await startTestApp()
  await invitePeople(
    t,
    names(5).map((username) => ({ username })),
    t.other,
  )
  const [first = ''] = await invitePeople(
    t,
    names(3).map((username) => ({ username })),
  )
  const total = async () => (await t.get('/api/service/users')).json.totalRecord
  assert.equal(await total(), 3)
  await t.post('/api/service/users', { emails: ['user001@example.com', 'not an address'] })
  assert.equal(await total(), 3)
  await t.post(`/api/service/users/${first}/delete`)
  assert.equal(await total(), 2)
  assert.equal((await t.get('/api/service/users?limit=100')).json.records.length, 2)
})
