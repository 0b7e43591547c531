import { sql, type Kysely } from 'kysely'
import { v7 as uuid } from 'uuid'
import { portable, run } from './portable.ts'

const forever = '9007199254740991'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end } = portable(db)
  const held = `
  tenant_id ${text} not null,
  user_id ${text} not null,
  role_id ${text} not null,
  valid_from ${integer} not null default 0,`
  const given = `
  given_at ${integer} not null,
  given_by ${text} not null,
  check (valid_from < expires_at),
  foreign key (tenant_id, user_id) references users (tenant_id, id),
  foreign key (tenant_id, role_id) references roles (tenant_id, id)`
  await run(
    db,
    `
alter table users add column has_more_roles ${integer} not null default 0 check (has_more_roles in (0, 1));
create unique index roles_description_unique on roles (tenant_id, description);
create table role_grants (${held}
  expires_at ${integer} not null check (expires_at < ${forever}),${given},
  primary key (tenant_id, user_id, role_id)
${end};
create index role_grants_by_end on role_grants (tenant_id, expires_at);
create table user_sub_roles (${held}
  expires_at ${integer} not null default ${forever},
  is_timed ${integer} not null default 0
    check (is_timed = case when valid_from > 0 or expires_at < ${forever} then 1 else 0 end),${given},
  primary key (tenant_id, user_id, role_id)
${end};
create index user_sub_roles_timed on user_sub_roles (tenant_id, role_id, expires_at, valid_from) where is_timed = 1;
create table decentralized_roles (${held}
  expires_at ${integer} not null default ${forever},
  id ${text} not null,
  level ${text} not null,
  privilege ${text} not null,
  object_id ${text} not null default '',${given},
  primary key (tenant_id, id)
${end};
create unique index decentralized_roles_held_unique on decentralized_roles (tenant_id, user_id, role_id, level, object_id);
alter table personas add column resources ${text} not null default '[]';
alter table personas add column attributes ${text} not null default '{}';
`,
  )
  await addSubRoles(db)
}

/** The built-in sub-roles, for tenants that exist; later ones get them when they are created. */
async function addSubRoles(db: Kysely<unknown>): Promise<void> {
  const tenants = await sql<{ id: string }>`select id from tenants`.execute(db)
  for (const { id } of tenants.rows) {
    for (const [rank, name, description] of [
      [4, '$governance-admin', 'Governance Admin'],
      [5, '$workflow-admin', 'Workflow Admin'],
    ] as const) {
      await sql`insert into roles (tenant_id, id, name, description, level, rank)
        values (${id}, ${uuid()}, ${name}, ${description}, 'admin-subrole', ${rank})`.execute(db)
    }
  }
}
