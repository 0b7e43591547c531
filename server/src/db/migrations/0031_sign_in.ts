import type { Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { text, integer, end } = portable(db)
  await run(
    db,
    `
create table single_use_tokens (
  tenant_id ${text} not null references tenants (id),
  id ${text} not null,
  token_hash ${text} not null,
  purpose ${text} not null,
  user_id ${text} not null,
  address ${text} not null,
  data ${text} not null default '{}',
  created_at ${integer} not null,
  expires_at ${integer} not null,
  used_at ${integer} not null default 0,
  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
${end};
create unique index single_use_tokens_hash_unique on single_use_tokens (tenant_id, token_hash);
create index single_use_tokens_by_user on single_use_tokens (tenant_id, user_id, purpose, id);
create index single_use_tokens_by_expiry on single_use_tokens (tenant_id, expires_at, id);
create table sign_in_counters (
  tenant_id ${text} not null references tenants (id),
  subject_key ${text} not null,
  failures ${integer} not null,
  window_start ${integer} not null,
  in_window ${integer} not null,
  blocked_until ${integer} not null default 0,
  last_at ${integer} not null,
  primary key (tenant_id, subject_key)
${end};
create index sign_in_counters_by_time on sign_in_counters (tenant_id, last_at, subject_key);
create table pending_sign_ins (
  tenant_id ${text} not null references tenants (id),
  token_hash ${text} not null,
  purpose ${text} not null,
  user_id ${text} not null default '',
  data ${text} not null default '{}',
  expires_at ${integer} not null,
  primary key (tenant_id, token_hash)
${end};
create index pending_sign_ins_by_expiry on pending_sign_ins (tenant_id, expires_at, token_hash);
create table totp_secrets (
  tenant_id ${text} not null,
  user_id ${text} not null,
  secret ${text} not null,
  created_at ${integer} not null,
  confirmed_at ${integer} not null default 0,
  last_step ${integer} not null default 0,
  primary key (tenant_id, user_id),
  foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
${end};
create table recovery_codes (
  tenant_id ${text} not null,
  user_id ${text} not null,
  code_hash ${text} not null,
  created_at ${integer} not null,
  used_at ${integer} not null default 0,
  primary key (tenant_id, user_id, code_hash),
  foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
${end};
create table passkeys (
  tenant_id ${text} not null,
  id ${text} not null,
  user_id ${text} not null,
  name ${text} not null,
  public_key ${text} not null,
  sign_count ${integer} not null,
  transports ${text} not null default '',
  created_at ${integer} not null,
  last_used_at ${integer} not null default 0,
  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
${end};
create index passkeys_by_user on passkeys (tenant_id, user_id, created_at, id);
create table known_devices (
  tenant_id ${text} not null,
  user_id ${text} not null,
  device_hash ${text} not null,
  created_at ${integer} not null,
  last_seen_at ${integer} not null,
  primary key (tenant_id, user_id, device_hash),
  foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
${end};
`,
  )
}
