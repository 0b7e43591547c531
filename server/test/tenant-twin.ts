import { sql, type RawBuilder } from 'kysely'
import { withMigrationHandle } from '../src/db/open.ts'
import { hashSecret, newSecret } from '../src/secrets/secrets.ts'
import { newText } from './authz-world.ts'
import { readTables, type TableFacts } from './schema-facts.ts'
import { testVault, type TestApp } from './start-test-app.ts'

type Row = Record<string, unknown>

/** The other tenant, and its copies of acme's tokens: same ids, owners and roles, secrets of their own. */
export interface Twin {
  readonly id: string
  readonly host: string
  /** Token of acme → token of the twin. */
  readonly tokens: ReadonlyMap<string, string>
}

/**
 * Makes a tenant with the rows of acme, every id, name and address the same: what it is asked must be answered from its
 * own rows, and what happens to one must not happen to the other.
 */
export async function makeTwin(t: TestApp, tokens: readonly string[]): Promise<Twin> {
  const id = newText()
  const twin = {
    id,
    host: `${id}.localhost`,
    tokens: new Map(tokens.map((token) => [token, newSecret(prefixOf(token))])),
  }
  const hashes = new Map([...twin.tokens].map(([token, copy]) => [hashSecret(token), hashSecret(copy)]))
  const tables = await tablesInOrder(t)
  await t.db.engine.transact(async (trx) => {
    for (const { name } of tables.filter(({ name }) => !numbered.has(name))) {
      const owner = name === 'tenants' ? 'id' : 'tenant_id'
      const { rows } = await sql<Row>`select * from ${sql.table(name)} where ${sql.ref(owner)} = ${t.acme.id}`.execute(
        trx,
      )
      for (const row of rows) {
        const { seq: _numbered, ...copy } = row
        copy[owner] = id
        if (name === 'tenants') copy['slug'] = id
        // Hashes of secrets are unique over all tenants.
        const hash = copy['token_hash']
        if (typeof hash === 'string') copy['token_hash'] = hashes.get(hash) ?? `${id} ${hash}`
        if (name === 'totp_secrets') copy['secret'] = sealedAnew(copy, { from: t.acme.id, to: id })
        // Rows of any table, as the database gave them.
        await trx
          .insertInto(name as 'users')
          .values(copy as never)
          .execute()
      }
    }
  })
  return twin
}

/** Secrets of apps are sealed for one tenant. */
function sealedAnew({ secret, user_id: userId }: Row, { from, to }: { from: string; to: string }): string {
  const purpose = (tenantId: string) => `totp ${tenantId} ${String(userId)}`
  return testVault.seal(testVault.open(String(secret), purpose(from)), purpose(to))
}

/** Entries of these have numbers, no ids: two tenants cannot have the same. */
const numbered = new Set(['scim_log', 'scim_log_steps'])
function prefixOf(token: string): 'moat_' | 'mscim_' | 'mst_' {
  return (['moat_', 'mscim_'] as const).find((prefix) => token.startsWith(prefix)) ?? 'mst_'
}

/**
 * Makes every value of a tenant another one, as far as the database lets it, and leaves the keys: whatever is still read
 * from its rows shows. The tenant is good for nothing afterwards. Answers how many columns were changed.
 */
export async function disturb(t: TestApp, tenantId: string): Promise<number> {
  let changed = 0
  for (const { name, columns, primaryKey, foreignKeys } of await tablesInOrder(t)) {
    const owner = name === 'tenants' ? 'id' : 'tenant_id'
    const keys = new Set([owner, 'seq', ...primaryKey, ...foreignKeys.flatMap((key) => key.columns)])
    const { rows } = await sql<Row>`select * from ${sql.table(name)} where ${sql.ref(owner)} = ${tenantId}`.execute(
      t.db,
    )
    for (const column of columns.map((facts) => facts.name).filter((column) => !keys.has(column))) {
      const change = changeOf(column, rows)
      if (change === undefined) continue
      const update = sql`update ${sql.table(name)} set ${sql.ref(column)} = ${change} where ${sql.ref(owner)} = ${tenantId}`
      const isChanged = await t.db.engine
        .transact((trx) => update.execute(trx))
        .then(
          () => true,
          // A rule of the database allows no other value.
          () => false,
        )
      if (isChanged) changed += 1
    }
  }
  return changed
}

function changeOf(column: string, rows: readonly Row[]): RawBuilder<unknown> | undefined {
  const value = rows.map((row) => row[column]).find((found) => found !== null)
  const isFlag = rows.every((row) => row[column] === 0 || row[column] === 1)
  if (typeof value === 'string') return sql`${sql.ref(column)} || '~'`
  if (typeof value !== 'number') return undefined
  return isFlag ? sql`1 - ${sql.ref(column)}` : sql`${sql.ref(column)} + 1`
}

let ordered: Promise<readonly TableFacts[]> | undefined

/** Every table after those it refers to. */
export function tablesInOrder(t: TestApp): Promise<readonly TableFacts[]> {
  ordered ??= withMigrationHandle(t.location, readTables).then(sortByReference)
  return ordered
}

function sortByReference(tables: readonly TableFacts[]): TableFacts[] {
  const sorted: TableFacts[] = []
  const left = new Set(tables)
  while (left.size > 0) {
    const next = [...left].find((table) =>
      table.foreignKeys.every((key) => sorted.some(({ name }) => name === key.table)),
    )
    if (next === undefined) throw new Error('tables refer to each other in a ring')
    left.delete(next)
    sorted.push(next)
  }
  return sorted
}
