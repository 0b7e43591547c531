import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import { readCounter } from '../db/counters.ts'
import type { Queryable, Trx } from '../db/db.ts'
import type { Page } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { selectPage } from '../lists/select-page.ts'
import { personaList } from './personas.fields.ts'
import type { Persona } from './personas.schema.ts'
import type { PersonasTable } from './personas.table.ts'

const columns = [
  'personas.id',
  'personas.name',
  'personas.qualified_name',
  'personas.display_name',
  'personas.description',
  'personas.created_at',
  'personas.created_by',
  'personas.updated_at',
  'personas.updated_by',
  'personas.version',
  'personas.links_version',
  'personas.is_enabled',
  'personas.policies',
  'personas.readme',
  'personas.resources',
  'personas.attributes',
] as const

type Row = Omit<Selectable<PersonasTable>, 'tenant_id' | 'name_key'>

export async function findPersona(db: Queryable, tenantId: string, id: string): Promise<Persona | undefined> {
  const row = await db
    .selectFrom('personas')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? undefined : toPersona(row)
}

export async function selectPersonaPage(db: Queryable, tenantId: string, query: ListQuery): Promise<Page<Persona>> {
  const { rows, total, filtered } = await selectPage<Row>(db, {
    shape: personaList,
    table: 'personas',
    columns,
    scope: { text: 'personas.tenant_id = (select ?)', values: [tenantId] },
    query,
    total: () => readCounter(db, tenantId, 'personas'),
  })
  return { items: rows.map(toPersona), total, filtered }
}

export async function insertPersona(trx: Trx, row: Insertable<PersonasTable>): Promise<void> {
  await trx.insertInto('personas').values(row).execute()
}

export async function updatePersona(
  trx: Trx,
  tenantId: string,
  id: string,
  change: Updateable<PersonasTable>,
): Promise<void> {
  await trx
    .updateTable('personas')
    .set((eb) => ({ ...change, version: eb('version', '+', 1) }))
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .execute()
}

/** Holds the row until the transaction ends. */
export async function lockPersona(trx: Trx, tenantId: string, id: string): Promise<void> {
  await trx
    .updateTable('personas')
    .set({ version: sql<number>`version` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .execute()
}

function toPersona(row: Row): Persona {
  return {
    id: row.id,
    name: row.name,
    qualifiedName: row.qualified_name,
    displayName: row.display_name,
    description: row.description,
    isEnabled: row.is_enabled === 1,
    policies: JSON.parse(row.policies),
    readme: row.readme,
    resources: JSON.parse(row.resources),
    attributes: JSON.parse(row.attributes),
    createdAt: row.created_at,
    createdBy: row.created_by,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
    version: row.version,
    linksVersion: row.links_version,
  }
}
