import type { Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end } = portable(db)
  await run(
    db,
    `
create table invitations (
  tenant_id ${text} not null references tenants (id),
  id ${text} not null,
  user_id ${text} not null,
  email ${text} not null,
  role_id ${text} not null,
  token_hash ${text} not null,
  inviter_kind ${text} not null,
  inviter_id ${text} not null,
  inviter_name ${text} not null,
  created_at ${integer} not null,
  expires_at ${integer} not null,
  last_sent_at ${integer} not null default 0,
  accepted_at ${integer} not null default 0,
  revoked_at ${integer} not null default 0,
  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users (tenant_id, id),
  foreign key (tenant_id, role_id) references roles (tenant_id, id)
${end};
create unique index invitations_token_hash_unique on invitations (token_hash);
create unique index invitations_user_id_unique on invitations (tenant_id, user_id) where accepted_at = 0 and revoked_at = 0;
create index invitations_by_user on invitations (tenant_id, user_id, created_at);
create index invitations_by_created_at on invitations (tenant_id, created_at, id);
create index invitations_by_expires_at on invitations (tenant_id, expires_at, id);
create index invitations_by_email on invitations (tenant_id, email, id);
`,
  )
}
