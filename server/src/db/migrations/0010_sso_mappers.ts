import type { Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end } = portable(db)
  await run(
    db,
    `
create table sso_mappers (
  tenant_id ${text} not null references tenants (id),
  alias ${text} not null,
  id ${text} not null,
  name ${text} not null,
  kind ${text} not null check (kind in ('group', 'user_attribute')),
  group_id ${text},
  user_attribute ${text} not null default '',
  attribute_name ${text} not null,
  attribute_value ${text} not null default '',
  friendly_name ${text} not null default '',
  values_regex ${text} not null default '',
  created_at ${integer} not null,
  created_by ${text} not null,
  updated_at ${integer} not null default 0,
  updated_by ${text} not null default '',
  version ${integer} not null default 1,
  primary key (tenant_id, alias, id),
  foreign key (tenant_id, group_id) references groups (tenant_id, id),
  check ((kind = 'group') = (group_id is not null))
${end};
create unique index sso_mappers_attribute_value_unique on sso_mappers (tenant_id, alias, group_id, attribute_value);
create index sso_mappers_by_created_at on sso_mappers (tenant_id, alias, created_at, id);
create index sso_mappers_by_group on sso_mappers (tenant_id, group_id, id);
`,
  )
}
