import { sql, type Insertable, type Updateable } from 'kysely'
import { dialectOf, type Queryable, type Trx } from '../db/db.ts'
import type { UsersTable } from './users.table.ts'

/** Inserts those whose address and username are free; answers the ids that went in. */
export async function insertUsers(trx: Trx, rows: readonly Insertable<UsersTable>[]): Promise<Set<string>> {
  if (rows.length === 0) return new Set()
  const inserted = await trx
    .insertInto('users')
    .values([...rows])
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .execute()
  return new Set(inserted.map((row) => row.id))
}

export async function selectTakenUsernameKeys(
  db: Queryable,
  tenantId: string,
  keys: readonly string[],
): Promise<Set<string>> {
  if (keys.length === 0) return new Set()
  const rows = await db
    .selectFrom('users')
    .select('username_key')
    .where('tenant_id', '=', tenantId)
    .where('username_key', 'in', [...keys])
    .execute()
  return new Set(rows.map((row) => row.username_key))
}

/** Changes own fields; the version rises. */
export async function updateUser(
  trx: Trx,
  tenantId: string,
  id: string,
  change: Updateable<UsersTable> & { readonly modified_at: number },
): Promise<void> {
  await trx
    .updateTable('users')
    .set((eb) => ({ ...change, version: eb('version', '+', 1) }))
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .execute()
}

/** Memberships, personas or purposes of these users changed. */
export async function raiseLinksVersion(
  trx: Trx,
  tenantId: string,
  ids: readonly string[],
  mark?: 'time-bound',
): Promise<void> {
  if (ids.length === 0) return
  if (ids.length > 1) await lockUsers(trx, tenantId, ids)
  await trx
    .updateTable('users')
    .set({ links_version: sql<number>`links_version + 1`, ...(mark === undefined ? {} : { has_time_bounds: 1 }) })
    .where('tenant_id', '=', tenantId)
    .where('id', 'in', [...ids])
    .execute()
}

/** One update takes its rows in the order it meets them; two of them could wait for each other in a ring. SQLite writes one at a time anyway. */
async function lockUsers(trx: Trx, tenantId: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0 || dialectOf(trx) === 'sqlite') return
  await trx
    .selectFrom('users')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('id', 'in', [...ids])
    .orderBy('id')
    .forNoKeyUpdate()
    .execute()
}

/** Holds the row until the transaction ends, so that what is decided about it stays true. */
export async function lockUser(trx: Trx, tenantId: string, id: string): Promise<void> {
  await trx
    .updateTable('users')
    .set({ version: sql<number>`version` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .execute()
}

export async function deleteUser(trx: Trx, tenantId: string, id: string): Promise<void> {
  await trx.deleteFrom('users').where('tenant_id', '=', tenantId).where('id', '=', id).execute()
}
