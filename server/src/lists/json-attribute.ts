import { sql, type RawBuilder, type SqlBool } from 'kysely'
import type { DialectName } from '../db/db.ts'
import type { CheckedTerm, DerivedField, FilterRow } from '../filter/field.ts'
import { valueTermMatches } from '../filter/filter-memory.ts'
import { valueTermToSql } from '../filter/filter-sql.ts'

const namePattern = /^[A-Za-z0-9_.-]{1,100}$/

/** `attributes.<name>`: some value of the list under this name, in a column that holds JSON. */
export function jsonAttribute(column: string, name: string): DerivedField | undefined {
  if (!namePattern.test(name)) return undefined
  return {
    type: 'derived',
    values: 'text',
    toSql: (term, dialect) => elementsWhere(column, name, dialect, comparison(term, dialect)),
    matches: (term, row) => valuesOf(row, column, name).some((value) => term.kind !== 'valuePath' && valueTermMatches(term, value)),
  }
}

function comparison(term: CheckedTerm, dialect: DialectName): RawBuilder<SqlBool> {
  if (term.kind === 'valuePath') throw new Error('attributes have no sub-attributes')
  return sql<SqlBool>`${valueTermToSql(term, sql.ref('element.value'), dialect)}`
}

function elementsWhere(column: string, name: string, dialect: DialectName, condition: RawBuilder<SqlBool>): RawBuilder<SqlBool> {
  // The name is one of few characters, checked above, so it needs no escaping inside the path.
  const elements =
    dialect === 'postgres'
      ? sql`json_array_elements_text(case when json_typeof(${sql.ref(column)}::json -> ${name}) = 'array' then ${sql.ref(column)}::json -> ${name} else '[]'::json end) as element(value)`
      : sql`json_each(${sql.ref(column)}, ${`$."${name}"`}) as element`
  return sql<SqlBool>`exists (select 1 from ${elements} where ${condition})`
}

function valuesOf(row: FilterRow, column: string, name: string): string[] {
  const stored = row[column]
  const attributes: Record<string, string[]> = typeof stored === 'string' ? JSON.parse(stored) : {}
  return Object.hasOwn(attributes, name) ? (attributes[name] ?? []) : []
}
