import type { Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end, isPostgres } = portable(db)
  // Rows are found by their key alone: SQLite keeps them in its tree instead of beside it.
  const endByKey = isPostgres ? end : `${end}, without rowid`
  await run(
    db,
    `
create table idempotency_keys (
  tenant_id ${text} not null references tenants (id),
  key_hash ${text} not null,
  fingerprint ${text} not null,
  status ${integer} not null,
  headers ${text} not null,
  body ${text} not null,
  expires_at ${integer} not null,
  primary key (tenant_id, key_hash)
${endByKey};
create index idempotency_keys_by_expires_at on idempotency_keys (tenant_id, expires_at, key_hash);
`,
  )
}
