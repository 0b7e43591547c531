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

/** Lists of what two tables hold together: each row that begins with this value leads to one of the other table. */
const joined: Readonly<Record<string, { readonly from: string; readonly by: string; readonly to: string }>> = {
  '/api/muster/groups/{group}/members': { from: 'group_members', by: 'group_id', to: 'user_id' },
  '/api/muster/users/{user}/role-grants': { from: 'role_grants', by: 'user_id', to: 'role_id' },
  '/api/muster/users/{user}/sub-roles': { from: 'user_sub_roles', by: 'user_id', to: 'role_id' },
}

type Row = Readonly<Record<string, unknown>>

function prefixed(table: string, row: Row): FilterRow {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [`${table}.${column}`, value]))
}

async function readTable(table: string): Promise<Row[]> {
  return (await sql<Row>`select * from ${sql.table(table)} where tenant_id = ${t.acme.id}`.execute(t.db)).rows
}

/** Rows as the fields name their columns, with what users show of other tables. */
async function rowsOf(template: string, shape: ListShape, where: (row: FilterRow) => boolean): Promise<FilterRow[]> {
  const table = Object.values(shape.sorts)
    .map((column) => column.split('.')[0] ?? '')
    .find((name) => joined[template]?.from !== name)
  const rows = await readTable(table ?? '')
  const [members, roles, subRoles] = await Promise.all(['group_members', 'roles', 'user_sub_roles'].map(readTable))
  const nameOf = (id: unknown) => roles?.find((role) => role['id'] === id)?.['name']
  const join = joined[template]
  const instant = { 'instant.now': t.clock.now().getTime() }
  const named = rows.map((row) => {
    const own: FilterRow = { ...prefixed(table ?? '', row), ...instant }
    if (table === 'oauth_clients') return { ...own, 'roles.name': nameOf(row['role_id']) }
    if (table !== 'users') return own
    const groupIds = members?.filter((member) => member['user_id'] === row['id']).map((member) => member['group_id'])
    const more = subRoles?.filter((held) => held['user_id'] === row['id']).map((held) => nameOf(held['role_id']))
    const links = { 'groups.count': groupIds?.length, 'groups.ids': groupIds, 'roles.more': more }
    return { ...own, 'roles.name': nameOf(row['workspace_role_id']), ...links }
  })
  if (join === undefined) return named.filter(where)
  const begins = join.by === 'group_id' ? own.group : own.user
  const led = (await readTable(join.from)).filter((row) => row[join.by] === begins)
  return led.flatMap((row) =>
    named
      .filter((other) => other[`${table}.id`] === row[join.to])
      .map((other) => ({ ...other, ...prefixed(join.from, row) })),
  )
}

/** Of all rows, those that the list is about. */
const scopes: Readonly<Record<string, (row: FilterRow) => boolean>> = {
  '/api/service/groups/{group}/members': (row) => [row['groups.ids']].flat().includes(own.group),
  '/api/service/roles': (row) => row['roles.level'] !== 'token',
  '/api/service/apikeys': (row) => row['api_tokens.revoked_at'] === 0,
  '/api/muster/users/{user}/decentralized-roles': (row) => row['decentralized_roles.user_id'] === own.user,
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
    await compare(template, path, { shape, where, token: t.acme.token })
  })
}

test('a member’s list of users finds what the same tree finds in memory, and refuses the same trees', async () => {
  const list = '/api/service/users'
  const token = await t.serviceToken('$member')
  await compare(list, list, { shape: directoryUserList, where: () => true, token })
})

interface Compared {
  readonly shape: ListShape
  readonly where: (row: FilterRow) => boolean
  readonly token: string
}

async function compare(template: string, path: string, { shape, where, token }: Compared): Promise<void> {
  const rows = await rowsOf(template, shape, where)
  assert.ok(rows.length > 0 && rows.length <= 100, `${rows.length} rows`)
  const table = Object.keys(rows[0] ?? {})[0]?.split('.')[0] ?? ''
  const more = attributeNames[table] ?? []
  await fc.assert(
    fc.asyncProperty(filterTexts(shape, rows, more), async (text) => {
      const answer = await t.get(`${path}?limit=100&filter=${encodeURIComponent(text.toWellFormed())}`, { token })
      const expected = readInMemory(text, shape.fields, rows, table)
      if (rows.length > 1) asked += 1
      if (expected === null) return assert.equal(answer.json.error, 'invalid_filter', text)
      const { records, items, filterRecord, totalRecord } = answer.json
      const found: string[] = (records ?? items ?? []).map(idOf)
      assert.deepEqual(found.toSorted(), expected.toSorted(), `${text}: ${answer.text.slice(0, 200)}`)
      // A walk counts nothing.
      if (items === undefined) assert.deepEqual([filterRecord, totalRecord], [expected.length, rows.length], text)
      if (expected.length > 0 && expected.length < rows.length) told += 1
    }),
    { numRuns: filtersPerList },
  )
}

function idOf(record: { readonly id?: string; readonly userId?: string; readonly roleId?: string }): string {
  return record.id ?? record.userId ?? record.roleId ?? ''
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
