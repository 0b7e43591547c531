import { sql, type Expression, type Kysely, type SqlBool } from 'kysely'
import { toKey } from '../../db/normal-key.ts'
import type { CheckedTerm, DerivedField, FieldMap, FilterRow } from '../field.ts'
import { fieldMap } from '../field-map.ts'
import { filterMatches, valueTermMatches } from '../filter-memory.ts'
import { filterToSql, valueTermToSql } from '../filter-sql.ts'

/** A table with a column of every kind, shaped like Muster's users. */
export interface Person {
  readonly id: string
  readonly username: string
  readonly username_key: string
  readonly email: string
  readonly email_key: string
  readonly home: string
  readonly home_key: string
  readonly enabled: number
  readonly group_count: number
  readonly created_at: number
  readonly last_login_at: number
}

// Kysely wants a type here: an interface has no index signature.
export type PeopleDatabase = { people: Person }

const emailElements = fieldMap({
  type: { type: 'text', column: 'element.type' },
  value: {
    type: 'text',
    column: 'element.value',
    key: { column: 'element.value_key', normalise: toKey },
    caseInsensitive: true,
  },
})

/** The wire's words for the people table, as a feature would declare them. */
export const peopleFields: FieldMap = fieldMap(
  {
    id: { type: 'id', column: 'people.id', normalise: (id) => id.replace(/^service-account-/, '') },
    username: {
      type: 'text',
      column: 'people.username',
      key: { column: 'people.username_key', normalise: toKey },
      trigram: true,
    },
    email: {
      type: 'text',
      column: 'people.email',
      key: { column: 'people.email_key', normalise: toKey },
      caseInsensitive: true,
      trigram: true,
    },
    home: { type: 'text', column: 'people.home' },
    enabled: { type: 'boolean', column: 'people.enabled' },
    active: { type: 'boolean', column: 'people.enabled', takesText: true },
    groupCount: { type: 'number', column: 'people.group_count' },
    createdTimestamp: { type: 'time', column: 'people.created_at' },
    lastLoginTime: { type: 'time', column: 'people.last_login_at', zeroIsNull: true },
    status: statusField(),
    emails: emailsField(),
  },
  {
    aliases: { 'name.familyName': 'home' },
    resolve: (name) => (name === 'attributes.home' ? { type: 'text', column: 'people.home' } : undefined),
  },
)

function statusField(): DerivedField {
  const stateOf = (row: FilterRow): string =>
    row['people.enabled'] === 0 ? 'Disabled' : row['people.last_login_at'] === 0 ? 'Pending' : 'Enabled'
  const state = sql`(case when people.enabled = 0 then 'Disabled' when people.last_login_at = 0 then 'Pending' else 'Enabled' end)`
  return {
    type: 'derived',
    values: 'text',
    operations: ['eq', 'ne', 'in'],
    toSql: (term, dialect) => (term.kind === 'valuePath' ? refuse() : valueTermToSql(term, state, dialect)),
    matches: (term, row) => (term.kind === 'valuePath' ? refuse() : valueTermMatches(term, stateOf(row))),
  }
}

/** Two elements for each person: the work address and the home address. */
function emailsField(): DerivedField {
  return {
    type: 'derived',
    values: 'text',
    normalise: toKey,
    caseInsensitive: true,
    elements: emailElements,
    toSql: (term, dialect) => exists(filterToSql(onElement(term), dialect)),
    matches: (term, row) =>
      [
        { 'element.type': 'work', 'element.value': row['people.email'], 'element.value_key': row['people.email_key'] },
        { 'element.type': 'home', 'element.value': row['people.home'], 'element.value_key': row['people.home_key'] },
      ].some((element) => filterMatches(onElement(term), element)),
  }
}

function exists(condition: Expression<SqlBool>): Expression<SqlBool> {
  return sql<SqlBool>`exists (select 1 from (
    select 'work' as type, people.email as value, people.email_key as value_key
    union all select 'home', people.home, people.home_key) as element where ${condition})`
}

/** Without brackets the attribute means its values. */
function onElement(term: CheckedTerm): Parameters<typeof filterToSql>[0] {
  if (term.kind === 'valuePath') return term.of
  const field = emailElements.find('value')
  return field === undefined ? refuse() : { ...term, field, onKey: true }
}

function refuse(): never {
  throw new Error('checkFilter let something through that this field does not allow')
}

/** What the memory reads: the same columns, named as in the field map. */
export function rowOf(person: Person): FilterRow {
  return Object.fromEntries(Object.entries(person).map(([column, value]) => [`people.${column}`, value]))
}

export function personOf(fields: Partial<Person>): Person {
  const { username = '', email = '', home = '' } = fields
  const keys = { username_key: toKey(username), email_key: toKey(email), home_key: toKey(home) }
  const numbers = { enabled: 1, group_count: 0, created_at: 0, last_login_at: 0 }
  return { id: 'p1', username, email, home, ...numbers, ...fields, ...keys }
}

/** A table of this connection alone. */
export async function createPeople(
  db: Kysely<unknown>,
  dialect: 'sqlite' | 'postgres',
): Promise<Kysely<PeopleDatabase>> {
  const [text, integer] = dialect === 'postgres' ? ['text collate "C"', 'bigint'] : ['text', 'integer']
  await sql
    .raw(
      `create temporary table people (
        id ${text} not null, username ${text} not null, username_key ${text} not null, email ${text} not null,
        email_key ${text} not null, home ${text} not null, home_key ${text} not null, enabled ${integer} not null,
        group_count ${integer} not null, created_at ${integer} not null, last_login_at ${integer} not null)`,
    )
    .execute(db)
  return db.withTables<PeopleDatabase>()
}
