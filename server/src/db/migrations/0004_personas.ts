import type { Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end, endKeyed } = portable(db)
  const common = `
  tenant_id ${text} not null references tenants (id),
  id ${text} not null,
  name ${text} not null,
  name_key ${text} not null,
  qualified_name ${text} not null,
  display_name ${text} not null,
  description ${text} not null,
  created_at ${integer} not null,
  created_by ${text} not null,
  updated_at ${integer} not null,
  updated_by ${text} not null,
  version ${integer} not null default 1,
  links_version ${integer} not null default 1,`
  const subjects = (table: string, owner: string, owners: string) => `
create table ${table} (
  tenant_id ${text} not null,
  ${owner} ${text} not null,
  subject_kind ${text} not null check (subject_kind in ('user', 'group')),
  subject_id ${text} not null,
  primary key (tenant_id, ${owner}, subject_kind, subject_id),
  foreign key (tenant_id, ${owner}) references ${owners} (tenant_id, id)
${endKeyed};
create index ${table}_by_subject on ${table} (tenant_id, subject_kind, subject_id, ${owner});`
  const sorts = (table: string) =>
    ['name', 'created_at', 'created_by', 'updated_at', 'updated_by']
      .map((column) => `create index ${table}_by_${column} on ${table} (tenant_id, ${column}, id);`)
      .join('\n')
  await run(
    db,
    `
create table personas (${common}
  is_enabled ${integer} not null default 1 check (is_enabled in (0, 1)),
  policies ${text} not null,
  readme ${text} not null default '',
  primary key (tenant_id, id)
${end};
create unique index personas_qualified_name_unique on personas (tenant_id, qualified_name);
create unique index personas_name_key_unique on personas (tenant_id, name_key);
${sorts('personas')}
${subjects('persona_subjects', 'persona_id', 'personas')}
create table purposes (${common}
  is_active ${integer} not null default 1 check (is_active in (0, 1)),
  tags ${text} not null,
  revision ${text} not null default '',
  primary key (tenant_id, id)
${end};
create unique index purposes_qualified_name_unique on purposes (tenant_id, qualified_name);
create unique index purposes_name_key_unique on purposes (tenant_id, name_key);
${sorts('purposes')}
${subjects('purpose_subjects', 'purpose_id', 'purposes')}
`,
  )
}
