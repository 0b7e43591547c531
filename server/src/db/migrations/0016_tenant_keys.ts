import { randomBytes } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import { portable, run } from './portable.ts'

/** The index that goes was read by nobody; databases made from now on never had it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, endKeyed } = portable(db)
  await run(
    db,
    `
create table tenant_keys (
  tenant_id ${text} not null references tenants (id),
  purpose ${text} not null,
  key ${text} not null,
  created_at ${integer} not null,
  primary key (tenant_id, purpose)
${endKeyed};
drop index if exists events_by_object;
`,
  )
  const { rows } = await sql<{ id: string; created_at: number }>`select id, created_at from tenants`.execute(db)
  for (const { id, created_at: at } of rows) {
    const key = randomBytes(32).toString('base64url')
    await sql`insert into tenant_keys (tenant_id, purpose, key, created_at) values (${id}, 'cursors', ${key}, ${at})`.execute(
      db,
    )
  }
}
