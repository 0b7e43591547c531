import type { Queryable, Trx } from '../db/db.ts'

export interface IdentityKey {
  readonly connectionId: string
  readonly nameId: string
}

export async function findLinkedUserId(
  db: Queryable,
  tenantId: string,
  { connectionId, nameId }: IdentityKey,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('external_identities')
    .select('user_id')
    .where('tenant_id', '=', tenantId)
    .where('connection_id', '=', connectionId)
    .where('name_id', '=', nameId)
    .executeTakeFirst()
  return row?.user_id
}

/** Whether this connection knows the person under some name already. */
export async function isLinked(
  db: Queryable,
  tenantId: string,
  { connectionId, userId }: { readonly connectionId: string; readonly userId: string },
): Promise<boolean> {
  const row = await db
    .selectFrom('external_identities')
    .select('name_id')
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('connection_id', '=', connectionId)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

interface NewIdentity extends IdentityKey {
  readonly nameIdFormat: string
  readonly userId: string
  readonly now: number
}

/** Whether any connection knows this user. */
export async function hasAnyIdentity(db: Queryable, tenantId: string, userId: string): Promise<boolean> {
  const row = await db
    .selectFrom('external_identities')
    .select('name_id')
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** False when somebody has this identity already. */
export async function insertIdentity(
  trx: Trx,
  tenantId: string,
  { connectionId, nameId, nameIdFormat, userId, now }: NewIdentity,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('external_identities')
    .values({
      tenant_id: tenantId,
      connection_id: connectionId,
      name_id: nameId,
      user_id: userId,
      name_id_format: nameIdFormat,
      linked_at: now,
      last_sign_in_at: now,
    })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'connection_id', 'name_id']).doNothing())
    .executeTakeFirst()
  return (numInsertedOrUpdatedRows ?? 0n) > 0n
}

export async function noteSignIn(
  trx: Trx,
  tenantId: string,
  { connectionId, nameId, now }: IdentityKey & { readonly now: number },
): Promise<void> {
  await trx
    .updateTable('external_identities')
    .set({ last_sign_in_at: now })
    .where('tenant_id', '=', tenantId)
    .where('connection_id', '=', connectionId)
    .where('name_id', '=', nameId)
    .execute()
}

export async function findNameIdFormat(db: Queryable, tenantId: string, key: IdentityKey): Promise<string> {
  const row = await db
    .selectFrom('external_identities')
    .select('name_id_format')
    .where('tenant_id', '=', tenantId)
    .where('connection_id', '=', key.connectionId)
    .where('name_id', '=', key.nameId)
    .executeTakeFirst()
  return row?.name_id_format ?? ''
}
