import type { Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end } = portable(db)
  await run(
    db,
    `
create table events (
  tenant_id ${text} not null references tenants (id),
  id ${text} not null,
  at ${integer} not null,
  type ${text} not null,
  category ${text} not null check (category in ('admin', 'sign-in')),
  actor_kind ${text} not null,
  actor_id ${text} not null,
  actor_name ${text} not null,
  subject_kind ${text} not null,
  subject_id ${text} not null,
  object_id ${text} not null default '',
  door ${text} not null,
  address ${text} not null,
  request_id ${text} not null,
  data ${text} not null,
  personal ${text} not null,
  primary key (tenant_id, id)
${end};
create index events_by_category on events (tenant_id, category, at, id);
create index events_by_type on events (tenant_id, type, at, id);
create index events_by_actor on events (tenant_id, actor_id, category, at, id);
create index events_by_subject on events (tenant_id, subject_id, category, at, id);
create index events_by_address on events (tenant_id, address, category, at, id);
`,
  )
}
