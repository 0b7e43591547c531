import pg from 'pg'
import type { BulkWriter } from './bulk-writer.ts'

interface LeftOut {
  readonly drop: string
  readonly create: string
}

export async function openPostgresBulkWriter(url: string): Promise<BulkWriter> {
  const client = new pg.Client({
    connectionString: url,
    options: '-c synchronous_commit=off -c maintenance_work_mem=512MB',
  })
  await client.connect()
  const leftOut = await selectLeftOut(client)
  for (const { drop } of leftOut) await client.query(drop)
  const numbers = await selectNumbers(client)
  return {
    insert: async (table, rows) => {
      const columns = Object.keys(rows[0] ?? {})
      if (columns.length === 0) return
      const arrays = columns.map(
        (column, index) => `$${index + 1}::${numbers.has(`${table}.${column}`) ? 'bigint' : 'text'}[]`,
      )
      const values = rows.map((row) => Object.values(row))
      await client.query(
        `insert into ${table} (${columns.join(', ')}) select * from unnest(${arrays.join(', ')})`,
        columns.map((_, index) => values.map((row) => row[index])),
      )
    },
    setNumber: async ({ table, tenantId, id }, column, value) =>
      void (await client.query(`update ${table} set ${column} = $1 where tenant_id = $2 and id = $3`, [
        value,
        tenantId,
        id,
      ])),
    finish: async () => {
      for (const { create } of leftOut) await client.query(create)
      await client.end()
    },
  }
}

/** Foreign keys first, and indexes that no constraint stands on. */
async function selectLeftOut(client: pg.Client): Promise<LeftOut[]> {
  const { rows } = await client.query<LeftOut>(
    `select format('alter table %s drop constraint %I', conrelid::regclass, conname) as drop,
        format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as create
      from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace
      union all
      select format('drop index %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
      from pg_index i join pg_class t on t.oid = i.indrelid
      where t.relnamespace = 'public'::regnamespace and t.relname not like 'kysely%'
        and not exists (select 1 from pg_constraint c where c.conindid = i.indexrelid)`,
  )
  return rows
}

async function selectNumbers(client: pg.Client): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ name: string }>(
    `select table_name || '.' || column_name as name from information_schema.columns
      where table_schema = 'public' and data_type = 'bigint'`,
  )
  return new Set(rows.map(({ name }) => name))
}
