import { v7 as uuid } from 'uuid'
import type { Insertable } from 'kysely'
import type { TrxCtx } from '../access/ctx.ts'
import { testifyBy } from '../access/in-transaction.ts'
import { eventTypes, type NewEvent } from './event-types.ts'
import type { EventsTable } from './events.table.ts'

/** Rows of one insert: 18 columns each stay far below both databases' limit of values. */
const rowsPerInsert = 200

/** The only writer of events: the fact is kept with the change it reports, or neither is. */
export async function recordEvent(ctx: TrxCtx, event: NewEvent): Promise<void> {
  await recordEvents(ctx, [event])
}

/** Records facts in the order given, in one statement per 200. */
export async function recordEvents(ctx: TrxCtx, events: readonly NewEvent[]): Promise<void> {
  for (let start = 0; start < events.length; start += rowsPerInsert) {
    const rows = events.slice(start, start + rowsPerInsert).map((event) => toRow(ctx, event))
    await ctx.db.insertInto('events').values(rows).execute()
    const [first] = rows
    if (first !== undefined) testifyBy(ctx, (trx) => trx.insertInto('events').values(first).execute())
  }
}

function toRow(ctx: TrxCtx, event: NewEvent): Insertable<EventsTable> {
  const { subject, category } = eventTypes[event.type]
  return {
    tenant_id: ctx.tenantId,
    id: uuid(),
    at: ctx.now.getTime(),
    type: event.type,
    category,
    actor_kind: ctx.actor.kind,
    actor_id: ctx.actor.id,
    actor_name: ctx.actor.name,
    actor_user_id: ctx.actor.userId ?? '',
    credential_id: ctx.actor.credentialId,
    subject_kind: subject,
    subject_id: event.subjectId,
    object_id: event.objectId ?? '',
    door: ctx.origin.door,
    address: ctx.origin.address,
    request_id: ctx.requestId,
    data: JSON.stringify(event.data),
    personal: JSON.stringify(event.personal),
  }
}
