import { sql, type Expression, type RawBuilder, type SqlBool } from 'kysely'
import type { DialectName } from '../../db/db.ts'
import { toKey } from '../../db/normal-key.ts'
import type { CheckedTerm, CompareTerm, DerivedField } from '../../filter/field.ts'
import { valueTermToSql } from '../../filter/filter-sql.ts'
import { shortened } from '../users/user-record.ts'

export type Condition = RawBuilder<SqlBool>

/** Matches are decided by SQL alone; the second reading in tests is of whole resources. */
export function matches(): never {
  throw new Error('SCIM filters are read by SQL')
}

export function idOfReference(text: string): string {
  return text.slice(text.lastIndexOf('/') + 1)
}

interface TextRules {
  readonly caseExact: boolean
}

/** Text values found through a list of users: what is absent satisfies no comparison but `ne`. */
export function listedText(
  rowId: string,
  { caseExact }: TextRules,
  ids: (condition: Expression<SqlBool>, dialect: DialectName) => Condition,
  operand: string,
): DerivedField {
  return {
    type: 'derived',
    values: 'text',
    normalise: caseExact ? shortened : (text) => shortened(toKey(text)),
    caseInsensitive: true,
    emptyIsNull: true,
    toSql: (term, dialect) => {
      if (term.kind === 'valuePath') throw new Error('a text has no elements')
      const value = sql.ref(operand)
      if (isNot(term))
        return sql<SqlBool>`${sql.ref(rowId)} not in (${ids(valueTermToSql({ ...term, op: 'eq' }, value, dialect), dialect)})`
      return sql<SqlBool>`${sql.ref(rowId)} in (${ids(valueTermToSql(term, value, dialect), dialect)})`
    },
    matches,
  }
}

export function isNot(term: CheckedTerm): term is CompareTerm {
  return term.kind === 'compare' && term.op === 'ne'
}

/** The same value for every resource of a type. */
export function constantField(value: string): DerivedField {
  return {
    type: 'derived',
    values: 'text',
    toSql: (term, dialect) => {
      if (term.kind === 'valuePath') throw new Error('a text has no elements')
      return valueTermToSql(term, sql.lit(value), dialect)
    },
    matches,
  }
}

/** `W/"7"`, or `W/"7.2"` of two columns: only equality means something. */
export function versionField(columns: readonly string[]): DerivedField {
  return {
    type: 'derived',
    values: 'text',
    operations: ['eq', 'ne', 'present'],
    toSql: (term) => {
      if (term.kind !== 'compare') return sql<SqlBool>`(1 = 1)`
      const numbers = /^(?:W\/)?"(\d{1,15}(?:\.\d{1,15})*)"$/.exec(String(term.value))?.[1]?.split('.') ?? []
      const parts = columns.map((column, index) => sql`${sql.ref(column)} = ${Number(numbers[index] ?? -1)}`)
      const holds = numbers.length === columns.length ? sql`(${sql.join(parts, sql` and `)})` : sql`(1 = 0)`
      return term.op === 'eq' ? sql<SqlBool>`${holds}` : sql<SqlBool>`not ${holds}`
    },
    matches,
  }
}

/** An address is known by the id at its end, under whichever of the three bases (item 66). */
export function locationField(column: string, endpoint: string): DerivedField {
  return {
    type: 'derived',
    values: 'text',
    operations: ['eq', 'ne', 'present'],
    toSql: (term) => {
      if (term.kind !== 'compare') return sql<SqlBool>`(1 = 1)`
      const text = String(term.value)
      const id = text.slice(text.toLowerCase().lastIndexOf(endpoint.toLowerCase()) + endpoint.length)
      const isRef = text.toLowerCase().includes(endpoint.toLowerCase())
      return sql<SqlBool>`${sql.ref(column)} ${term.op === 'eq' ? sql`=` : sql`<>`} ${isRef ? id : ''}`
    },
    matches,
  }
}
