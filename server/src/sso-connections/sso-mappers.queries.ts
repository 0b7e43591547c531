import { sql, type Insertable } from 'kysely'
import type { Queryable, Trx } from '../db/db.ts'
import type { SsoMapper } from './sso-mappers.schema.ts'
import type { SsoMappersTable } from './sso-mappers.table.ts'

const columns = [
  'sso_mappers.id',
  'sso_mappers.alias',
  'sso_mappers.name',
  'sso_mappers.kind',
  'sso_mappers.group_id',
  'sso_mappers.user_attribute',
  'sso_mappers.attribute_name',
  'sso_mappers.attribute_value',
  'sso_mappers.friendly_name',
  'sso_mappers.values_regex',
  'sso_mappers.version',
  'groups.name as group_name',
] as const

type MapperRow = Pick<
  SsoMappersTable,
  | 'id'
  | 'alias'
  | 'name'
  | 'kind'
  | 'group_id'
  | 'user_attribute'
  | 'attribute_name'
  | 'attribute_value'
  | 'friendly_name'
  | 'values_regex'
  | 'version'
> & { readonly group_name: string | null }

/** In the order in which they were made. */
export async function selectMappers(
  db: Queryable,
  tenantId: string,
  { alias, max }: { readonly alias: string; readonly max: number },
): Promise<SsoMapper[]> {
  const rows = await mappersOf(db, tenantId, alias)
    .orderBy('sso_mappers.created_at')
    .orderBy('sso_mappers.id')
    .limit(max)
    .execute()
  return rows.map(toMapper)
}

export async function findMapper(
  db: Queryable,
  tenantId: string,
  { alias, id }: { readonly alias: string; readonly id: string },
): Promise<SsoMapper | undefined> {
  const row = await mappersOf(db, tenantId, alias).where('sso_mappers.id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : toMapper(row)
}

function mappersOf(db: Queryable, tenantId: string, alias: string) {
  return db
    .selectFrom('sso_mappers')
    .leftJoin('groups', (join) =>
      join.onRef('groups.tenant_id', '=', 'sso_mappers.tenant_id').onRef('groups.id', '=', 'sso_mappers.group_id'),
    )
    .select(columns)
    .where('sso_mappers.tenant_id', '=', tenantId)
    .where('sso_mappers.alias', '=', alias)
}

export async function insertMapper(trx: Trx, row: Insertable<SsoMappersTable>): Promise<void> {
  await trx.insertInto('sso_mappers').values(row).execute()
}

/** Holds a mapper until the transaction ends. */
export async function lockMapper(
  trx: Trx,
  tenantId: string,
  { alias, id }: Pick<SsoMapper, 'alias' | 'id'>,
): Promise<void> {
  await trx
    .updateTable('sso_mappers')
    .set({ version: sql<number>`version` })
    .where('tenant_id', '=', tenantId)
    .where('alias', '=', alias)
    .where('id', '=', id)
    .execute()
}

type Change = Omit<
  SsoMappersTable,
  'tenant_id' | 'alias' | 'id' | 'name' | 'kind' | 'created_at' | 'created_by' | 'version'
>

export async function updateMapper(
  trx: Trx,
  tenantId: string,
  { alias, id }: Pick<SsoMapper, 'alias' | 'id'>,
  change: Change,
): Promise<void> {
  await trx
    .updateTable('sso_mappers')
    .set((eb) => ({ ...change, version: eb('version', '+', 1) }))
    .where('tenant_id', '=', tenantId)
    .where('alias', '=', alias)
    .where('id', '=', id)
    .execute()
}

/** Answers the kind of what was deleted; nothing when somebody else was first. */
export async function deleteMapper(
  trx: Trx,
  tenantId: string,
  { alias, id }: Pick<SsoMapper, 'alias' | 'id'>,
): Promise<string | undefined> {
  const row = await trx
    .deleteFrom('sso_mappers')
    .where('tenant_id', '=', tenantId)
    .where('alias', '=', alias)
    .where('id', '=', id)
    .returning('kind')
    .executeTakeFirst()
  return row?.kind
}

/** Of all connections; answers what was there, in the order of ids. */
export async function deleteMappersOfGroup(
  trx: Trx,
  tenantId: string,
  groupId: string,
): Promise<{ id: string; alias: string }[]> {
  const rows = await trx
    .deleteFrom('sso_mappers')
    .where('tenant_id', '=', tenantId)
    .where('group_id', '=', groupId)
    .returning(['id', 'alias'])
    .execute()
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** What a mapper says, as it is stored. */
export function toColumns({
  rule,
  friendlyName,
  valuesRegex,
}: Pick<SsoMapper, 'rule' | 'friendlyName' | 'valuesRegex'>) {
  const isGroup = rule.kind === 'group'
  return {
    group_id: isGroup ? rule.group.id : null,
    user_attribute: isGroup ? '' : rule.userAttribute,
    attribute_name: rule.attributeName,
    attribute_value: isGroup ? rule.attributeValue : '',
    friendly_name: friendlyName,
    values_regex: valuesRegex,
  }
}

function toMapper(row: MapperRow): SsoMapper {
  return {
    id: row.id,
    alias: row.alias,
    name: row.name,
    rule: toRule(row),
    friendlyName: row.friendly_name,
    valuesRegex: row.values_regex,
    version: row.version,
  }
}

function toRule(row: MapperRow): SsoMapper['rule'] {
  const attributeName = row.attribute_name
  // The table's own check says that the two go together.
  if (row.group_id === null || row.group_name === null)
    return { kind: 'user_attribute', userAttribute: row.user_attribute, attributeName }
  const group = { id: row.group_id, name: row.group_name }
  return { kind: 'group', group, attributeName, attributeValue: row.attribute_value }
}
