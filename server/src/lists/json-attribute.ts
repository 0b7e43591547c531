import { sql, type RawBuilder, type SqlBool } from 'kysely'
import type { DialectName } from '../db/db.ts'
import type { CheckedTerm, CompareTerm, DerivedField, FilterRow, ValueTerm } from '../filter/field.ts'
import { valueTermMatches } from '../filter/filter-memory.ts'
import { valueTermToSql } from '../filter/filter-sql.ts'

const namePattern = /^[A-Za-z0-9_.-]{1,100}$/

/** `attributes.<name>`: some value of the list under this name, in a column that holds JSON. */
export function jsonAttribute(column: string, name: string): DerivedField | undefined {
  if (!namePattern.test(name)) return undefined
  return {
    type: 'derived',
    values: 'text',
    // `ne` is the complement of `eq`: no value is this one, or there is none.
    toSql: (term, dialect) =>
      isNot(term)
        ? sql<SqlBool>`not ${elementsWhere(column, name, dialect, comparison({ ...term, op: 'eq' }, dialect))}`
        : elementsWhere(column, name, dialect, comparison(term, dialect)),
    matches: (term, row) => {
      const has = (wanted: ValueTerm) => valuesOf(row, column, name).some((value) => valueTermMatches(wanted, value))
      if (isNot(term)) return !has({ ...term, op: 'eq' })
      return term.kind !== 'valuePath' && has(term)
    },
  }
}

function isNot(term: CheckedTerm): term is CompareTerm {
  return term.kind === 'compare' && term.op === 'ne'
}

function comparison(term: CheckedTerm, dialect: DialectName): RawBuilder<SqlBool> {
  if (term.kind === 'valuePath') throw new Error('attributes have no sub-attributes')
  return sql<SqlBool>`${valueTermToSql(term, sql.ref('element.value'), dialect)}`
}

function elementsWhere(
  column: string,
  name: string,
  dialect: DialectName,
  condition: RawBuilder<SqlBool>,
): RawBuilder<SqlBool> {
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
