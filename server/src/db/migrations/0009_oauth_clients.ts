import type { Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end } = portable(db)
  await run(
    db,
    `
create table oauth_clients (
  tenant_id ${text} not null references tenants (id),
  id ${text} not null,
  client_id ${text} not null,
  secret_hash ${text} not null,
  display_name ${text} not null,
  description ${text} not null,
  role_id ${text} not null,
  personas ${text} not null,
  created_at ${integer} not null,
  created_by ${text} not null,
  updated_at ${integer} not null default 0,
  updated_by ${text} not null default '',
  last_used_at ${integer} not null default 0,
  version ${integer} not null default 1,
  primary key (tenant_id, id),
  foreign key (tenant_id, role_id) references roles (tenant_id, id)
${end};
create unique index oauth_clients_client_id_unique on oauth_clients (tenant_id, client_id);
create unique index oauth_clients_secret_hash_unique on oauth_clients (tenant_id, secret_hash);
create index oauth_clients_by_created_at on oauth_clients (tenant_id, created_at, id);
create index oauth_clients_by_display_name on oauth_clients (tenant_id, display_name, id);
create table access_tokens (
  tenant_id ${text} not null,
  token_hash ${text} not null,
  oauth_client_id ${text} not null,
  issued_at ${integer} not null,
  expires_at ${integer} not null,
  primary key (tenant_id, token_hash),
  foreign key (tenant_id, oauth_client_id) references oauth_clients (tenant_id, id)
${end};
create index access_tokens_by_client on access_tokens (tenant_id, oauth_client_id, expires_at);
`,
  )
}
