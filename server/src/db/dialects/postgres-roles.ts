import { sql, type Kysely } from 'kysely'
import type pg from 'pg'
import { ConfigError } from '../../config.ts'

/** The oldest one that the tests run on. Security contract, 9.4. */
const oldestVersion = 150_000

/** The role of DATABASE_URL, and what it may. */
export interface ServerRole {
  readonly name: string
  readonly version: number
  readonly isSuperuser: boolean
  readonly bypassesRowSecurity: boolean
  /** A table it owns, or owns by a role it is a member of; null where there is none. */
  readonly ownedTable: string | null
}

const inOurSchema = sql`c.relnamespace = current_schema()::regnamespace`

export async function readServerRole(db: Kysely<unknown>): Promise<ServerRole> {
  const { rows } = await sql<ServerRole>`select rolname as name, current_setting('server_version_num')::int as version,
      rolsuper as "isSuperuser", rolbypassrls as "bypassesRowSecurity",
      (select c.relname from pg_class c where ${inOurSchema} and c.relkind = 'r'
        and pg_has_role(c.relowner, 'member') order by 1 limit 1) as "ownedTable"
    from pg_roles where rolname = current_user`.execute(db)
  const [role] = rows
  if (role === undefined) throw new Error('the role of DATABASE_URL is none')
  return role
}

/** Row level security is none for a role that is above it. @throws ConfigError */
export function refuseStrongRole(role: ServerRole): void {
  if (role.version < oldestVersion) {
    const major = Math.floor(role.version / 10_000)
    throw new ConfigError(`DATABASE_URL leads to PostgreSQL ${major}; Muster needs 15 or newer.`)
  }
  const why = role.isSuperuser
    ? 'is a superuser'
    : role.bypassesRowSecurity
      ? 'has BYPASSRLS'
      : role.ownedTable !== null
        ? `owns the tables (${role.ownedTable})`
        : null
  if (why === null) return
  throw new ConfigError(
    `DATABASE_URL names the role ${role.name}, which ${why} and would see the rows of all tenants at once; make a role that owns nothing for the server, and name the owner's in DATABASE_OWNER_URL: docs/postgresql.md.`,
  )
}

/** Nodes that start at once take turns: two grants on one table at the same moment are an error. */
const turn = sql`select pg_advisory_xact_lock(hashtextextended('muster grants', 0))`

/** Lets the server's role read and change rows, where it may not yet: in tables; views and the list of migrations it reads. */
export async function grantToServer(db: Kysely<unknown>, role: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await turn.execute(trx)
    const { rows } = await sql<{ name: string; rights: string }>`select c.relname as name, wanted.rights
      from pg_class c cross join lateral (
        select case when c.relkind = 'v' or c.relname like 'kysely%' then 'select' else 'select, insert, update, delete' end as rights
      ) wanted
      where ${inOurSchema} and c.relkind in ('r', 'v') and exists (
        select from unnest(string_to_array(wanted.rights, ', ')) as needed(one)
        where not has_table_privilege(${role}, c.oid, needed.one))
      order by 1`.execute(trx)
    if (rows.length === 0) return
    const { rows: schemas } = await sql<{ name: string }>`select current_schema() as name`.execute(trx)
    await sql`grant usage on schema ${sql.ref(schemas[0]?.name ?? '')} to ${sql.ref(role)}`.execute(trx)
    for (const { name, rights } of rows)
      await sql`grant ${sql.raw(rights)} on ${sql.table(name)} to ${sql.ref(role)}`.execute(trx)
  })
}

/** A table some of whose rows are hidden from the role of DATABASE_OWNER_URL; what it reads of it would look whole and not be. */
const hiddenTable = `select c.relname as name, current_user as role from pg_class c
  where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and row_security_active(c.oid) and not exists (
    select from pg_policy p cross join unnest(p.polroles) as bound(role)
    where p.polrelid = c.oid and pg_get_expr(p.polqual, p.polrelid) = 'true' and bound.role <> 0 and pg_has_role(bound.role, 'usage'))
  order by 1 limit 1`

/** Before everything is read: another role than the owner is shown fewer rows, or none, and no error. @throws ConfigError */
export async function refuseBlindOwner(client: Pick<pg.Client, 'query'>): Promise<void> {
  const { rows } = await client.query<{ name: string; role: string }>(hiddenTable)
  const [hidden] = rows
  if (hidden === undefined) return
  throw new ConfigError(
    `DATABASE_OWNER_URL names the role ${hidden.role}, which does not see all rows of ${hidden.name}; name the role that made the tables: docs/postgresql.md.`,
  )
}
