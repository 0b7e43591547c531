import { sql } from 'kysely'
import type { Bounds } from '../bounds/bounds.ts'
import { fromBounds, fromCountedBounds, toBounds, type BoundsColumns } from '../bounds/bounds-sql.ts'
import type { Queryable, Trx } from '../db/db.ts'
import type { HeldRolesName } from './held-roles.table.ts'

/** A role by its id, and when it is held. */
export interface Holding {
  readonly roleId: string
  readonly bounds: Bounds
}

export interface GivenHolding extends Holding {
  readonly givenAt: number
  readonly givenBy: string
}

interface Row extends BoundsColumns {
  readonly role_id: string
  readonly given_at: number
  readonly given_by: string
}

/** What a user holds, in whatever state. */
export async function selectHoldings(
  db: Queryable,
  table: HeldRolesName,
  tenantId: string,
  userId: string,
): Promise<GivenHolding[]> {
  const { rows } = await sql<Row>`select role_id, valid_from, expires_at, given_at, given_by from ${sql.table(table)}
    where tenant_id = ${tenantId} and user_id = ${userId} order by role_id`.execute(db)
  return rows.map((row) => ({
    roleId: row.role_id,
    bounds: toBounds(row),
    givenAt: row.given_at,
    givenBy: row.given_by,
  }))
}

export async function countHoldings(
  db: Queryable,
  table: HeldRolesName,
  tenantId: string,
  userId: string,
): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.table(table)}
    where tenant_id = ${tenantId} and user_id = ${userId}`.execute(db)
  return rows[0]?.count ?? 0
}

/** Gives a role, or gives the one held other bounds. Counters are the caller's. */
export async function upsertHolding(
  trx: Trx,
  table: HeldRolesName,
  tenantId: string,
  holding: GivenHolding & { readonly userId: string },
): Promise<void> {
  const { userId, roleId, bounds, givenAt, givenBy } = holding
  const given = { given_at: givenAt, given_by: givenBy }
  const key = { tenant_id: tenantId, user_id: userId, role_id: roleId }
  const change =
    table === 'role_grants' ? { ...fromBounds(bounds), ...given } : { ...fromCountedBounds(bounds), ...given }
  await trx
    .insertInto(table)
    .values({ ...key, ...change })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'user_id', 'role_id']).doUpdateSet(change))
    .execute()
}

/** Takes roles away; answers those that were held. */
export async function deleteHoldings(
  trx: Trx,
  table: HeldRolesName,
  tenantId: string,
  userId: string,
  roleIds: readonly string[] | 'all',
): Promise<Holding[]> {
  if (roleIds !== 'all' && roleIds.length === 0) return []
  const only = roleIds === 'all' ? sql`` : sql`and role_id in (${sql.join([...roleIds])})`
  const { rows } = await sql<Row>`delete from ${sql.table(table)}
    where tenant_id = ${tenantId} and user_id = ${userId} ${only}
    returning role_id, valid_from, expires_at`.execute(trx)
  return rows
    .map((row) => ({ roleId: row.role_id, bounds: toBounds(row) }))
    .toSorted((a, b) => (a.roleId < b.roleId ? -1 : 1))
}
