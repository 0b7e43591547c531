import type { Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end } = portable(db)
  await run(
    db,
    `
create table outbox (
  tenant_id ${text} not null references tenants (id),
  id ${text} not null,
  kind ${text} not null,
  subject_id ${text} not null,
  dedupe_key ${text} not null,
  payload ${text} not null,
  state ${text} not null check (state in ('waiting', 'held', 'sent', 'failed', 'discarded')),
  attempts ${integer} not null default 0,
  due_at ${integer} not null,
  lease_until ${integer} not null default 0,
  lease_owner ${text} not null default '',
  last_error ${text} not null default '',
  created_at ${integer} not null,
  settled_at ${integer} not null default 0,
  primary key (tenant_id, id)
${end};
create unique index outbox_dedupe_key_unique on outbox (tenant_id, kind, dedupe_key);
create index outbox_due on outbox (tenant_id, due_at, id) where state = 'waiting';
create index outbox_by_created_at on outbox (tenant_id, created_at, id);
create index outbox_by_subject on outbox (tenant_id, subject_id, id);
`,
  )
}
