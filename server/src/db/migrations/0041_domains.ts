import type { Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end } = portable(db)
  await run(
    db,
    `
create table domains (
  tenant_id ${text} not null references tenants (id),
  id ${text} not null,
  name ${text} not null,
  challenge ${text} not null,
  verified_at ${integer} not null default 0,
  verified_by ${text} not null default '',
  created_at ${integer} not null,
  created_by ${text} not null,
  primary key (tenant_id, id)
${end};
create unique index domains_name_unique on domains (tenant_id, name);
`,
  )
}
