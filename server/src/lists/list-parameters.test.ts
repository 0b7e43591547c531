import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

let t: TestApp
/** Each list with one of its columns. */
let columns: Readonly<Record<string, string>>
let lists: readonly string[]

before(async () => {
  t = await startTestApp()
  const user = await t.invite('user01@example.com')
  const group = await t.addGroup('data', [user])
  await t.post('/api/service/personas', { name: 'base' })
  await t.post('/api/service/purposes', { name: 'billing' })
  await t.post('/api/service/oauth-clients', { displayName: 'sync', role: '$member' })
  columns = {
    '/api/service/users': 'email',
    [`/api/service/groups/${group}/members`]: 'email',
    '/api/service/groups': 'path',
    '/api/service/v2/groups': 'path',
    [`/api/service/users/${user}/groups`]: 'path',
    '/api/service/roles': 'description',
    '/api/service/apikeys': 'displayName',
    '/api/service/oauth-clients': 'displayName',
    '/api/service/personas': 'displayName',
    '/api/service/purposes': 'displayName',
    '/api/muster/invitations': 'email',
    '/api/muster/outbox': 'kind',
  }
  lists = Object.keys(columns)
})
after(() => t[Symbol.asyncDispose]())

interface Envelope {
  readonly totalRecord: number
  readonly filterRecord: number
  readonly count: number
  readonly records: readonly { readonly id: string }[]
}

async function page(path: string): Promise<Envelope> {
  const { status, json, text } = await t.get(path)
  assert.equal(status, 200, `${path} → ${text}`)
  assert.deepEqual(Object.keys(json).toSorted(), ['count', 'filterRecord', 'records', 'totalRecord'], path)
  assert.equal(json.count, json.records.length, path)
  return json
}

async function refusal(path: string): Promise<string> {
  const { status, json } = await t.get(path)
  assert.equal(status, 400, path)
  return json.error
}

test('every list answers all four keys, and everything is on the first page of a small one', async () => {
  for (const path of lists) {
    const { totalRecord, filterRecord, count } = await page(path)
    assert.ok(totalRecord > 0 && filterRecord === totalRecord && count === totalRecord, path)
  }
})

test('every list takes pages from 1 to 100, and refuses more with the maximum in its message', async () => {
  for (const path of lists) {
    const { totalRecord } = await page(path)
    for (const limit of ['', '0', '20', '99', '100'])
      assert.equal((await page(`${path}?limit=${limit}`)).count, totalRecord, `${path} ${limit}`)
    assert.equal((await page(`${path}?limit=1`)).count, 1, path)
    for (const limit of ['101', '200', '100000']) {
      const { status, json } = await t.get(`${path}?limit=${limit}`)
      assert.deepEqual([status, json.error], [400, 'limit_too_large'], path)
      assert.match(json.message, /\b100\b/)
    }
  }
})

test('every list reads numbers as digits and nothing else, each parameter once', async () => {
  for (const path of lists) {
    for (const trick of ['1e2', '0x10', '1.5', '-1', '%2B1', '%201', 'NaN', '12345678901234567890', 'x', '1%00']) {
      for (const name of ['limit', 'offset'])
        assert.match(
          await refusal(`${path}?${name}=${trick}`),
          /^(invalid_request|limit_too_large)$/,
          `${path} ${name}=${trick}`,
        )
    }
    for (const name of ['limit', 'offset', 'count', 'sort', 'filter'])
      assert.equal(await refusal(`${path}?${name}=1&${name}=1`), 'invalid_request', `${path} ${name}`)
    assert.equal(await refusal(`${path}?offset=2147483648`), 'invalid_request')
    assert.equal(await refusal(`${path}?count=maybe`), 'invalid_request')
  }
})

test('every list is empty beyond its end, with its totals still true', async () => {
  for (const path of lists) {
    const { totalRecord } = await page(path)
    for (const offset of [totalRecord, 1_000, 2_147_483_647]) {
      assert.deepEqual(
        await page(`${path}?offset=${offset}`),
        { totalRecord, filterRecord: totalRecord, count: 0, records: [] },
        path,
      )
    }
  }
})

test('every list leaves out its totals, and nothing else, with count=false in any case', async () => {
  for (const path of lists) {
    const { records } = await page(path)
    for (const count of ['false', 'False', 'FALSE']) {
      assert.deepEqual(
        await page(`${path}?count=${count}`),
        { totalRecord: 0, filterRecord: 0, count: records.length, records },
        path,
      )
    }
    for (const count of ['true', 'True', ''])
      assert.equal((await page(`${path}?count=${count}`)).totalRecord, records.length, path)
  }
})

test('every list passes over empty and unknown parameters', async () => {
  for (const path of lists) {
    const plain = await page(path)
    assert.deepEqual(await page(`${path}?limit=&offset=&sort=&count=&filter=&columns=`), plain, path)
    assert.deepEqual(await page(`${path}?page=2&q=x&select=id`), plain, path)
  }
})

test('every list refuses unknown sort keys, columns and fields, and says which there are', async () => {
  for (const path of lists) {
    for (const [query, code, names] of [
      ['sort=tenant_id', 'invalid_sort', /use one of [a-zA-Z]+/],
      ['columns=tenant_id', 'invalid_columns', /use id, /],
      [`filter=${encodeURIComponent('{"tenant_id":"x"}')}`, 'invalid_filter', /allowed are id, /],
    ] as const) {
      const { status, json } = await t.get(`${path}?${query}`)
      assert.deepEqual([status, json.error], [400, code], path)
      assert.match(json.message, names, path)
    }
  }
})

test('every list can be filtered by id, in both languages', async () => {
  for (const path of lists) {
    const { totalRecord, records } = await page(path)
    const id = records[0]?.id ?? ''
    for (const filter of [`{"id":"${id}"}`, `id eq "${id}"`, `{"id":{"$in":["${id}","x"]}}`]) {
      const found = await page(`${path}?filter=${encodeURIComponent(filter)}`)
      assert.deepEqual(
        [found.totalRecord, found.filterRecord, found.records[0]?.id],
        [totalRecord, 1, id],
        `${path} ${filter}`,
      )
    }
    assert.equal((await page(`${path}?filter=${encodeURIComponent('{"id":{"$in":[""]}}')}`)).count, 0, path)
  }
})

test('every list projects to one column; the id always comes, and the name where the contract says so', async () => {
  for (const [path, column] of Object.entries(columns)) {
    const expected = column === 'path' ? ['id', 'name', column] : ['id', column]
    for (const record of (await page(`${path}?columns=${column}`)).records)
      assert.deepEqual(Object.keys(record), expected, path)
  }
})
