import type { DialectName } from './db.ts'

/** Those with a trigram index, which PostgreSQL does not ask behind row level security (migration 0050). */
const searched: ReadonlySet<string> = new Set(['users', 'groups', 'scim_users'])

/**
 * A table as it is read where a client's filter may hold a pattern: on PostgreSQL by the view that hides other tenants' rows
 * as well, and lets an index be asked. The columns keep their names.
 */
export function searchedTable(dialect: DialectName, table: string, alias = table): string {
  const name = searchedName(dialect, table)
  return alias === name ? name : `${name} as ${alias}`
}

export function searchedName(dialect: DialectName, table: string): string {
  return dialect === 'postgres' && searched.has(table) ? `searched_${table}` : table
}
