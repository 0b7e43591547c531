import { sql, type RawBuilder, type SqlBool } from 'kysely'
import { forever, isTimeBound, type Bounds } from './bounds.ts'

/** Columns of every table whose rows may be time-bound. */
export interface BoundsColumns {
  readonly valid_from: number
  readonly expires_at: number
}

/**
 * Begins a statement that compares with the instant of the request; its one value comes first.
 * A text with the instant in it would be another text at each request.
 */
export const withInstant = 'with instant(now) as (select cast(? as bigint))'
/** The instant, anywhere in a statement that begins so. Both databases compute it once. */
export const instantSql = '(select instant.now from instant)'

/** SQL for: the row of this alias holds at the instant. */
export function holdsSql(alias: string): string {
  return `${alias}.valid_from <= ${instantSql} and ${alias}.expires_at > ${instantSql}`
}

/** The same in a statement that Kysely builds, which binds the instant each time. */
export function holdsAt(alias: string, now: Date): RawBuilder<SqlBool> {
  const [from, to] = [sql.ref(`${alias}.valid_from`), sql.ref(`${alias}.expires_at`)]
  return sql<SqlBool>`(${from} <= ${now.getTime()} and ${to} > ${now.getTime()})`
}

export function boundsStateSql(alias: string): string {
  return `case when ${alias}.expires_at <= ${instantSql} then 'expired'
    when ${alias}.valid_from > ${instantSql} then 'scheduled' else 'active' end`
}

export function toBounds(row: BoundsColumns): Bounds {
  return { validFrom: row.valid_from, expiresAt: row.expires_at }
}

export function fromBounds({ validFrom, expiresAt }: Bounds): BoundsColumns {
  return { valid_from: validFrom, expires_at: expiresAt }
}

/** The same where time-bound rows are counted apart; the partial indexes ask for `is_timed = 1`. */
export function fromCountedBounds(bounds: Bounds): BoundsColumns & { readonly is_timed: number } {
  return { ...fromBounds(bounds), is_timed: isTimeBound(bounds) ? 1 : 0 }
}

/** For migrations and tests that write SQL by hand. */
export const foreverSql = String(forever)
