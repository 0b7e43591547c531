import { sql, type Kysely } from 'kysely'
import { portable, run } from './portable.ts'

/**
 * What is asked of all tenants at once has a view of its own, which shows no more than is asked for: the tenant behind a host
 * name, and whose work waits. On PostgreSQL the rows of every table are those of the tenant the connection is set to.
 *
 * @source contract/security-and-reliability.md, 10.3; docs/decisions/0050
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await run(
    db,
    `
create view every_tenant as select id, slug, name, plan, state, settings, created_at from tenants;
create view every_outbox_item as select tenant_id, kind, state, due_at, lease_until from outbox;
create view every_stored_answer as select tenant_id, expires_at from idempotency_keys;
create view every_unsealed_event as select tenant_id, at from events where seq = 0;
`,
  )
  if (!portable(db).isPostgres) return
  const { rows } = await sql<{ name: string }>`select relname as name from pg_class
    where relnamespace = current_schema()::regnamespace and relkind = 'r' and relname not like 'kysely%'
    order by 1`.execute(db)
  for (const { name } of rows) await run(db, walled(name, name === 'tenants' ? 'id' : 'tenant_id'))
  for (const table of ['users', 'groups', 'scim_users']) await run(db, searched(table))
}

/**
 * Unset, the setting is null and equals nothing. As a subquery it is asked once in a statement, and the planner does not look
 * at its value: a plan is kept with the connection, and must serve the next tenant, be it a thousand times larger.
 */
const tenantNow = `(select nullif(current_setting('app.tenant', true), ''))`

/** Later migrations call this for the tables they add. The owner sees everything: migrations and backups are its own. */
export function walled(table: string, column = 'tenant_id'): string {
  return `
alter table ${table} enable row level security;
alter table ${table} force row level security;
create policy of_tenant on ${table} using (${column} = ${tenantNow}) with check (${column} = ${tenantNow});
create policy of_owner on ${table} to current_user using (true) with check (true);
`
}

/**
 * The same wall as a view, for searches by pattern: LIKE is not "leakproof", so that PostgreSQL asks no index for it behind
 * a policy and reads the whole table instead. A later migration that adds a column makes the view anew.
 */
function searched(table: string): string {
  return `
create view searched_${table} as select * from ${table} where tenant_id = ${tenantNow};
`
}
