import { sql, type Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end, endKeyed, isPostgres } = portable(db)
  await run(
    db,
    `
create table roles (
  tenant_id ${text} not null references tenants (id),
  id ${text} not null,
  name ${text} not null,
  description ${text} not null,
  level ${text} not null check (level in ('workspace', 'admin-subrole', 'token')),
  rank ${integer} not null,
  member_count ${integer} not null default 0 check (member_count >= 0),
  primary key (tenant_id, id)
${end};
create unique index roles_name_unique on roles (tenant_id, name);
create table users (
  seq ${isPostgres ? 'bigint not null generated always as identity' : 'integer not null primary key autoincrement'},
  tenant_id ${text} not null references tenants (id),
  id ${text} not null,
  username ${text} not null,
  username_key ${text} not null,
  email ${text} not null,
  email_key ${text} not null,
  first_name ${text} not null,
  first_name_key ${text} not null,
  last_name ${text} not null,
  last_name_key ${text} not null,
  enabled ${integer} not null check (enabled in (0, 1)),
  email_verified ${integer} not null check (email_verified in (0, 1)),
  source ${text} not null check (source in ('local', 'jit', 'scim')),
  workspace_role_id ${text} not null,
  attributes ${text} not null,
  locked_until ${integer} not null default 0,
  invited_at ${integer} not null default 0,
  invited_by ${text} not null default '',
  invited_by_name ${text} not null default '',
  accepted_at ${integer} not null default 0,
  last_login_at ${integer} not null default 0,
  created_at ${integer} not null,
  version ${integer} not null default 1,
  links_version ${integer} not null default 1,
  ${isPostgres ? 'primary key (tenant_id, id),' : 'unique (tenant_id, id),'}
  foreign key (tenant_id, workspace_role_id) references roles (tenant_id, id)
${end};
create unique index users_username_key_unique on users (tenant_id, username_key);
create unique index users_email_key_unique on users (tenant_id, email_key);
create unique index users_seq_unique on users (tenant_id, seq);
create index users_by_username on users (tenant_id, username, id);
create index users_by_first_name on users (tenant_id, first_name, id);
create index users_by_last_name on users (tenant_id, last_name, id);
create index users_by_enabled on users (tenant_id, enabled, id);
create index users_by_created_at on users (tenant_id, created_at, id);
create index users_by_last_login_at on users (tenant_id, last_login_at, id);
create index users_by_role on users (tenant_id, workspace_role_id, id);
create table credentials (
  tenant_id ${text} not null,
  user_id ${text} not null,
  password_hash ${text} not null,
  changed_at ${integer} not null,
  primary key (tenant_id, user_id),
  foreign key (tenant_id, user_id) references users (tenant_id, id)
${endKeyed};
`,
  )
  await (isPostgres ? addPostgresSearch(db) : addSqliteSearch(db))
}

async function addSqliteSearch(db: Kysely<unknown>): Promise<void> {
  const insert = `insert into users_search (rowid, username_key, email_key, first_name_key, last_name_key)
    values (new.seq, new.username_key, new.email_key, new.first_name_key, new.last_name_key); end`
  const remove = 'delete from users_search where rowid = old.seq;'
  const statements = [
    `create virtual table users_search using fts5 (username_key, email_key, first_name_key, last_name_key,
      content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1')`,
    `create trigger users_search_insert after insert on users begin ${insert}`,
    `create trigger users_search_delete after delete on users begin ${remove} end`,
    `create trigger users_search_update
      after update of username_key, email_key, first_name_key, last_name_key on users begin ${remove} ${insert}`,
  ]
  for (const statement of statements) await sql.raw(statement).execute(db)
}

/** Both extensions come with PostgreSQL but may be missing or forbidden: substring search then reads the table. */
async function addPostgresSearch(db: Kysely<unknown>): Promise<void> {
  for (const column of ['username_key', 'email_key', 'first_name_key', 'last_name_key']) {
    await sql
      .raw(
        `do $$ begin
          create extension if not exists pg_trgm;
          create extension if not exists btree_gin;
          create index users_search_${column} on users using gin (tenant_id, ${column} gin_trgm_ops);
        exception when insufficient_privilege or undefined_file or feature_not_supported or undefined_object then null;
        end $$`,
      )
      .execute(db)
  }
}
