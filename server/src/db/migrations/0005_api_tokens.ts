import type { Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end } = portable(db)
  await run(
    db,
    `
create table api_tokens (
  tenant_id ${text} not null references tenants (id),
  id ${text} not null,
  client_id ${text} not null,
  token_hash ${text} not null,
  last_four ${text} not null,
  display_name ${text} not null,
  description ${text} not null,
  owner_id ${text},
  role_id ${text},
  rights ${text} not null,
  personas ${text} not null,
  lifetime_seconds ${integer} not null,
  created_at ${integer} not null,
  created_by ${text} not null,
  updated_at ${integer} not null default 0,
  updated_by ${text} not null default '',
  expires_at ${integer} not null,
  revoked_at ${integer} not null default 0,
  last_used_at ${integer} not null default 0,
  version ${integer} not null default 1,
  primary key (tenant_id, id),
  foreign key (tenant_id, owner_id) references users (tenant_id, id),
  foreign key (tenant_id, role_id) references roles (tenant_id, id),
  check ((owner_id is null) <> (role_id is null))
${end};
create unique index api_tokens_token_hash_unique on api_tokens (token_hash);
create unique index api_tokens_client_id_unique on api_tokens (tenant_id, client_id);
create index api_tokens_by_created_at on api_tokens (tenant_id, created_at, id);
create index api_tokens_by_display_name on api_tokens (tenant_id, display_name, id);
create index api_tokens_by_owner on api_tokens (tenant_id, owner_id, created_at, id);
`,
  )
}
