import { LRUCache } from 'lru-cache'
import { isWorkspaceRole, type WorkspaceRole } from '../access/permissions.ts'
import { Db, rawRows, type Queryable } from '../db/db.ts'
import type { NamedLink } from './users.schema.ts'

/** Names of personas or purposes, and which groups hold them. */
export interface SharedLinks {
  readonly byId: ReadonlyMap<string, NamedLink>
  readonly byGroup: ReadonlyMap<string, readonly string[]>
}

/** What many users' documents show of one tenant; true for one catalogue version. */
export interface LinkCatalogue {
  readonly personas: SharedLinks
  readonly purposes: SharedLinks
  /** Built-in roles never change. */
  roleName(id: string): WorkspaceRole
  subRoleName(id: string): string
}

interface Kept {
  readonly version: number
  readonly catalogue: LinkCatalogue
}

/** By handle, so that it ends with it, and then by tenant; a handle that follows a transaction is nobody else's. */
const keptOf = new WeakMap<Db, LRUCache<string, Kept>>()

/** Personas and purposes that somebody holds directly. */
export interface HeldIds {
  readonly personas: readonly string[]
  readonly purposes: readonly string[]
}

/**
 * The catalogue at this version or a newer one, read when the kept one is older.
 * Everything in it raises `tenants.catalogue_version` when it changes, in the same transaction;
 * new personas and purposes do not, since nobody's document shows them: the kept one is read again when it lacks one that is held.
 */
export async function readLinkCatalogue(
  db: Queryable,
  tenantId: string,
  version: number,
  held: HeldIds,
): Promise<LinkCatalogue> {
  // What a transaction sees may be rolled back, and its version used again for something else.
  const kept = db instanceof Db ? keptIn(db) : undefined
  const known = kept?.get(tenantId)
  if (known !== undefined && known.version === version && hasAll(known.catalogue, held)) return known.catalogue
  const roles = await rawRows<{ id: string; name: string }>(db, `select id, name from roles where tenant_id = ?`, [
    tenantId,
  ])
  const names = new Map(roles.map((role) => [role.id, role.name]))
  const catalogue: LinkCatalogue = {
    personas: await readShared(db, tenantId, 'persona'),
    purposes: await readShared(db, tenantId, 'purpose'),
    roleName: (id) => {
      const name = names.get(id)
      if (name === undefined || !isWorkspaceRole(name)) throw new Error(`role ${id} is no workspace role`)
      return name
    },
    subRoleName: (id) => names.get(id) ?? id,
  }
  kept?.set(tenantId, { version, catalogue })
  return catalogue
}

function keptIn(db: Db): LRUCache<string, Kept> {
  const kept = keptOf.get(db) ?? new LRUCache<string, Kept>({ max: 1_000 })
  keptOf.set(db, kept)
  return kept
}

function hasAll(catalogue: LinkCatalogue, held: HeldIds): boolean {
  return (
    held.personas.every((id) => catalogue.personas.byId.has(id)) &&
    held.purposes.every((id) => catalogue.purposes.byId.has(id))
  )
}

async function readShared(db: Queryable, tenantId: string, kind: 'persona' | 'purpose'): Promise<SharedLinks> {
  const links = await rawRows<NamedLink>(
    db,
    `select id, name, display_name as "displayName", qualified_name as "qualifiedName" from ${kind}s where tenant_id = ?`,
    [tenantId],
  )
  const groups = await rawRows<{ group_id: string; id: string }>(
    db,
    `select subject_id as group_id, ${kind}_id as id from ${kind}_subjects where tenant_id = ? and subject_kind = 'group'`,
    [tenantId],
  )
  const byGroup = Map.groupBy(groups, (row) => row.group_id)
  return {
    byId: new Map(links.map((link) => [link.id, link])),
    byGroup: new Map([...byGroup].map(([groupId, rows]) => [groupId, rows.map((row) => row.id)])),
  }
}
