import type { Database } from '../../server/src/db/database.ts'
import { rawRows, type Trx } from '../../server/src/db/db.ts'
import type { NewRow } from '../directory-rows.ts'

/** Values of one statement: both databases take twice as many. */
const valuesMax = 30_000

/** Many rows per statement; table and columns are names of our own tables, values are bound. */
export async function insertRows<T extends keyof Database>(
  trx: Trx,
  table: T,
  rows: readonly NewRow<T>[],
): Promise<void> {
  const columns = Object.keys(rows[0] ?? {})
  const perStatement = Math.floor(valuesMax / Math.max(columns.length, 100))
  const one = `(${columns.map(() => '?').join(', ')})`
  for (let start = 0; start < rows.length; start += perStatement) {
    const batch = rows.slice(start, start + perStatement)
    const text = `insert into ${table} (${columns.join(', ')}) values ${batch.map(() => one).join(', ')}`
    await rawRows(
      trx,
      text,
      batch.flatMap((row) => Object.values(row)),
    )
  }
}
