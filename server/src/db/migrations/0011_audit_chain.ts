import type { Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end } = portable(db)
  const column = (name: string) => `alter table events add column ${name} ${text} not null default '';`
  await run(
    db,
    `
${['actor_user_id', 'credential_id', 'prev_hash', 'hash', 'subject_key', 'subject_mac', 'actor_key', 'actor_mac'].map(column).join('\n')}
alter table events add column seq ${integer} not null default 0;
update events set credential_id = actor_id, actor_user_id = coalesce(
    (select t.owner_id from api_tokens t where t.tenant_id = events.tenant_id and t.id = events.actor_id), '')
  where actor_kind = 'api_token';
create index events_unsealed on events (tenant_id, at, id) where seq = 0;
create unique index events_seq_unique on events (tenant_id, seq) where seq > 0;
create table audit_checkpoints (
  tenant_id ${text} not null references tenants (id),
  seq ${integer} not null,
  hash ${text} not null,
  at ${integer} not null,
  public_key ${text} not null,
  signature ${text} not null,
  primary key (tenant_id, seq)
${end};
`,
  )
}
