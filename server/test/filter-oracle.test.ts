import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { checkFilter } from '../src/filter/check-filter.ts'
import type { FieldMap, FilterRow } from '../src/filter/field.ts'
import { FilterError } from '../src/filter/filter-error.ts'
import { filterMatches } from '../src/filter/filter-memory.ts'
import { parseFilter } from '../src/filter/parse-filter.ts'
import type { ListShape } from '../src/lists/list-shape.ts'
import { directoryUserList } from '../src/users/users.fields.ts'
import { listOperations, type ContractPage } from './contract-page.ts'
import { filterTexts } from './filter-texts.ts'
import { makeIds, type Ids } from './foreign-ids.ts'
import { listShapes } from './list-shapes.ts'
import { startTestApp, type TestApp } from './start-test-app.ts'

const filtersPerList = 250

/** Texts that both databases and JavaScript might read in ways of their own; a name may hold all of these. */
const names = [
  'Ann',
  'ann',
  'ANN',
  'Łukasz',
  'ßtraße',
  'İIı',
  'ςΣσ',
  'ﬁﬂ',
  'Ａ％',
  'a_b',
  'a%b',
  'a\\b',
  "O'Neil",
  '"x"',
  '😀',
  '\u{10000}',
  '\ue000',
  'é',
  'e\u0301',
  '[a]',
  '*?',
  '$x',
]

/** Look-ups by ids alone: their filter is no list's (users/identity.test.ts). */
const lookUps = ['/api/service/identity/users', '/api/service/identity/groups']

let t: TestApp
let own: Ids
let told = 0
let asked = 0

before(async () => {
  t = await startTestApp()
  own = await makeIds(t, t.acme)
  await fillDirectory()
})

after(async () => {
  console.log(`filters: ${asked} asked over HTTP, of which ${told} told rows apart`)
  await t[Symbol.asyncDispose]()
  assert.ok(told > asked / 5)
})

async function fillDirectory(): Promise<void> {
  const entry = (name: string, at: number) => ({
    email: `user-${at}@example.com`,
    firstName: name,
    lastName: names[(at * 7) % names.length] ?? '',
    roleName: at % 3 === 0 ? '$guest' : '$member',
    attributes: { designation: [name, `no ${at}`], skills: at % 2 === 0 ? [] : ['a\nb', name] },
    ...(at % 4 === 0 ? { groups: [own.group] } : {}),
  })
  await t.post('/api/service/users', { users: names.map(entry) })
  for (const [at, name] of names.entries()) {
    const attributes = { alias: [name], description: [name], isDefault: [String(at % 5 === 0)] }
    await t.post('/api/service/groups', { group: { name: `group-${at}`, attributes } })
    await t.post('/api/service/personas', { name, displayName: names[(at * 3) % names.length] })
    await t.post('/api/service/purposes', { name, description: name })
    await t.post('/api/service/apikeys', { displayName: name })
    t.clock.advance(at * 1_000)
  }
  // What has not happened to anybody yet: sign-ins, disabling, another owner of the record.
  await t.db.engine.transact((trx) =>
    sql`update users set enabled = case when seq % 4 = 0 then 0 else 1 end, source = case when seq % 5 = 0 then 'scim' else 'local' end,
      accepted_at = case when seq % 3 = 0 then created_at else 0 end, last_login_at = case when seq % 2 = 0 then created_at + seq else 0 end,
      email_verified = case when seq % 3 = 0 then 1 else 0 end, version = version + 1
      where tenant_id = ${t.acme.id}`.execute(trx),
  )
}

/** Rows as the fields name their columns, with what users show of other tables. */
async function rowsOf(shape: ListShape, where: (row: FilterRow) => boolean): Promise<FilterRow[]> {
  const table = shape.sorts[Object.keys(shape.sorts)[0] ?? '']?.split('.')[0] ?? ''
  const { rows } = await sql<FilterRow>`select * from ${sql.table(table)} where tenant_id = ${t.acme.id}`.execute(t.db)
  const members = await t.db.selectFrom('group_members').selectAll().where('tenant_id', '=', t.acme.id).execute()
  const roles = await t.db.selectFrom('roles').selectAll().where('tenant_id', '=', t.acme.id).execute()
  return rows
    .map((row) => {
      const named = Object.fromEntries(Object.entries(row).map(([column, value]) => [`${table}.${column}`, value]))
      if (table !== 'users') return named
      const groupIds = members.filter(({ user_id: userId }) => userId === row['id']).map(({ group_id: id }) => id)
      const role = roles.find(({ id }) => id === row['workspace_role_id'])?.name
      return { ...named, 'roles.name': role, 'groups.count': groupIds.length, 'groups.ids': groupIds }
    })
    .filter(where)
}

/** Of all rows, those that the list is about. */
const scopes: Readonly<Record<string, (row: FilterRow) => boolean>> = {
  '/api/service/groups/{group}/members': (row) => [row['groups.ids']].flat().includes(own.group),
  '/api/service/roles': (row) => row['roles.level'] !== 'token',
  '/api/service/apikeys': (row) => row['api_tokens.revoked_at'] === 0,
}

const attributeNames: Readonly<Record<string, readonly string[]>> = {
  users: [
    'attributes.designation',
    'attributes.skills',
    'attributes.invitedAt',
    'attributes.invitedBy',
    'attributes.x y',
  ],
  groups: ['attributes.description', 'attributes.alias', 'attributes.isDefault'],
}

for (const [template, shape] of Object.entries(listShapes)) {
  test(`${template}: a filter finds what the same tree finds in memory, in both languages`, async () => {
    const path = template.replace('{group}', own.group).replace('{user}', own.user)
    const memberships = await t.db.selectFrom('group_members').selectAll().where('user_id', '=', own.user).execute()
    const mine = memberships.map(({ group_id: id }) => id)
    const where =
      scopes[template] ??
      ((row) => template !== '/api/service/users/{user}/groups' || mine.includes(String(row['groups.id'])))
    await compare(path, shape, where, t.acme.token)
  })
}

test('a member’s list of users finds what the same tree finds in memory, and refuses the same trees', async () => {
  await compare('/api/service/users', directoryUserList, () => true, await t.serviceToken('$member'))
})

async function compare(
  path: string,
  shape: ListShape,
  where: (row: FilterRow) => boolean,
  token: string,
): Promise<void> {
  const rows = await rowsOf(shape, where)
  assert.ok(rows.length > 0 && rows.length <= 100, `${rows.length} rows`)
  const table = Object.keys(rows[0] ?? {})[0]?.split('.')[0] ?? ''
  const more = attributeNames[table] ?? []
  await fc.assert(
    fc.asyncProperty(filterTexts(shape, rows, more), async (text) => {
      const answer = await t.get(`${path}?limit=100&filter=${encodeURIComponent(text.toWellFormed())}`, { token })
      const expected = readInMemory(text, shape.fields, rows, table)
      asked += 1
      if (expected === null) return assert.equal(answer.json.error, 'invalid_filter', text)
      const found: string[] = answer.json.records?.map(({ id }: { id: string }) => id) ?? []
      assert.deepEqual(found.toSorted(), expected.toSorted(), `${text}: ${answer.text.slice(0, 200)}`)
      assert.deepEqual([answer.json.filterRecord, answer.json.totalRecord], [expected.length, rows.length], text)
      if (expected.length > 0 && expected.length < rows.length) told += 1
    }),
    { numRuns: filtersPerList },
  )
}

/** Ids of the rows that fit; null for a filter that cannot be used. */
function readInMemory(text: string, fields: FieldMap, rows: readonly FilterRow[], table: string): string[] | null {
  try {
    const tree = checkFilter(parseFilter(text.toWellFormed()), fields)
    return rows.filter((row) => filterMatches(tree, row)).map((row) => String(row[`${table}.id`]))
  } catch (error) {
    if (error instanceof FilterError) return null
    throw error
  }
}

test('every list that takes a filter is compared here', () => {
  const page: ContractPage = JSON.parse(JSON.stringify(t.http.swagger()))
  const lists = listOperations(page)
    .filter(({ spec }) => spec.parameters?.some(({ name, in: place }) => name === 'filter' && place === 'query'))
    .map(({ path }) => path)
  const compared = Object.keys(listShapes).map((path) => path.replaceAll(/\{\w+\}/g, '{id}'))
  assert.deepEqual([...compared, ...lookUps].toSorted(), lists.toSorted())
})
