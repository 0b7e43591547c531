import { randomBytes } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import { portable, run } from './portable.ts'

/** Indexes that nobody reads; databases made from now on never had them. */
const unread = ['users_seq_unique', 'groups_seq_unique', 'events_by_object']

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
${unread.map((name) => `drop index if exists ${name};`).join('\n')}
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
