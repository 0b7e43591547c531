import { sql, type Expression, type RawBuilder, type SqlBool } from 'kysely'
import { toKey } from '../../db/normal-key.ts'
import type { DialectName } from '../../db/db.ts'
import type { DerivedField, Field, FieldMap, Operation, ValueTerm } from '../../filter/field.ts'
import { filterToSql, valueTermToSql } from '../../filter/filter-sql.ts'
import { isNot, matches } from '../list/derived-fields.ts'
import type { Attribute } from '../schemas/attribute.ts'
import type { Found } from '../schemas/registry.ts'
import { shortened } from './user-record.ts'

/** Lists of elements, asked one by one so that each uses its own index: (user_id, value_key, type_key, is_primary, keys). */
type Source = (dialect: DialectName) => readonly RawBuilder<unknown>[]

/**
 * A multi-valued attribute: without a sub-attribute its value is meant, `[…]` is about one and the same element
 * (items 97, 98). `ne` holds where an element differs, or there is none.
 */
export function pluralField({ attribute, sub }: Found, source: Source): DerivedField {
  const elements = elementFields(attribute)
  const among = (condition: Expression<SqlBool>, dialect: DialectName) =>
    sql.join(
      source(dialect).map((elements) => sql`select e.user_id from (${elements}) e where ${condition}`),
      sql` union all `,
    )
  const ids = (condition: Expression<SqlBool>, dialect: DialectName) =>
    sql<SqlBool>`users.id in (${among(condition, dialect)})`
  const none = (dialect: DialectName) => sql<SqlBool>`users.id not in (${among(sql<SqlBool>`1 = 1`, dialect)})`
  const asked = sub ?? attribute.subAttributes?.find(({ name }) => name === 'value')
  const field = asked === undefined ? undefined : elements.find(asked.name)
  return {
    type: 'derived',
    values: asked?.type === 'boolean' ? 'boolean' : 'text',
    ...(asked?.type === 'boolean' ? { takesText: true } : {}),
    ...(asked === undefined ? { operations: ['present', 'valuePath'] as const } : {}),
    ...(asked?.type === 'binary' ? { operations: sub === undefined ? [...binary, 'valuePath'] : binary } : {}),
    ...normaliserOf(asked),
    elements,
    toSql: (term, dialect) => {
      if (term.kind === 'valuePath') return ids(filterToSql(term.of, dialect), dialect)
      if (term.kind === 'present' && sub === undefined) return sql<SqlBool>`not (${none(dialect)})`
      if (field === undefined) return sql<SqlBool>`(1 = 0)`
      const condition = elementCondition(field, term, dialect)
      return isNot(term) ? sql<SqlBool>`(${ids(condition, dialect)} or ${none(dialect)})` : ids(condition, dialect)
    },
    matches,
  }
}

/** Bytes have no order and no parts (item 95). */
const binary: readonly Operation[] = ['eq', 'ne', 'present']

function normaliserOf(
  asked: Attribute | undefined,
): Pick<DerivedField, 'normalise' | 'caseInsensitive' | 'emptyIsNull'> {
  if (asked === undefined || asked.type === 'boolean') return {}
  return {
    normalise: asked.caseExact ? shortened : (text) => shortened(toKey(text)),
    caseInsensitive: true,
    emptyIsNull: true,
  }
}

export function elementCondition(field: Field, term: ValueTerm, dialect: DialectName): Expression<SqlBool> {
  if (field.type === 'derived') return field.toSql(term, dialect)
  return valueTermToSql(term, sql.ref(field.column), dialect)
}

/** What may stand inside brackets. */
function elementFields({ subAttributes = [] }: Attribute): FieldMap {
  const byName = new Map(subAttributes.map((sub) => [sub.name.toLowerCase(), elementField(sub)]))
  return { names: subAttributes.map(({ name }) => name), find: (name) => byName.get(name.toLowerCase()) }
}

function elementField(sub: Attribute): Field {
  if (sub.name === 'primary') return { type: 'boolean', column: 'e.is_primary', takesText: true }
  const normalise = (text: string) => shortened(sub.caseExact ? text : toKey(text))
  const column = sub.name === 'type' ? 'e.type_key' : 'e.value_key'
  if (sub.name === 'type' || sub.name === 'value')
    return {
      type: 'text',
      column,
      key: { column, normalise },
      caseInsensitive: true,
      emptyIsNull: true,
      ...(sub.type === 'binary' ? { operations: binary } : {}),
    }
  return {
    type: 'derived',
    values: 'text',
    normalise,
    caseInsensitive: true,
    emptyIsNull: true,
    toSql: (term, dialect) => {
      if (term.kind === 'valuePath') throw new Error('a sub-attribute has no elements')
      return valueTermToSql(term, keyOf('e.keys', sub.name, dialect), dialect)
    },
    matches,
  }
}

/** Names come from the schemas: they need no escaping inside the path. */
export function keyOf(column: string, name: string, dialect: DialectName): RawBuilder<unknown> {
  return dialect === 'postgres'
    ? sql`coalesce(${sql.ref(column)}::json ->> ${sql.lit(name)}, '')`
    : sql`coalesce(json_extract(${sql.ref(column)}, ${sql.lit(`$."${name}"`)}), '')`
}
