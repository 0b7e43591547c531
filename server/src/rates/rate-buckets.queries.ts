import { hash } from 'node:crypto'
import { sql } from 'kysely'
import { dialectOf, type Trx } from '../db/db.ts'
import { freshBucket, type Lease, type SharedBucket } from './lease.ts'
import type { PolicyName } from './policies.ts'

export interface BucketId {
  readonly tenantId: string
  readonly policy: PolicyName
  readonly key: string
}

export interface StoredBucket extends BucketId {
  readonly bucket: SharedBucket
}

/** The state of each, in the same order; nobody else changes it until the transaction ends. */
export async function lockBuckets(trx: Trx, ids: readonly BucketId[]): Promise<StoredBucket[]> {
  let found = await selectForUpdate(trx, ids)
  if (found.size < ids.length && dialectOf(trx) === 'postgres') {
    // A row that is not there cannot be locked, and two nodes may meet a new key at once.
    await insertFresh(trx, ids)
    found = await selectForUpdate(trx, ids)
  }
  return ids.map((id) => ({ ...id, bucket: found.get(textOf(id)) ?? freshBucket }))
}

async function selectForUpdate(trx: Trx, ids: readonly BucketId[]): Promise<Map<string, SharedBucket>> {
  const { rows } = await sql<{ place: number; full_at: number; leases: string }>`
    select wanted.place, rate_buckets.full_at, rate_buckets.leases
    from rate_buckets join ${wanted(trx, ids)} on rate_buckets.tenant_id = wanted.tenant_id
      and rate_buckets.policy = wanted.policy and rate_buckets.bucket_key = wanted.bucket_key
    order by rate_buckets.tenant_id, rate_buckets.policy, rate_buckets.bucket_key
    ${dialectOf(trx) === 'postgres' ? sql`for update of rate_buckets` : sql``}`.execute(trx)
  return new Map(
    rows.flatMap(({ place, full_at: fullAt, leases }) => {
      const id = ids[place]
      const known: Record<string, Lease> = JSON.parse(leases)
      return id === undefined ? [] : [[textOf(id), { fullAt, leases: known }] as const]
    }),
  )
}

async function insertFresh(trx: Trx, ids: readonly BucketId[]): Promise<void> {
  await sql`insert into rate_buckets (tenant_id, policy, bucket_key, full_at, leases)
    select tenant_id, policy, bucket_key, 0, '{}' from ${wanted(trx, ids)} where true order by 1, 2, 3
    on conflict (tenant_id, policy, bucket_key) do nothing`.execute(trx)
}

/** Ids as a table, in one text whatever their number. */
function wanted(trx: Trx, ids: readonly BucketId[]) {
  const json = JSON.stringify(ids.map((id, place) => ({ place, ...rowOf(id) })))
  return dialectOf(trx) === 'postgres'
    ? sql`(select place, t as tenant_id, p as policy, k as bucket_key
        from json_to_recordset(${json}::json) as given(place int, t text, p text, k text)) as wanted`
    : sql`(select value ->> 'place' as place, value ->> 't' as tenant_id, value ->> 'p' as policy, value ->> 'k' as bucket_key
        from json_each(${json})) as wanted`
}

export async function writeBuckets(trx: Trx, buckets: readonly StoredBucket[]): Promise<void> {
  if (buckets.length === 0) return
  const rows = buckets.map(({ bucket, ...id }) => ({
    ...rowOf(id),
    f: bucket.fullAt,
    l: JSON.stringify(bucket.leases),
  }))
  const json = JSON.stringify(rows)
  const given =
    dialectOf(trx) === 'postgres'
      ? sql`select t, p, k, f, l from json_to_recordset(${json}::json) as given(t text, p text, k text, f float8, l text)`
      : sql`select value ->> 't', value ->> 'p', value ->> 'k', value ->> 'f', value ->> 'l' from json_each(${json})`
  // Without a condition SQLite takes "on conflict" for the condition of a join.
  await sql`insert into rate_buckets (tenant_id, policy, bucket_key, full_at, leases) ${given} where true
    on conflict (tenant_id, policy, bucket_key) do update set full_at = excluded.full_at, leases = excluded.leases`.execute(
    trx,
  )
}

/** A bucket that was full before this instant is one that is not there. */
export async function deleteFull(trx: Trx, tenantId: string, before: number): Promise<void> {
  await trx.deleteFrom('rate_buckets').where('tenant_id', '=', tenantId).where('full_at', '<', before).execute()
}

function textOf({ tenantId, policy, key }: BucketId): string {
  return `${tenantId} ${policy} ${key}`
}

function rowOf({ tenantId, policy, key }: BucketId) {
  return { t: tenantId, p: policy, k: hash('sha256', key, 'base64url') }
}
