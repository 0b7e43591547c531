import { sql } from 'kysely'
import type { Queryable, Trx } from '../../db/db.ts'
import type { ScimLogStepsTable, ScimLogTable } from '../scim.table.ts'
import type { NewEntry, NewStep } from './scim-log.schema.ts'

const columns = [
  'seq',
  'at',
  'request_id',
  'token_id',
  'token_label',
  'address',
  'user_agent',
  'client',
  'method',
  'path',
  'query',
  'status',
  'scim_type',
  'detail',
  'cause',
  'duration_ms',
  'request_bytes',
  'response_bytes',
] as const

export interface LogRow extends Pick<ScimLogTable, Exclude<(typeof columns)[number], 'seq'>> {
  readonly seq: number
}

export type StepRow = Pick<
  ScimLogStepsTable,
  | 'seq'
  | 'step'
  | 'subject_kind'
  | 'subject_id'
  | 'external_id'
  | 'outcome'
  | 'operation'
  | 'attribute'
  | 'note'
  | 'before_text'
  | 'after_text'
>

export interface LogQuery {
  /** Id of a user or group. */
  readonly subjectId: string | undefined
  readonly externalId: string | undefined
  readonly requestId: string | undefined
  readonly outcome: string | undefined
  readonly status: number | undefined
  /** Epoch ms. */
  readonly from: number
  readonly to: number
  readonly limit: number
  /** Entries older than this one. */
  readonly before: number | undefined
}

/** Answers the number of the entry. */
export async function insertEntry(
  trx: Trx,
  tenantId: string,
  entry: NewEntry,
  steps: readonly NewStep[],
): Promise<number> {
  const { seq } = await trx
    .insertInto('scim_log')
    .values({ tenant_id: tenantId, ...withoutNul(entry) })
    .returning('seq')
    .executeTakeFirstOrThrow()
  if (steps.length > 0) {
    await trx
      .insertInto('scim_log_steps')
      .values(steps.map((step, index) => ({ tenant_id: tenantId, seq, step: index, ...withoutNul(step) })))
      .execute()
  }
  return seq
}

/** PostgreSQL takes no NUL in a text, neither to keep nor to look for. */
function withoutNul<T extends object>(row: T): T {
  const clean = (value: unknown) => (typeof value === 'string' ? value.replaceAll('\0', '\u2400') : value)
  return Object.assign({}, row, Object.fromEntries(Object.entries(row).map(([name, value]) => [name, clean(value)])))
}

/** Newest first. What concerns one person or thing is looked up; everything else is read in order until there is enough. */
export async function selectEntries(db: Queryable, tenantId: string, query: LogQuery): Promise<LogRow[]> {
  const { subjectId, externalId, outcome, status, requestId, before } = withoutNul(query)
  const last = before === undefined ? undefined : await findTime(db, tenantId, before)
  // A plus hides a column from SQLite's choice of an index: one request is looked up by its id.
  const at = requestId === undefined ? sql`l.at` : sql`+l.at`
  const isNamed = subjectId !== undefined || externalId !== undefined
  const conditions = [
    sql`l.tenant_id = ${tenantId}`,
    // One index row per entry, and in this order: a comparison of pairs would be no use to it.
    sql`${at} >= ${query.from} and ${at} <= ${Math.min(query.to, last ?? query.to)}`,
    ...(before === undefined
      ? []
      : [last === undefined ? sql`l.seq < ${before}` : sql`(l.at < ${last} or l.seq < ${before})`]),
    ...(status === undefined ? [] : [sql`l.status = ${status}`]),
    ...(requestId === undefined ? [] : [sql`l.request_id = ${requestId}`]),
    ...(isNamed ? [sql`l.seq = found.seq`] : []),
    ...(outcome === undefined
      ? []
      : [
          sql`exists (select 1 from scim_log_steps o where o.tenant_id = ${tenantId} and o.outcome = ${outcome} and o.seq = l.seq)`,
        ]),
  ]
  const named = sql`(select distinct s.seq from scim_log_steps s where s.tenant_id = ${tenantId}
    ${subjectId === undefined ? sql`` : sql`and s.subject_id = ${subjectId}`}
    ${externalId === undefined ? sql`` : sql`and s.external_id = ${externalId} and s.external_id <> ''`}) found cross join `
  const { rows } = await sql<LogRow>`select ${sql.raw(columns.map((column) => `l.${column}`).join(', '))}
    from ${isNamed ? named : sql``}scim_log l where ${sql.join(conditions, sql` and `)}
    order by ${at} desc, l.seq desc limit ${query.limit}`.execute(db)
  return rows
}

async function findTime(db: Queryable, tenantId: string, seq: number): Promise<number | undefined> {
  const row = await db
    .selectFrom('scim_log')
    .select('at')
    .where('tenant_id', '=', tenantId)
    .where('seq', '=', seq)
    .executeTakeFirst()
  return row?.at
}

export async function selectSteps(db: Queryable, tenantId: string, seqs: readonly number[]): Promise<StepRow[]> {
  if (seqs.length === 0) return []
  return db
    .selectFrom('scim_log_steps')
    .select([
      'seq',
      'step',
      'subject_kind',
      'subject_id',
      'external_id',
      'outcome',
      'operation',
      'attribute',
      'note',
      'before_text',
      'after_text',
    ])
    .where('tenant_id', '=', tenantId)
    .where('seq', 'in', [...seqs])
    .orderBy('seq')
    .orderBy('step')
    .execute()
}

export async function findEntry(
  db: Queryable,
  tenantId: string,
  seq: number,
): Promise<(LogRow & Pick<ScimLogTable, 'request_body' | 'response_body'>) | undefined> {
  return db
    .selectFrom('scim_log')
    .select([...columns, 'request_body', 'response_body'])
    .where('tenant_id', '=', tenantId)
    .where('seq', '=', seq)
    .executeTakeFirst()
}

/** A bounded bite out of what is too old; called now and then. */
export async function deleteOld(trx: Trx, tenantId: string, before: number): Promise<void> {
  const old = trx
    .selectFrom('scim_log')
    .select('seq')
    .where('tenant_id', '=', tenantId)
    .where('at', '<', before)
    .orderBy('at')
    .limit(1_000)
  await trx.deleteFrom('scim_log').where('tenant_id', '=', tenantId).where('seq', 'in', old).execute()
}
