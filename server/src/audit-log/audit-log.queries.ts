import { rawRows, type Queryable } from '../db/db.ts'
import { SqlTexts } from '../db/sql-texts.ts'
import { isEventName } from '../events/event-types.ts'
import type { EventsTable } from '../events/events.table.ts'
import type { AuditEvent, EventQuery } from './audit-log.schema.ts'

const columns = [
  'id',
  'at',
  'type',
  'actor_kind',
  'actor_id',
  'actor_name',
  'subject_kind',
  'subject_id',
  'object_id',
  'address',
  'request_id',
  'data',
] as const

type EventRow = Pick<EventsTable, (typeof columns)[number]>

/** Newest first. */
export async function selectEvents(db: Queryable, tenantId: string, query: EventQuery): Promise<AuditEvent[]> {
  if (query.conditions?.length === 0) return []
  let select = db
    .selectFrom('events')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('category', '=', query.category)
  if (query.from !== null) select = select.where('at', '>=', query.from)
  if (query.to !== null) select = select.where('at', '<', query.to)
  if (query.actorId !== null) select = select.where('actor_id', '=', query.actorId)
  if (query.subjectId !== null) select = select.where('subject_id', '=', query.subjectId)
  if (query.address !== null) select = select.where('address', '=', query.address)
  const { client, conditions } = query
  if (client === 'console') select = select.where('actor_kind', '=', 'user')
  else if (client !== null) select = select.where('actor_kind', '<>', 'user').where('actor_name', '=', client.actorName)
  if (conditions !== null) {
    select = select.where((eb) =>
      eb.or(
        conditions.map(({ type, subjectId, objectId }) =>
          eb.and([
            eb('type', '=', type),
            ...(subjectId === undefined ? [] : [eb('subject_id', '=', subjectId)]),
            ...(objectId === undefined ? [] : [eb('object_id', '=', objectId)]),
          ]),
        ),
      ),
    )
  }
  const rows = await select.orderBy('at', 'desc').orderBy('id', 'desc').offset(query.first).limit(query.max).execute()
  return rows.map(toEvent)
}

interface RecentQuery {
  readonly column: 'actor_id' | 'subject_id'
  readonly category: 'admin' | 'sign-in'
  readonly ids: readonly string[]
  readonly max: number
}

/** The newest events of each of these people: one probe of an index per person, in one statement. */
export async function selectRecent(
  db: Queryable,
  tenantId: string,
  { column, category, ids, max }: RecentQuery,
): Promise<AuditEvent[]> {
  if (ids.length === 0 || max === 0) return []
  const values = ids.flatMap((id) => [tenantId, id, category, max])
  return (await rawRows<EventRow>(db, recentText(column, ids.length), values)).map(toEvent)
}

const texts = new SqlTexts()

/** At most 100 texts for each column, one for each possible page size. */
function recentText(column: RecentQuery['column'], people: number): string {
  return texts.get(`${column} ${people}`, () => {
    const one = `select * from (select ${columns.join(', ')} from events
      where tenant_id = (select ?) and ${column} = (select ?) and category = (select ?) order by at desc, id desc limit cast((select ?) as bigint)) recent`
    return Array.from({ length: people }, () => one).join(' union all ')
  })
}

function toEvent(row: EventRow): AuditEvent {
  if (!isEventName(row.type)) throw new Error(`event ${row.id} has the type ${row.type}, which is not in the catalogue`)
  return {
    id: row.id,
    at: row.at,
    type: row.type,
    actorKind: row.actor_kind,
    actorId: row.actor_id,
    actorName: row.actor_name,
    subjectKind: row.subject_kind,
    subjectId: row.subject_id,
    objectId: row.object_id,
    address: row.address,
    requestId: row.request_id,
    data: JSON.parse(row.data),
  }
}
