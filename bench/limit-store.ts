import Connection from 'better-sqlite3'
import pg from 'pg'

/** Where the stored documents are: a SQLite file of their own, or tables beside Muster's. */
export type LimitLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly url: string }

export interface StoredDocument {
  readonly id: string
  readonly email: string
  readonly document: string
}

/** The least a server can ask of the database: a record is one JSON text, found by one look at one index. */
export interface LimitStore {
  get(id: string): string | undefined | Promise<string | undefined>
  findByEmail(email: string): string | undefined | Promise<string | undefined>
  /** Records in the default order of the list, from the one at this place on. */
  page(from: number, size: number): readonly string[] | Promise<readonly string[]>
  insert(row: StoredDocument): void | Promise<void>
  update(id: string, document: string): void | Promise<void>
  count(): Promise<number>
  close(): Promise<void>
}

/** Each change is a durable transaction of its own. */
export function openLimitStore(location: LimitLocation): LimitStore {
  return location.kind === 'sqlite' ? openSqliteStore(location.file) : openPostgresStore(location.url)
}

const columns = (text: string, number: string) =>
  `place ${number} primary key, id ${text} not null unique, email ${text} not null unique, document ${text} not null`
const insertText = 'insert into bench_documents (id, email, document) values'

/** Creates the table and fills it in the order given. */
export async function createLimitStore(
  location: LimitLocation,
  batches: AsyncIterable<readonly StoredDocument[]>,
): Promise<void> {
  return location.kind === 'sqlite' ? fillSqlite(location.file, batches) : fillPostgres(location.url, batches)
}

async function fillSqlite(file: string, batches: AsyncIterable<readonly StoredDocument[]>): Promise<void> {
  const raw = openConnection(file)
  raw.exec(`create table bench_documents (${columns('text', 'integer')}) strict`)
  const insert = raw.prepare(`${insertText} (?, ?, ?)`)
  const insertAll = raw.transaction((rows: readonly StoredDocument[]) => {
    for (const { id, email, document } of rows) insert.run(id, email, document)
  })
  for await (const rows of batches) insertAll(rows)
  raw.close()
}

async function fillPostgres(url: string, batches: AsyncIterable<readonly StoredDocument[]>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(
    `create table bench_documents (${columns('text collate "C"', 'bigint generated always as identity')})`,
  )
  for await (const rows of batches) {
    const values = [rows.map(({ id }) => id), rows.map(({ email }) => email), rows.map(({ document }) => document)]
    await client.query(
      'insert into bench_documents (id, email, document) select * from unnest($1::text[], $2::text[], $3::text[])',
      values,
    )
  }
  await client.end()
}

/** The same settings as Muster's own connections. */
function openConnection(file: string): Connection.Database {
  const raw = new Connection(file)
  for (const pragma of [
    'journal_mode = WAL',
    'synchronous = FULL',
    'busy_timeout = 2000',
    'cache_size = -32000',
    'mmap_size = 268435456',
  ])
    raw.pragma(pragma)
  return raw
}

function openSqliteStore(file: string): LimitStore {
  const raw = openConnection(file)
  const get = raw.prepare<[string], string>('select document from bench_documents where id = ?').pluck()
  const findByEmail = raw.prepare<[string], string>('select document from bench_documents where email = ?').pluck()
  const page = raw
    .prepare<[number, number], string>('select document from bench_documents where place > ? order by place limit ?')
    .pluck()
  const insert = raw.prepare<[string, string, string]>(`${insertText} (?, ?, ?)`)
  const update = raw.prepare<[string, string]>('update bench_documents set document = ? where id = ?')
  const count = raw.prepare<[], number>('select count(*) from bench_documents').pluck()
  return {
    get: (id) => get.get(id),
    findByEmail: (email) => findByEmail.get(email),
    page: (from, size) => page.all(from, size),
    insert: ({ id, email, document }) => void insert.run(id, email, document),
    update: (id, document) => void update.run(document, id),
    count: async () => count.get() ?? 0,
    close: async () => void raw.close(),
  }
}

/** As many connections as Muster opens, and named statements, as there. */
function openPostgresStore(url: string): LimitStore {
  const pool = new pg.Pool({ connectionString: url, max: 16, options: '-c jit=off' })
  const rows = async (name: string, text: string, values: unknown[]): Promise<string[]> =>
    (await pool.query<[string]>({ name, text, values, rowMode: 'array' })).rows.map(([document]) => document)
  return {
    get: async (id) => (await rows('get', 'select document from bench_documents where id = $1', [id]))[0],
    findByEmail: async (email) =>
      (await rows('find', 'select document from bench_documents where email = $1', [email]))[0],
    page: (from, size) =>
      rows('page', 'select document from bench_documents where place > $1 order by place limit $2', [from, size]),
    insert: async ({ id, email, document }) =>
      void (await rows('insert', `${insertText} ($1, $2, $3)`, [id, email, document])),
    update: async (id, document) =>
      void (await rows('update', 'update bench_documents set document = $1 where id = $2', [document, id])),
    count: async () => Number((await rows('count', 'select count(*) from bench_documents', []))[0]),
    close: () => pool.end(),
  }
}
