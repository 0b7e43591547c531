import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql, type RawBuilder } from 'kysely'
import { openDatabase } from '../src/db/open.ts'
import type { Db, Queryable } from '../src/db/db.ts'
import { defaultLimits } from '../src/limits/limits.ts'
import { makeIds } from './foreign-ids.ts'
import { rows } from './schema-facts.ts'
import { startTestApp, type TestApp } from './start-test-app.ts'

interface Relation {
  readonly name: string
  readonly kind: 'r' | 'v'
  readonly columns: readonly string[]
  readonly isForced: boolean
  readonly policies: readonly string[]
}

/** What is asked of all tenants at once, and all that can be seen of it. */
const acrossTenants: Readonly<Record<string, readonly string[]>> = {
  every_outbox_item: ['tenant_id', 'kind', 'state', 'due_at', 'lease_until'],
  every_stored_answer: ['tenant_id', 'expires_at'],
  every_tenant: ['id', 'slug', 'name', 'plan', 'state', 'settings', 'created_at'],
  every_unsealed_event: ['tenant_id', 'at'],
}

let t: TestApp
let relations: readonly Relation[]
let tables: readonly Relation[]
/** The server's role on a single connection, which serves whoever asks. */
let one: Db

before(async () => {
  t = await startTestApp()
  for (const tenant of [t.acme, t.other]) {
    await makeIds(t, tenant)
    await t.addUser('somebody', '$member', tenant)
    await t.addScimToken({}, tenant)
    await t.addGroup('everybody', [], tenant)
  }
  relations = await readRelations(t.db)
  tables = relations.filter(({ kind }) => kind === 'r')
  one = openDatabase(t.location, { ...defaultLimits, sqlConnectionsMax: 1 })
})

after(async () => {
  await one.engine.close()
  await t[Symbol.asyncDispose]()
})

async function readRelations(db: Queryable): Promise<Relation[]> {
  return rows<Relation>(
    db as never,
    `select relname as name, relkind as kind, relrowsecurity and relforcerowsecurity as "isForced",
      array(select attname::text from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped order by attnum) as columns,
      array(select polname::text from pg_policy where polrelid = c.oid order by polname) as policies
    from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') and relname not like 'kysely%' order by relname`,
  )
}

async function count(db: Queryable, { name }: Relation, where: RawBuilder<unknown> = sql`true`): Promise<number> {
  const { rows: found } = await sql<{
    count: number
  }>`select count(*) as count from ${sql.table(name)} where ${where}`.execute(db)
  return found[0]?.count ?? -1
}

function tenantColumn({ name }: Relation): RawBuilder<unknown> {
  return sql.ref(name === 'tenants' ? 'id' : 'tenant_id')
}

class Undone extends Error {}

/** How many rows a statement changes; nothing of it is kept. */
async function changes(db: Db, statement: RawBuilder<unknown>): Promise<number> {
  let changed = -1
  const work = db.engine.transact(async (trx) => {
    changed = Number((await statement.execute(trx)).numAffectedRows ?? 0n)
    throw new Undone()
  })
  await assert.rejects(work, Undone)
  return changed
}

test('row level security is forced on every table, with one policy for the tenant and one for the owner (V-T5)', () => {
  assert.ok(tables.length > 40)
  for (const { name, isForced, policies } of tables) {
    assert.ok(isForced, name)
    assert.deepEqual(policies, ['of_owner', 'of_tenant'], name)
  }
})

test('the server owns nothing, is above no policy, and may only read what it has no business to change (V-T5)', async () => {
  const [role] = await rows<Record<string, unknown>>(
    t.serverDb as never,
    `select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb as "isStrong",
      (select count(*)::int from pg_class where pg_has_role(relowner, 'member')) as owned,
      array(select relname::text from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'v')
        and not has_table_privilege(c.oid, 'select')) as hidden,
      array(select relname::text from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'v')
        and has_table_privilege(c.oid, 'insert, update, delete, truncate') and (relkind = 'v' or relname like 'kysely%')) as writable,
      has_schema_privilege('public', 'create') as "makesTables"
    from pg_roles where rolname = current_user`,
  )
  assert.deepEqual(role, { isStrong: false, owned: 0, hidden: [], writable: [], makesTables: false })
})

test('with no tenant set every select of the server returns no row, and nothing can be changed (V-T5)', async () => {
  let filled = 0
  for (const relation of relations) {
    if (acrossTenants[relation.name] !== undefined) continue
    if (relation.kind === 'r' && (await count(t.db, relation)) > 0) filled += 1
    for (const db of [t.serverDb, one]) assert.equal(await count(db, relation), 0, relation.name)
    if (relation.kind === 'v') continue
    const column = tenantColumn(relation)
    assert.equal(
      await changes(one, sql`update ${sql.table(relation.name)} set ${column} = ${column}`),
      0,
      relation.name,
    )
    assert.equal(await changes(one, sql`delete from ${sql.table(relation.name)}`), 0, relation.name)
  }
  assert.ok(filled > 20, `${filled} tables held rows`)
})

test('with a tenant set the server sees and changes that tenant’s rows, whatever a statement forgets to ask (V-T5)', async () => {
  let telling = 0
  for (const relation of tables) {
    const column = tenantColumn(relation)
    const ofAcme = sql`${column} = ${t.acme.id}`
    const own = await count(t.db, relation, ofAcme)
    if (own > 0 && own < (await count(t.db, relation))) telling += 1
    const db = one.forTenant(t.acme.id)
    assert.equal(await count(db, relation), own, relation.name)
    assert.equal(await count(db, relation, ofAcme), own, relation.name)
    assert.equal(
      await changes(db, sql`update ${sql.table(relation.name)} set ${column} = ${column}`),
      own,
      relation.name,
    )
  }
  assert.ok(telling > 20, `${telling} tables held rows of both tenants`)
})

test('a row can be given to no other tenant, and made for none but the one that is set (V-T5)', async () => {
  const counter = (tenantId: string) =>
    sql`insert into counters (tenant_id, name, value) values (${tenantId}, 'smuggled', 1)`
  const refused = /row-level security/
  const db = t.serverDb.forTenant(t.acme.id)
  assert.equal(await changes(db, counter(t.acme.id)), 1)
  await assert.rejects(changes(db, counter(t.other.id)), refused)
  await assert.rejects(changes(t.serverDb, counter(t.acme.id)), refused)
  await assert.rejects(changes(db, sql`update counters set tenant_id = ${t.other.id} where name = 'users'`), refused)
})

test('a connection that served one tenant shows nothing of it to the next, nor to nobody, nor after a rollback (V-T5)', async () => {
  const [users] = tables.filter(({ name }) => name === 'users')
  assert.ok(users)
  const [acme, other] = [one.forTenant(t.acme.id), one.forTenant(t.other.id)]
  const expected = new Map<Db, number>([[one, 0]])
  for (const [db, { id }] of [
    [acme, t.acme],
    [other, t.other],
  ] as const)
    expected.set(db, await count(t.db, users, sql`tenant_id = ${id}`))
  await t.invite('one-more@example.com', '$member', t.other)
  expected.set(other, (expected.get(other) ?? 0) + 1)
  assert.notEqual(expected.get(acme), expected.get(other))
  const order = [acme, other, one, other, acme, acme, one, one, other]
  for (const db of order) assert.equal(await count(db, users), expected.get(db))
  await changes(acme, sql`update users set version = version + 1`)
  for (const db of [other, one, acme]) assert.equal(await count(db, users), expected.get(db))
  // Asked for at once they wait for the one connection, in turns.
  const counts = await Promise.all(order.flatMap((db) => [count(db, users), count(db, users)]))
  assert.deepEqual(
    counts,
    order.flatMap((db) => [expected.get(db), expected.get(db)]),
  )
})

test('four views show what is asked of all tenants at once, and no more than that (V-T5)', () => {
  const views = relations.filter(({ name }) => name.startsWith('every_'))
  assert.deepEqual(Object.fromEntries(views.map(({ name, columns }) => [name, columns])), acrossTenants)
})

test('the views for searches have all columns of their tables, and hide what the tables hide', async () => {
  const views = relations.filter(({ kind, name }) => kind === 'v' && acrossTenants[name] === undefined)
  assert.deepEqual(
    views.map(({ name }) => name),
    ['searched_groups', 'searched_scim_users', 'searched_users'],
  )
  for (const view of views) {
    const table = tables.find(({ name }) => `searched_${name}` === view.name)
    assert.ok(table)
    assert.deepEqual(view.columns, table.columns, view.name)
    const own = await count(t.db, table, sql`tenant_id = ${t.acme.id}`)
    assert.equal(await count(one.forTenant(t.acme.id), view), own)
  }
})
