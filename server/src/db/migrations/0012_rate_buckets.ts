import type { Kysely } from 'kysely'
import { portable, run } from './portable.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const { isPostgres, text, end } = portable(db)
  // Written often and worth nothing after a crash: full buckets are as good as any then.
  const unlogged = isPostgres ? 'unlogged' : ''
  const real = isPostgres ? 'double precision' : 'real'
  await run(
    db,
    `
create ${unlogged} table rate_buckets (
  tenant_id ${text} not null references tenants (id),
  policy ${text} not null,
  bucket_key ${text} not null,
  full_at ${real} not null,
  leases ${text} not null,
  primary key (tenant_id, policy, bucket_key)
${end};
`,
  )
}
