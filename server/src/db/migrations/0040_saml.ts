import type { Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end } = portable(db)
  await run(
    db,
    `
create table saml_keys (
  tenant_id ${text} not null references tenants (id),
  purpose ${text} not null,
  private_key ${text} not null,
  certificate ${text} not null,
  created_at ${integer} not null,
  primary key (tenant_id, purpose)
${end};
create table saml_requests (
  tenant_id ${text} not null,
  id ${text} not null,
  connection_id ${text} not null,
  browser_hash ${text} not null,
  purpose ${text} not null check (purpose in ('sign_in', 'test', 'link', 'logout')),
  user_id ${text} not null default '',
  session_id ${text} not null default '',
  test_id ${text} not null default '',
  return_path ${text} not null default '/',
  created_at ${integer} not null,
  expires_at ${integer} not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, connection_id) references sso_connections (tenant_id, id) on delete cascade
${end};
create index saml_requests_by_expiry on saml_requests (tenant_id, expires_at, id);
create index saml_requests_by_connection on saml_requests (tenant_id, connection_id, id);
create table saml_consumed (
  tenant_id ${text} not null,
  connection_id ${text} not null,
  assertion_id ${text} not null,
  expires_at ${integer} not null,
  primary key (tenant_id, connection_id, assertion_id),
  foreign key (tenant_id, connection_id) references sso_connections (tenant_id, id) on delete cascade
${end};
create index saml_consumed_by_expiry on saml_consumed (tenant_id, expires_at, connection_id, assertion_id);
create table external_identities (
  tenant_id ${text} not null,
  connection_id ${text} not null,
  name_id ${text} not null,
  user_id ${text} not null,
  name_id_format ${text} not null default '',
  linked_at ${integer} not null,
  last_sign_in_at ${integer} not null default 0,
  primary key (tenant_id, connection_id, name_id),
  foreign key (tenant_id, connection_id) references sso_connections (tenant_id, id) on delete cascade,
  foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
${end};
create index external_identities_by_user on external_identities (tenant_id, user_id, connection_id);
create table sso_tests (
  tenant_id ${text} not null,
  id ${text} not null,
  connection_id ${text} not null,
  user_id ${text} not null,
  token_hash ${text} not null,
  state ${text} not null check (state in ('open', 'started', 'passed', 'failed')),
  reason ${text} not null default '',
  detail ${text} not null default '{}',
  created_at ${integer} not null,
  finished_at ${integer} not null default 0,
  primary key (tenant_id, id),
  foreign key (tenant_id, connection_id) references sso_connections (tenant_id, id) on delete cascade
${end};
create unique index sso_tests_token_hash_unique on sso_tests (tenant_id, token_hash);
create index sso_tests_by_connection on sso_tests (tenant_id, connection_id, created_at, id);
`,
  )
}
