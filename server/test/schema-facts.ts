import { PostgresAdapter, sql, type Kysely } from 'kysely'

/** One table, as the database itself describes it. */
export interface TableFacts {
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly isNullable: boolean }[]
  readonly primaryKey: readonly string[]
  readonly indexes: readonly {
    readonly name: string
    readonly columns: readonly string[]
    readonly isUnique: boolean
  }[]
  readonly foreignKeys: readonly {
    readonly columns: readonly string[]
    readonly table: string
    readonly references: readonly string[]
  }[]
}

/** SQLite keeps each search index in tables of its own; Kysely keeps its notes in two. */
const notOurs = /^(sqlite_|kysely_)|_search($|_)/

export function isPostgres(db: Kysely<unknown>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter
}

/** Every table of the schema, by name. */
export async function readTables(db: Kysely<unknown>): Promise<TableFacts[]> {
  const tables = await (isPostgres(db) ? readPostgres(db) : readSqlite(db))
  if (tables.length < 10) throw new Error(`only ${tables.length} tables found`)
  return tables
}

async function readSqlite(db: Kysely<unknown>): Promise<TableFacts[]> {
  const names = (
    await rows<{ name: string }>(db, `select name from sqlite_master where type = 'table' order by name`)
  ).map(({ name }) => name)
  return Promise.all(names.filter((name) => !notOurs.test(name)).map((name) => readSqliteTable(db, name)))
}

async function readSqliteTable(db: Kysely<unknown>, name: string): Promise<TableFacts> {
  const columns = await rows<{ name: string; notnull: number; pk: number }>(
    db,
    `select name, "notnull", pk from pragma_table_info('${name}')`,
  )
  const indexes = await rows<{ name: string; unique: number; origin: string }>(
    db,
    `select name, "unique", origin from pragma_index_list('${name}') order by name`,
  )
  const keys = await rows<{ id: number; table: string; from: string; to: string }>(
    db,
    `select id, "table", "from", "to" from pragma_foreign_key_list('${name}') order by id, seq`,
  )
  const described = await Promise.all(
    indexes.map(async (index) => {
      const parts = await rows<{ name: string }>(
        db,
        `select name from pragma_index_info('${index.name}') order by seqno`,
      )
      return {
        name: index.name,
        columns: parts.map((part) => part.name),
        isUnique: index.unique === 1,
        origin: index.origin,
      }
    }),
  )
  return {
    name,
    columns: columns.map((column) => ({ name: column.name, isNullable: column.notnull === 0 && column.pk === 0 })),
    primaryKey: columns
      .filter((column) => column.pk > 0)
      .toSorted((a, b) => a.pk - b.pk)
      .map((column) => column.name),
    indexes: described.filter((index) => index.origin !== 'pk'),
    foreignKeys: [...Map.groupBy(keys, (key) => key.id).values()].map((parts) => ({
      columns: parts.map((part) => part.from),
      table: parts[0]?.table ?? '',
      references: parts.map((part) => part.to),
    })),
  }
}

/** Names of columns by their numbers, in the order of the list of numbers. */
const namesOf = (table: string, numbers: string) =>
  `array(select a.attname::text from unnest(${numbers}) with ordinality as k(number, position) join pg_attribute a on a.attrelid = ${table} and a.attnum = k.number order by k.position)`

async function readPostgres(db: Kysely<unknown>): Promise<TableFacts[]> {
  const tables = await rows<{ name: string }>(
    db,
    `select tablename as name from pg_tables where schemaname = 'public' order by tablename`,
  )
  const columns = await rows<{ table: string; name: string; isNullable: boolean }>(
    db,
    `select attrelid::regclass::text as table, attname::text as name, not attnotnull as "isNullable" from pg_attribute
      where attnum > 0 and not attisdropped and attrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r') order by attnum`,
  )
  const indexes = await rows<{ table: string; name: string; columns: string[]; isUnique: boolean; isPrimary: boolean }>(
    db,
    `select indrelid::regclass::text as table, indexrelid::regclass::text as name, ${namesOf('indrelid', 'indkey::int2[]')} as columns,
      indisunique as "isUnique", indisprimary as "isPrimary" from pg_index
      where indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace) order by 2`,
  )
  const keys = await rows<{ table: string; other: string; columns: string[]; references: string[] }>(
    db,
    `select conrelid::regclass::text as table, confrelid::regclass::text as other, ${namesOf('conrelid', 'conkey')} as columns,
      ${namesOf('confrelid', 'confkey')} as references from pg_constraint where contype = 'f' order by conname`,
  )
  return tables
    .filter(({ name }) => !notOurs.test(name))
    .map(({ name }) => ({
      name,
      columns: columns.filter((column) => column.table === name),
      primaryKey: indexes.find((index) => index.table === name && index.isPrimary)?.columns ?? [],
      indexes: indexes.filter((index) => index.table === name && !index.isPrimary),
      foreignKeys: keys
        .filter((key) => key.table === name)
        .map((key) => ({ columns: key.columns, table: key.other, references: key.references })),
    }))
}

/** The text is made here, from names the database gave. */
export async function rows<Row>(db: Kysely<unknown>, text: string): Promise<Row[]> {
  return (await sql.raw<Row>(text).execute(db)).rows
}
