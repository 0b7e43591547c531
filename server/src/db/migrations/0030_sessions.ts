import type { Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end } = portable(db)
  await run(
    db,
    `
create table sessions (
  tenant_id ${text} not null references tenants (id),
  id ${text} not null,
  id_hash ${text} not null,
  user_id ${text} not null,
  csrf_token ${text} not null,
  method ${text} not null check (method in ('password', 'saml', 'passkey')),
  second_factor ${text} not null default '',
  started_at ${integer} not null,
  last_seen_at ${integer} not null,
  confirmed_at ${integer} not null,
  idle_ms ${integer} not null,
  ends_at ${integer} not null,
  is_stale ${integer} not null default 0 check (is_stale in (0, 1)),
  address ${text} not null,
  user_agent ${text} not null,
  connection_id ${text} not null default '',
  name_id ${text} not null default '',
  session_index ${text} not null default '',
  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
${end};
create unique index sessions_id_hash_unique on sessions (tenant_id, id_hash);
create index sessions_by_user on sessions (tenant_id, user_id, started_at, id);
create index sessions_by_end on sessions (tenant_id, ends_at, id);
create index sessions_by_name_id on sessions (tenant_id, connection_id, name_id) where name_id <> '';
create table session_tokens (
  tenant_id ${text} not null,
  token_hash ${text} not null,
  session_id ${text} not null,
  expires_at ${integer} not null,
  primary key (tenant_id, token_hash),
  foreign key (tenant_id, session_id) references sessions (tenant_id, id) on delete cascade
${end};
create index session_tokens_by_session on session_tokens (tenant_id, session_id, expires_at);
`,
  )
}
