import type { DialectName } from '../db.ts'

/** SQL for a row of these columns, as an element for `jsonArraySql`. */
export function jsonRowSql(dialect: DialectName, columns: readonly string[]): string {
  return `${dialect === 'postgres' ? 'json_build_array' : 'json_array'}(${columns.join(', ')})`
}

/** SQL for one text: the JSON array of one column of what follows `from`, in no particular order. */
export function jsonArraySql(dialect: DialectName, column: string, from: string): string {
  return dialect === 'postgres'
    ? `(select coalesce(json_agg(${column}), '[]')::text from ${from})`
    : `(select json_group_array(${column}) from ${from})`
}
