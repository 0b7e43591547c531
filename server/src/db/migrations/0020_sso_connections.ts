import type { Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end } = portable(db)
  await run(
    db,
    `
create table sso_connections (
  tenant_id ${text} not null references tenants (id),
  id ${text} not null,
  alias ${text} not null,
  alias_key ${text} not null,
  display_name ${text} not null,
  is_enabled ${integer} not null check (is_enabled in (0, 1)),
  entity_id ${text} not null,
  sign_on_url ${text} not null,
  sign_on_binding ${text} not null check (sign_on_binding in ('redirect', 'post')),
  logout_url ${text} not null default '',
  certificates ${text} not null,
  options ${text} not null default '{}',
  created_at ${integer} not null,
  created_by ${text} not null,
  updated_at ${integer} not null default 0,
  updated_by ${text} not null default '',
  version ${integer} not null default 1,
  primary key (tenant_id, id)
${end};
create unique index sso_connections_alias_key_unique on sso_connections (tenant_id, alias_key);
create index sso_connections_by_created_at on sso_connections (tenant_id, created_at, id);
`,
  )
}
