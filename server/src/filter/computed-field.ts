import { sql } from 'kysely'
import type { CheckedTerm, DerivedField, FilterRow, Stored, ValueTerm } from './field.ts'
import { valueTermMatches } from './filter-memory.ts'
import { valueTermToSql } from './filter-sql.ts'

/** A value that SQL computes from other columns. */
export function computedField(
  values: DerivedField['values'],
  expression: string,
  read: (row: FilterRow) => Stored,
): DerivedField {
  return {
    type: 'derived',
    values,
    toSql: (term, dialect) => valueTermToSql(asValueTerm(term), sql.raw(expression), dialect),
    matches: (term, row) => valueTermMatches(asValueTerm(term), read(row)),
  }
}

export function asValueTerm(term: CheckedTerm): ValueTerm {
  if (term.kind === 'valuePath') throw new Error('this field has no sub-attributes')
  return term
}
