import type { Insertable } from 'kysely'
import type { Queryable, Trx } from '../db/db.ts'
import type { SingleUseTokensTable } from './single-use-tokens.table.ts'

const columns = ['user_id', 'address', 'data'] as const

export type TokenRow = Pick<SingleUseTokensTable, (typeof columns)[number]>

interface Presented {
  readonly tokenHash: string
  readonly purpose: string
  readonly now: number
}

export async function findOpen(
  db: Queryable,
  tenantId: string,
  { tokenHash, purpose, now }: Presented,
): Promise<TokenRow | undefined> {
  return db
    .selectFrom('single_use_tokens')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('token_hash', '=', tokenHash)
    .where('purpose', '=', purpose)
    .where('used_at', '=', 0)
    .where('expires_at', '>', now)
    .executeTakeFirst()
}

/** Uses it up, once, in the transaction that has the effect. */
export async function consume(
  trx: Trx,
  tenantId: string,
  { tokenHash, purpose, now }: Presented,
): Promise<TokenRow | undefined> {
  return trx
    .updateTable('single_use_tokens')
    .set({ used_at: now })
    .where('tenant_id', '=', tenantId)
    .where('token_hash', '=', tokenHash)
    .where('purpose', '=', purpose)
    .where('used_at', '=', 0)
    .where('expires_at', '>', now)
    .returning(columns)
    .executeTakeFirst()
}

export async function insert(trx: Trx, row: Insertable<SingleUseTokensTable>): Promise<void> {
  await trx.insertInto('single_use_tokens').values(row).execute()
}

export async function deleteOf(trx: Trx, tenantId: string, userId: string, purposes: readonly string[]): Promise<void> {
  await trx
    .deleteFrom('single_use_tokens')
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('purpose', 'in', [...purposes])
    .execute()
}
