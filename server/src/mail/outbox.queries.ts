import type { Updateable } from 'kysely'
import type { Queryable, Trx } from '../db/db.ts'
import type { CursorSeal } from '../lists/cursor.ts'
import type { WalkedPage } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { selectPage } from '../lists/select-page.ts'
import type { OutboxTable } from '../outbox/outbox.table.ts'
import { outboxList } from './outbox.fields.ts'
import type { OutboxItem, OutboxState } from './outbox.schema.ts'

const columns = [
  'outbox.id',
  'outbox.kind',
  'outbox.subject_id',
  'outbox.state',
  'outbox.attempts',
  'outbox.due_at',
  'outbox.last_error',
  'outbox.created_at',
  'outbox.settled_at',
  'outbox.payload',
] as const

type Row = Pick<
  OutboxTable,
  | 'id'
  | 'kind'
  | 'subject_id'
  | 'state'
  | 'attempts'
  | 'due_at'
  | 'last_error'
  | 'created_at'
  | 'settled_at'
  | 'payload'
>

export async function selectOutboxPage(
  db: Queryable,
  tenantId: string,
  query: ListQuery,
  seal: CursorSeal,
): Promise<WalkedPage<OutboxItem>> {
  const { rows, ...page } = await selectPage<Row>(db, {
    shape: outboxList,
    table: 'outbox',
    columns,
    scope: { text: 'outbox.tenant_id = (select ?)', values: [tenantId] },
    query,
    total: () => countItems(db, tenantId),
    seal,
  })
  return { ...page, items: rows.map(toItem) }
}

/** Admins look here now and then; the count walks one index. */
async function countItems(db: Queryable, tenantId: string): Promise<number> {
  const row = await db
    .selectFrom('outbox')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('tenant_id', '=', tenantId)
    .executeTakeFirstOrThrow()
  return row.count
}

export async function findItem(db: Queryable, tenantId: string, id: string): Promise<OutboxItem | undefined> {
  const row = await db
    .selectFrom('outbox')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? undefined : toItem(row)
}

/** Changes an item in one of these states; answers false when it is in another. */
export async function updateItem(
  trx: Trx,
  tenantId: string,
  id: string,
  from: readonly OutboxState[],
  change: Updateable<OutboxTable>,
): Promise<boolean> {
  const result = await trx
    .updateTable('outbox')
    .set(change)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('state', 'in', [...from])
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/** Tenants whose mails wait for a mail server. */
export async function listTenantsWithHeld(db: Queryable): Promise<string[]> {
  const rows = await db
    .selectFrom('every_outbox_item')
    .select('tenant_id')
    .distinct()
    .where('state', '=', 'held')
    .execute()
  return rows.map((row) => row.tenant_id)
}

/** A mail server is there again: what waited for one is due now. */
export async function releaseHeld(trx: Trx, tenantId: string, now: number): Promise<void> {
  await trx
    .updateTable('outbox')
    .set({ state: 'waiting', due_at: now, last_error: '' })
    .where('tenant_id', '=', tenantId)
    .where('state', '=', 'held')
    .execute()
}

/** Over all tenants, for metrics. */
export async function selectDepth(db: Queryable): Promise<{ waiting: number; oldestDueAt: number | null }> {
  const row = await db
    .selectFrom('every_outbox_item')
    .select((eb) => [eb.fn.countAll<number>().as('waiting'), eb.fn.min('due_at').as('oldest')])
    .where('state', 'in', ['waiting', 'held'])
    .executeTakeFirstOrThrow()
  return { waiting: row.waiting, oldestDueAt: row.oldest }
}

const states: readonly OutboxState[] = ['waiting', 'held', 'sent', 'failed', 'discarded']

function toItem(row: Row): OutboxItem {
  return {
    id: row.id,
    kind: row.kind,
    subjectId: row.subject_id,
    state: states.find((state) => state === row.state) ?? 'waiting',
    attempts: row.attempts,
    dueAt: row.due_at,
    lastError: row.last_error,
    createdAt: row.created_at,
    settledAt: row.settled_at,
    payload: JSON.parse(row.payload),
  }
}
