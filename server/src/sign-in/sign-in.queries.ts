import type { Queryable, Trx } from '../db/db.ts'

/** Who has a name, and what decides whether their password lets them in. */
export interface Candidate {
  readonly userId: string
  readonly username: string
  readonly email: string
  readonly enabled: boolean
  readonly isPending: boolean
  readonly passwordHash: string | null
}

/** The user of this address, else of this username: nobody can take an address over by calling themselves so. */
export async function findCandidate(db: Queryable, tenantId: string, key: string): Promise<Candidate | undefined> {
  const rows = await candidates(db, tenantId)
    .where((eb) => eb.or([eb('users.email_key', '=', key), eb('users.username_key', '=', key)]))
    .limit(2)
    .execute()
  const row = rows.find((candidate) => candidate.email_key === key) ?? rows[0]
  return row === undefined ? undefined : toCandidate(row)
}

export async function findCandidateById(db: Queryable, tenantId: string, id: string): Promise<Candidate | undefined> {
  const row = await candidates(db, tenantId).where('users.id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : toCandidate(row)
}

function candidates(db: Queryable, tenantId: string) {
  return db
    .selectFrom('users')
    .leftJoin('credentials', (join) =>
      join.onRef('credentials.tenant_id', '=', 'users.tenant_id').onRef('credentials.user_id', '=', 'users.id'),
    )
    .select([
      'users.id',
      'users.username',
      'users.email',
      'users.email_key',
      'users.enabled',
      'users.invited_at',
      'users.accepted_at',
      'credentials.password_hash',
    ])
    .where('users.tenant_id', '=', tenantId)
}

function toCandidate(row: Awaited<ReturnType<ReturnType<typeof candidates>['executeTakeFirstOrThrow']>>): Candidate {
  return {
    userId: row.id,
    username: row.username,
    email: row.email,
    enabled: row.enabled === 1,
    isPending: row.invited_at > 0 && row.accepted_at === 0,
    passwordHash: row.password_hash,
  }
}

export async function isKnownDevice(
  db: Queryable,
  tenantId: string,
  userId: string,
  deviceHash: string,
): Promise<boolean> {
  const row = await db
    .selectFrom('known_devices')
    .select('device_hash')
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('device_hash', '=', deviceHash)
    .executeTakeFirst()
  return row !== undefined
}

export async function upsertDevice(
  trx: Trx,
  tenantId: string,
  { userId, deviceHash, at }: { readonly userId: string; readonly deviceHash: string; readonly at: number },
): Promise<void> {
  await trx
    .insertInto('known_devices')
    .values({ tenant_id: tenantId, user_id: userId, device_hash: deviceHash, created_at: at, last_seen_at: at })
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'user_id', 'device_hash']).doUpdateSet({ last_seen_at: at }),
    )
    .execute()
}

/** The oldest beyond what one person needs: whoever signs in by a script without cookies makes one each time. */
export async function deleteOldDevices(trx: Trx, tenantId: string, userId: string, kept: number): Promise<void> {
  const oldest = await trx
    .selectFrom('known_devices')
    .select('last_seen_at')
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .orderBy('last_seen_at', 'desc')
    .offset(kept)
    .limit(1)
    .executeTakeFirst()
  if (oldest === undefined) return
  await trx
    .deleteFrom('known_devices')
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('last_seen_at', '<=', oldest.last_seen_at)
    .execute()
}

export async function insertPending(
  trx: Trx,
  row: {
    tenant_id: string
    token_hash: string
    purpose: string
    user_id: string
    data: string
    expires_at: number
  },
): Promise<void> {
  await trx.insertInto('pending_sign_ins').values(row).execute()
}

interface PendingRow {
  readonly purpose: string
  readonly user_id: string
  readonly data: string
}

const pendingColumns = ['purpose', 'user_id', 'data'] as const

export async function findPending(
  db: Queryable,
  tenantId: string,
  tokenHash: string,
  now: number,
): Promise<PendingRow | undefined> {
  return db
    .selectFrom('pending_sign_ins')
    .select(pendingColumns)
    .where('tenant_id', '=', tenantId)
    .where('token_hash', '=', tokenHash)
    .where('expires_at', '>', now)
    .executeTakeFirst()
}

/** Takes it away and answers it: of two at once one gets it. */
export async function consumePending(
  trx: Trx,
  tenantId: string,
  tokenHash: string,
  now: number,
): Promise<PendingRow | undefined> {
  return trx
    .deleteFrom('pending_sign_ins')
    .where('tenant_id', '=', tenantId)
    .where('token_hash', '=', tokenHash)
    .where('expires_at', '>', now)
    .returning(pendingColumns)
    .executeTakeFirst()
}

export async function deleteEndedPending(trx: Trx, tenantId: string, now: number): Promise<void> {
  const ended = trx
    .selectFrom('pending_sign_ins')
    .select('token_hash')
    .where('tenant_id', '=', tenantId)
    .where('expires_at', '<=', now)
    .orderBy('expires_at')
    .limit(20)
  await trx.deleteFrom('pending_sign_ins').where('tenant_id', '=', tenantId).where('token_hash', 'in', ended).execute()
}
