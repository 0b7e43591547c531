import type { Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end, endKeyed } = portable(db)
  await run(
    db,
    `
create table tenants (
  id ${text} not null primary key,
  slug ${text} not null,
  name ${text} not null,
  plan ${text} not null check (plan in ('enterprise', 'standard')),
  state ${text} not null check (state in ('active', 'disabled')),
  settings ${text} not null,
  catalogue_version ${integer} not null default 1,
  created_at ${integer} not null
${end};
create unique index tenants_slug_unique on tenants (slug);
create table counters (
  tenant_id ${text} not null references tenants (id),
  name ${text} not null,
  value ${integer} not null check (value >= 0),
  primary key (tenant_id, name)
${endKeyed};
`,
  )
}
