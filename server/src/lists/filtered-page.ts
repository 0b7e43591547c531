import { sql, type RawBuilder, type SqlBool } from 'kysely'
import { instantSql, withInstant } from '../bounds/bounds-sql.ts'
import { Db, dialectOf, unnamed, type DialectName, type Queryable } from '../db/db.ts'
import type { CheckedNode } from '../filter/field.ts'
import { filterToSql } from '../filter/filter-sql.ts'
import type { FilterPlan, PlanLimits } from './filter-plan.ts'
import { countOnce } from './kept-counts.ts'
import {
  behindText,
  filteredTablesText,
  innerColumns,
  joinBackTexts,
  joinWord,
  orderText,
  tablesText,
  upToText,
} from './list-source.ts'
import type { Key, ListSource } from './list-source.ts'
import type { Run } from './plain-page.ts'
import { hitsSql, withValues } from './search-hits.ts'

/** A list with a filter, and how it is read. */
export interface Filtered {
  readonly source: ListSource
  readonly filter: CheckedNode
  readonly plan: FilterPlan
}

type Fragment = RawBuilder<unknown>

/** The rows of a run that the filter lets through. */
export async function selectFilteredRun<Row>(
  db: Queryable,
  filtered: Filtered,
  run: Run,
  limits: PlanLimits,
): Promise<readonly Row[]> {
  if (filtered.plan.kind !== 'long' || !(db instanceof Db)) return execute<Row>(db, rowsSql(db, filtered, run))
  const near = run.offset < limits.walkMax ? await selectNearby<Row>(db, filtered, run, limits) : undefined
  return near ?? scan<Row>(db, rowsSql(db, filtered, run))
}

/** How many rows the filter lets through. */
export async function countFiltered(db: Queryable, filtered: Filtered): Promise<number> {
  const { source, plan } = filtered
  // Every value of an indexed column is tried faster than many hits are read.
  const isTried = plan.kind === 'long' && plan.search?.isIndexed === true
  const body = bodySql(db, isTried ? { ...filtered, plan: { kind: 'planned' } } : filtered)
  const counting = clocked(db, source, sql`select count(*) as count ${body} ${hint(dialectOf(db), filtered.filter)}`)
  if (plan.kind !== 'long' || !(db instanceof Db))
    return (await execute<{ count: number }>(db, counting))[0]?.count ?? 0
  const { sql: text, parameters } = counting.compile(db)
  return countOnce(db, JSON.stringify([source.table, text, parameters]), async () => {
    const [row] = await scan<{ count: number }>(db, counting)
    return row?.count ?? 0
  })
}

/**
 * Looks through the first rows in order. Undefined when they hold less than the run wants and more come after them.
 * A match is found soon when matches are many, unless they all stand at the end of the order.
 */
async function selectNearby<Row>(
  db: Db,
  filtered: Filtered,
  run: Run,
  { walkMax }: PlanLimits,
): Promise<readonly Row[] | undefined> {
  const bound = await selectBound(db, filtered.source, run, walkMax)
  const rows = await execute<Row>(db, rowsSql(db, filtered, run, { bound }))
  return bound === undefined || rows.length === run.limit ? rows : undefined
}

/** The key of the last row that is looked at; none when the list ends before. */
async function selectBound(
  db: Db,
  source: ListSource,
  { order, behind }: Run,
  walkMax: number,
): Promise<Key | undefined> {
  const keys = order.map(({ column }, index) => `${column} as key${index}`).join(', ')
  const place = sql.raw(`${orderText(order)} limit 1 offset ${walkMax - 1}`)
  const [row] = await execute<Record<string, string | number>>(
    db,
    clocked(
      db,
      source,
      sql`select ${sql.raw(keys)} from ${sql.raw(tablesText('sqlite', source))} where ${scopeSql(source, order, behind)} ${place}`,
    ),
  )
  return row === undefined ? undefined : Object.values(row)
}

/** A walk keeps to the order's own index: no other may be tempted by the filter. */
interface Walk {
  readonly bound: Key | undefined
}

function rowsSql(db: Queryable, filtered: Filtered, run: Run, walk?: Walk): Fragment {
  const { source, filter, plan } = filtered
  const { order, limit, offset, behind } = run
  const dialect = dialectOf(db)
  // Limit and offset are checked whole numbers; as parameters they would hide from the planner how few rows are wanted.
  const tail = sql.raw(`${orderText(order)} limit ${limit} offset ${offset}`)
  // An inner select that an index serves alone would be walked in order by SQLite, instead of looking the few rows up.
  if (plan.kind === 'pointed' || source.readsStart === true)
    return clocked(db, source, sql`select ${sql.raw(source.columns.join(', '))} ${bodySql(db, filtered, run)} ${tail}`)
  const [head, end] = joinBackTexts(dialect, source, order)
  const body =
    walk === undefined
      ? bodySql(db, filtered, run)
      : sql`from ${sql.raw(filteredTablesText(dialect, source))} where ${scopeSql(source, order, behind)} ${
          walk.bound === undefined
            ? sql``
            : sql`and ${withValues({ text: upToText(order, walk.bound), values: walk.bound })}`
        } and +(${filterToSql(filter, dialect)})`
  const inner = sql`select ${sql.raw(innerColumns(source.table))} ${body} ${tail}`
  return clocked(db, source, sql`${sql.raw(head)}${inner}${sql.raw(end)} ${hint(dialect, filter)}`)
}

/** A statement that asks the clock begins with the instant; the others are counted once for all requests. */
function clocked(db: Queryable, { instant }: ListSource, statement: Fragment): Fragment {
  if (instant === undefined || !statement.compile(db).sql.includes(instantSql)) return statement
  return sql`${withValues({ text: withInstant, values: [instant] })} ${statement}`
}

/** From where on, as the plan has it. */
function bodySql(db: Queryable, { source, filter, plan }: Filtered, run?: Run): Fragment {
  const dialect = dialectOf(db)
  const condition = sql<SqlBool>`${scopeSql(source, run?.order ?? [], run?.behind)} and ${filterToSql(filter, dialect)}`
  const hits = hitsOf(source, plan)
  if (hits === undefined) return sql`from ${sql.raw(filteredTablesText(dialect, source))} where ${condition}`
  // Read first and joined: SQLite would otherwise probe the index once per row.
  return sql`from ${hits} hits ${sql.raw(`${joinWord(dialect)} ${source.table} on ${source.shape.search?.rows} = hits.seq`)} where ${condition}`
}

function hitsOf(source: ListSource, plan: FilterPlan): Fragment | undefined {
  if (plan.kind === 'hits') return sql`(select value as seq from json_each(${JSON.stringify(plan.hits)}))`
  if (plan.kind !== 'long' || plan.search === undefined) return undefined
  return sql`(${hitsSql({ source, search: plan.search })})`
}

function scopeSql({ scope }: ListSource, order: Run['order'], behind: Key | undefined): Fragment {
  if (behind === undefined) return withValues(scope)
  return withValues({ text: `${scope.text} and ${behindText(order, behind)}`, values: [...scope.values, ...behind] })
}

/** A plan for all values of an `=` is good; one for all patterns is not. */
function hint(dialect: DialectName, filter: CheckedNode): Fragment {
  return dialect === 'postgres' && hasPattern(filter) ? sql.raw(unnamed) : sql``
}

function hasPattern(node: CheckedNode): boolean {
  if (node.kind === 'and' || node.kind === 'or') return node.of.some(hasPattern)
  return node.kind === 'not' ? hasPattern(node.of) : node.kind === 'pattern'
}

async function execute<Row>(db: Queryable, statement: Fragment): Promise<Row[]> {
  // The row type is the caller's claim about its own SQL, as everywhere in Kysely.
  return (await statement.execute(db)).rows as Row[]
}

async function scan<Row>(db: Db, statement: Fragment): Promise<Row[]> {
  const { sql: text, parameters } = statement.compile(db)
  return (await db.engine.scan(text, parameters)) as Row[] // as above
}
