import { sql, type Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end, endKeyed, isPostgres } = portable(db)
  await run(
    db,
    `
create table groups (
  seq ${isPostgres ? 'bigint not null generated always as identity' : 'integer not null primary key autoincrement'},
  tenant_id ${text} not null references tenants (id),
  id ${text} not null,
  name ${text} not null,
  name_key ${text} not null,
  alias ${text} not null,
  alias_key ${text} not null,
  attributes ${text} not null,
  is_default ${integer} not null check (is_default in (0, 1)),
  source ${text} not null check (source in ('local', 'jit', 'scim')),
  member_count ${integer} not null default 0 check (member_count >= 0),
  created_at ${integer} not null,
  created_by ${text} not null,
  updated_at ${integer} not null default 0,
  updated_by ${text} not null default '',
  version ${integer} not null default 1,
  links_version ${integer} not null default 1,
  ${isPostgres ? 'primary key (tenant_id, id)' : 'unique (tenant_id, id)'}
${end};
create unique index groups_name_key_unique on groups (tenant_id, name_key);
create unique index groups_seq_unique on groups (tenant_id, seq);
create index groups_by_name on groups (tenant_id, name, id);
create index groups_by_alias on groups (tenant_id, alias, id);
create index groups_by_created_at on groups (tenant_id, created_at, id);
create index groups_by_member_count on groups (tenant_id, member_count, id);
create index groups_default on groups (tenant_id, id) where is_default = 1;
create table group_members (
  tenant_id ${text} not null,
  group_id ${text} not null,
  user_id ${text} not null,
  source ${text} not null check (source in ('local', 'jit', 'scim')),
  added_at ${integer} not null,
  primary key (tenant_id, group_id, user_id),
  foreign key (tenant_id, group_id) references groups (tenant_id, id),
  foreign key (tenant_id, user_id) references users (tenant_id, id)
${endKeyed};
create index group_members_by_user on group_members (tenant_id, user_id, group_id);
`,
  )
  await (isPostgres ? addPostgresSearch(db) : addSqliteSearch(db))
}

async function addSqliteSearch(db: Kysely<unknown>): Promise<void> {
  const insert =
    'insert into groups_search (rowid, name_key, alias_key) values (new.seq, new.name_key, new.alias_key); end'
  const remove = 'delete from groups_search where rowid = old.seq;'
  const statements = [
    `create virtual table groups_search using fts5 (name_key, alias_key,
      content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1')`,
    `create trigger groups_search_insert after insert on groups begin ${insert}`,
    `create trigger groups_search_delete after delete on groups begin ${remove} end`,
    `create trigger groups_search_update after update of name_key, alias_key on groups begin ${remove} ${insert}`,
  ]
  for (const statement of statements) await sql.raw(statement).execute(db)
}

async function addPostgresSearch(db: Kysely<unknown>): Promise<void> {
  for (const column of ['name_key', 'alias_key']) {
    await sql
      .raw(
        `do $$ begin
          create index groups_search_${column} on groups using gin (tenant_id, ${column} gin_trgm_ops);
        exception when undefined_object then null;
        end $$`,
      )
      .execute(db)
  }
}
