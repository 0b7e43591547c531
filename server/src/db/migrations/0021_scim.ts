import { sql, type Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end, isPostgres } = portable(db)
  await run(
    db,
    `
alter table users add column modified_at ${integer} not null default 0;
alter table users add column title_key ${text} not null default '';
alter table groups add column modified_at ${integer} not null default 0;
alter table groups add column members_version ${integer} not null default 0;
alter table group_members add column display ${text} not null default '';
update users set modified_at = created_at;
update groups set modified_at = created_at;
create index groups_by_alias_key on groups (tenant_id, alias_key, id);
create index users_by_modified_at on users (tenant_id, modified_at, id);
create table scim_settings (
  tenant_id ${text} not null primary key references tenants (id),
  profile ${text} not null,
  overrides ${text} not null,
  role_map ${text} not null,
  log_days ${integer} not null,
  cursor_key ${text} not null,
  updated_at ${integer} not null,
  version ${integer} not null default 1
${end};
create table scim_tokens (
  tenant_id ${text} not null references tenants (id),
  id ${text} not null,
  label ${text} not null,
  token_hash ${text} not null,
  last_four ${text} not null,
  access ${text} not null check (access in ('all', 'read')),
  profile ${text} not null default '',
  created_at ${integer} not null,
  created_by ${text} not null,
  creator_id ${text} not null default '',
  expires_at ${integer} not null,
  revoked_at ${integer} not null default 0,
  revoked_by ${text} not null default '',
  replaced_by ${text} not null default '',
  last_used_at ${integer} not null default 0,
  last_used_address ${text} not null default '',
  last_used_agent ${text} not null default '',
  primary key (tenant_id, id)
${end};
create unique index scim_tokens_token_hash_unique on scim_tokens (token_hash);
create index scim_tokens_by_created_at on scim_tokens (tenant_id, created_at, id);
create table scim_users (
  tenant_id ${text} not null,
  user_id ${text} not null,
  external_id ${text} not null default '',
  display_name ${text} not null default '',
  display_key ${text} not null default '',
  has_emails ${integer} not null default 0 check (has_emails in (0, 1)),
  is_active_unset ${integer} not null default 0 check (is_active_unset in (0, 1)),
  document ${text} not null default '{}',
  primary key (tenant_id, user_id),
  foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
${end};
create index scim_users_by_external_id on scim_users (tenant_id, external_id, user_id) where external_id <> '';
create index scim_users_by_display_key on scim_users (tenant_id, display_key, user_id);
create table scim_values (
  tenant_id ${text} not null,
  user_id ${text} not null,
  attribute ${text} not null,
  ordinal ${integer} not null,
  value_key ${text} not null,
  type_key ${text} not null default '',
  is_primary ${integer} not null default 0 check (is_primary in (0, 1)),
  keys ${text} not null default '{}',
  primary key (tenant_id, user_id, attribute, ordinal),
  foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
${isPostgres ? ')' : ') strict, without rowid'};
create index scim_values_by_value on scim_values (tenant_id, attribute, value_key, type_key, is_primary, user_id);
create table scim_groups (
  tenant_id ${text} not null,
  group_id ${text} not null,
  external_id ${text} not null default '',
  document ${text} not null default '{}',
  primary key (tenant_id, group_id),
  foreign key (tenant_id, group_id) references groups (tenant_id, id) on delete cascade
${end};
create index scim_groups_by_external_id on scim_groups (tenant_id, external_id, group_id) where external_id <> '';
create table scim_subgroups (
  tenant_id ${text} not null,
  group_id ${text} not null,
  member_id ${text} not null,
  display ${text} not null default '',
  primary key (tenant_id, group_id, member_id),
  foreign key (tenant_id, group_id) references groups (tenant_id, id) on delete cascade,
  foreign key (tenant_id, member_id) references groups (tenant_id, id) on delete cascade
${end};
create index scim_subgroups_by_member on scim_subgroups (tenant_id, member_id, group_id);
create table scim_log (
  seq ${isPostgres ? 'bigint not null generated always as identity' : 'integer not null primary key autoincrement'},
  tenant_id ${text} not null references tenants (id),
  at ${integer} not null,
  request_id ${text} not null,
  token_id ${text} not null,
  token_label ${text} not null,
  address ${text} not null,
  user_agent ${text} not null,
  client ${text} not null,
  method ${text} not null,
  path ${text} not null,
  query ${text} not null,
  status ${integer} not null,
  scim_type ${text} not null,
  detail ${text} not null,
  cause ${text} not null,
  duration_ms ${integer} not null,
  request_bytes ${integer} not null,
  response_bytes ${integer} not null,
  request_body ${text} not null,
  response_body ${text} not null,
  ${isPostgres ? 'primary key (tenant_id, seq)' : 'unique (tenant_id, seq)'}
${end};
create index scim_log_by_at on scim_log (tenant_id, at, seq);
create index scim_log_by_request on scim_log (tenant_id, request_id);
create table scim_log_steps (
  tenant_id ${text} not null,
  seq ${integer} not null,
  step ${integer} not null,
  subject_kind ${text} not null,
  subject_id ${text} not null,
  external_id ${text} not null default '',
  outcome ${text} not null check (outcome in ('received', 'matched', 'changed', 'skipped', 'refused')),
  operation ${text} not null,
  attribute ${text} not null,
  note ${text} not null,
  before_text ${text} not null,
  after_text ${text} not null,
  primary key (tenant_id, seq, step),
  foreign key (tenant_id, seq) references scim_log (tenant_id, seq) on delete cascade
${end};
create index scim_log_steps_by_subject on scim_log_steps (tenant_id, subject_id, seq);
create index scim_log_steps_by_external_id on scim_log_steps (tenant_id, external_id, seq) where external_id <> '';
create index scim_log_steps_by_outcome on scim_log_steps (tenant_id, outcome, seq);
`,
  )
  await (isPostgres ? addPostgresEmailTrigger(db) : addSqliteEmailTrigger(db))
  // On PostgreSQL "contains" on what the address and names of a user do not cover needs an index of its own.
  if (isPostgres) await addPostgresSearch(db)
}

async function addPostgresSearch(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `do $$ begin
        create index scim_users_search_display_key on scim_users using gin (tenant_id, display_key gin_trgm_ops);
      exception when undefined_object then null;
      end $$`,
    )
    .execute(db)
}

/**
 * An address changed by hand takes the place of those an IdP listed. SCIM itself writes its list after the user's own row,
 * so what it says stays. A trigger, since users know nothing of SCIM.
 */
async function addSqliteEmailTrigger(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `create trigger scim_emails_by_hand after update of email on users when old.email <> new.email begin
        delete from scim_values where tenant_id = new.tenant_id and user_id = new.id and attribute = 'emails';
        update scim_users set has_emails = 0 where tenant_id = new.tenant_id and user_id = new.id; end`,
    )
    .execute(db)
}

async function addPostgresEmailTrigger(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `create function scim_emails_by_hand() returns trigger language plpgsql as $$ begin
        delete from scim_values where tenant_id = new.tenant_id and user_id = new.id and attribute = 'emails';
        update scim_users set has_emails = 0 where tenant_id = new.tenant_id and user_id = new.id;
        return null; end $$`,
    )
    .execute(db)
  await sql
    .raw(
      `create trigger scim_emails_by_hand after update of email on users for each row
        when (old.email is distinct from new.email) execute function scim_emails_by_hand()`,
    )
    .execute(db)
}
