import { computedField } from '../filter/computed-field.ts'
import type { Field } from '../filter/field.ts'
import { boundsStateSql, foreverSql } from './bounds-sql.ts'
import { boundsState } from './bounds.ts'

/** What lists of time-bound things can be filtered by; such a list tells `selectPage` the instant. */
export function boundsFields(table: string): Readonly<Record<string, Field>> {
  return {
    state: computedField('text', boundsStateSql(table), (row) =>
      boundsState(
        { validFrom: Number(row[`${table}.valid_from`]), expiresAt: Number(row[`${table}.expires_at`]) },
        Number(row['instant.now']),
      ),
    ),
    validFrom: { type: 'time', column: `${table}.valid_from`, zeroIsNull: true },
    // What has no end satisfies no comparison, as what has no beginning.
    expiresAt: {
      ...computedField(
        'time',
        `case when ${table}.expires_at = ${foreverSql} then 0 else ${table}.expires_at end`,
        (row) => (String(row[`${table}.expires_at`]) === foreverSql ? 0 : Number(row[`${table}.expires_at`])),
      ),
      zeroIsNull: true,
    },
  }
}
