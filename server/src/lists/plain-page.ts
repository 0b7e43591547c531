import { instantSql } from '../bounds/bounds-sql.ts'
import { Db, dialectOf, rawRows, type Queryable } from '../db/db.ts'
import { keptPlaces, placeEvery, type Places } from './kept-places.ts'
import {
  behindText,
  innerColumns,
  joinBackTexts,
  orderText,
  reversed,
  tablesText,
  timed,
  type Key,
  type ListSource,
} from './list-source.ts'
import type { OrderTerm } from './list-shape.ts'

/** A run of rows in an order: `limit` of them, after passing over `offset` from the beginning or from a key. */
export interface Run {
  readonly order: readonly OrderTerm[]
  readonly limit: number
  readonly offset: number
  readonly behind?: Key | undefined
}

/** A page of all rows of a list. @param total how many there are; asked only where it saves going through them */
export async function selectPlainPage<Row>(
  db: Queryable,
  source: ListSource,
  run: Run,
  total: () => Promise<number>,
): Promise<Row[]> {
  if (run.offset < placeEvery || run.behind !== undefined) return selectRun<Row>(db, source, run)
  const size = await total()
  if (run.offset >= size) return []
  // Where the clock moves rows, a place is none a moment later.
  const isWhole = source.joins === undefined && source.startFrom === undefined && !asksTheClock(source, run)
  const stamp = db instanceof Db && isWhole ? db.engine.stamp() : null
  if (db instanceof Db && stamp !== null) {
    const rows = await selectFromPlace<Row>(db, source, { run, size, stamp })
    if (db.engine.stamp() === stamp) return rows
  }
  return selectFromNearerEnd<Row>(db, source, run, size)
}

/** Beyond the middle the way from the end is shorter. */
async function selectFromNearerEnd<Row>(db: Queryable, source: ListSource, run: Run, size: number): Promise<Row[]> {
  const limit = Math.min(run.limit, size - run.offset)
  const offsetFromEnd = size - run.offset - limit
  if (offsetFromEnd >= run.offset) return selectRun<Row>(db, source, run)
  const rows = await selectRun<Row>(db, source, { order: reversed(run.order), limit, offset: offsetFromEnd })
  return rows.toReversed()
}

interface Deep {
  readonly run: Run
  readonly size: number
  readonly stamp: number
}

/** From the nearest place that is known; what is passed on the way is known from then on. */
async function selectFromPlace<Row>(db: Db, source: ListSource, { run, size, stamp }: Deep): Promise<Row[]> {
  const { order, limit, offset } = run
  const places = keptPlaces(db, `${source.table} ${orderText(order)} ${JSON.stringify(source.scope)}`, stamp)
  const wanted = Math.floor(offset / placeEvery)
  const known = await reachPlace(db, source, { order, places, wanted, size })
  return selectRun<Row>(db, source, { order, limit, offset: offset - wanted * placeEvery, behind: known })
}

interface Reach {
  readonly order: readonly OrderTerm[]
  readonly places: Places
  readonly wanted: number
  readonly size: number
}

async function reachPlace(
  db: Db,
  source: ListSource,
  { order, places, wanted, size }: Reach,
): Promise<Key | undefined> {
  const last = Math.floor(size / placeEvery)
  let below = wanted
  while (below > 0 && !places.keys.has(below)) below -= 1
  let above = wanted
  while (above <= last && !places.keys.has(above)) above += 1
  if (wanted - below <= above - wanted) {
    for (let number = below; number < wanted; number += 1) {
      const run = { order, limit: 1, offset: placeEvery - 1, behind: places.keys.get(number) }
      keep(places, number + 1, await selectKey(db, source, run))
    }
  } else {
    const back = reversed(order)
    for (let number = above; number > wanted; number -= 1) {
      const behind = places.keys.get(number)
      // The end is not a place: from there it is the rest of a thousand to the last one.
      const offset = behind === undefined ? size - last * placeEvery : placeEvery - 1
      keep(places, number - 1, await selectKey(db, source, { order: back, limit: 1, offset, behind }))
    }
  }
  return places.keys.get(wanted)
}

function keep({ keys }: Places, number: number, key: Key | undefined): void {
  if (key !== undefined) keys.set(number, key)
}

/** Order and scope are a few of the program's own, so each text is prepared once. */
async function selectKey(db: Queryable, source: ListSource, run: Run): Promise<Key | undefined> {
  const keys = run.order.map(({ column }, index) => `${column} as key${index}`)
  const { tail, values } = runTexts(source, run)
  const text = `select ${keys.join(', ')} from ${tablesText(dialectOf(db), source)} ${tail}`
  const [row] = await rawRows<Record<string, string | number>>(db, text, values)
  return row === undefined ? undefined : Object.values(row)
}

async function selectRun<Row>(db: Queryable, source: ListSource, run: Run): Promise<Row[]> {
  const dialect = dialectOf(db)
  const { tail, values } = runTexts(source, run)
  const from = `from ${tablesText(dialect, source)} ${tail}`
  // PostgreSQL computes columns of rows it passes over, and both read every row they sort.
  const isDeferred =
    source.readsStart !== true &&
    (source.startFrom !== undefined || run.offset >= placeEvery || (dialect === 'postgres' && run.offset > 0))
  const [head, end] = isDeferred ? joinBackTexts(dialect, source, run.order) : ['', '']
  const columns = isDeferred ? innerColumns(source.table) : source.columns.join(', ')
  const statement = timed(source, { text: `${head}select ${columns} ${from}${end}`, values })
  return rawRows<Row>(db, statement.text, statement.values)
}

function asksTheClock({ instant, scope }: ListSource, { order }: Run): boolean {
  return instant !== undefined && `${scope.text} ${orderText(order)}`.includes(instantSql)
}

function runTexts(source: ListSource, { order, limit, offset, behind }: Run): { tail: string; values: unknown[] } {
  const range = behind === undefined ? '' : `and ${behindText(order, behind)}`
  return {
    tail: `where ${source.scope.text} ${range} ${orderText(order)} limit ${limit} offset cast((select ?) as bigint)`,
    values: [...source.scope.values, ...(behind ?? []), offset],
  }
}
