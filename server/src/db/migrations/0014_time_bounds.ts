import type { Kysely } from 'kysely'
import { portable, run } from './portable.ts'

/** The largest number both databases and JavaScript hold exactly: a row that ends there does not end. */
const forever = '9007199254740991'

/**
 * From here on `groups.member_count` counts members for good; those that are time-bound are counted apart.
 * The index by user holds the bounds: SQLite would otherwise think that all of a tenant's memberships are read sooner.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { integer } = portable(db)
  await run(
    db,
    `
alter table group_members add column valid_from ${integer} not null default 0;
alter table group_members add column expires_at ${integer} not null default ${forever} check (valid_from < expires_at);
alter table group_members add column is_timed ${integer} not null default 0
  check (is_timed = case when valid_from > 0 or expires_at < ${forever} then 1 else 0 end);
drop index group_members_by_user;
create index group_members_by_user on group_members (tenant_id, user_id, group_id, valid_from, expires_at);
create index group_members_timed on group_members (tenant_id, group_id, expires_at, valid_from) where is_timed = 1;
alter table groups add column timed_members ${integer} not null default 0 check (timed_members >= 0);
create index groups_timed on groups (tenant_id, id) where timed_members > 0;
alter table users add column has_time_bounds ${integer} not null default 0 check (has_time_bounds in (0, 1));
`,
  )
}
