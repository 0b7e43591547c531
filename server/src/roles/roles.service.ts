import { v7 as uuid } from 'uuid'
import { authorize } from '../access/authorize.ts'
import type { Ctx, ReadCtx, TrxCtx } from '../access/ctx.ts'
import { isWorkspaceRole, type WorkspaceRole } from '../access/permissions.ts'
import { ApiError } from '../errors/api-error.ts'
import type { ListQuery } from '../lists/list-query.ts'
import type { Page } from '../lists/envelope.ts'
import * as queries from './roles.queries.ts'
import type { Role, RoleLevel } from './roles.schema.ts'
import { selectRolePage } from './roles-page.queries.ts'

const builtIn = [
  { name: '$admin', description: 'Admin', level: 'workspace' },
  { name: '$member', description: 'Member', level: 'workspace' },
  { name: '$guest', description: 'Guest', level: 'workspace' },
  { name: '$api-token-default-access', description: 'API token default access', level: 'token' },
  { name: '$governance-admin', description: 'Governance Admin', level: 'admin-subrole' },
  { name: '$workflow-admin', description: 'Workflow Admin', level: 'admin-subrole' },
] as const

/** The roles every tenant has; they are never changed or removed. */
export async function createBuiltInRoles(ctx: TrxCtx): Promise<void> {
  const rows = builtIn.map((role, rank) => ({ ...role, tenant_id: ctx.tenantId, id: uuid(), rank, member_count: 0 }))
  await queries.insertRoles(ctx.db, rows)
}

/** Roles with how many hold them at this instant. @throws insufficient_role · invalid_filter */
export function listRoles(ctx: Ctx, query: ListQuery): Promise<Page<Role>> {
  authorize(ctx, 'roles:read')
  return selectRolePage(ctx.db, ctx.tenantId, query, ctx.now)
}

/** A tenant's roles, indexed both ways; for other features' rules, without a check of their own. */
export interface RoleBook {
  byId(id: string): Role | undefined
  byName(name: string): Role | undefined
  /** @throws role_not_found, with the id to use when a name was sent */
  requireWorkspaceRoleById(id: string): Role & { readonly name: WorkspaceRole }
  /** @throws role_not_found */
  requireWorkspaceRoleByName(name: string): Role & { readonly name: WorkspaceRole }
  /** @throws role_not_found, with the id to use when a name was sent */
  requireSubRoleById(id: string): Role
  /** A role of any level that people hold. @throws role_not_found */
  requireRoleById(id: string): Role
}

export async function readRoles(ctx: ReadCtx): Promise<RoleBook> {
  const roles = await queries.selectRoles(ctx.db, ctx.tenantId)
  const byId = new Map(roles.map((role) => [role.id, role]))
  const byName = new Map(roles.map((role) => [role.name, role]))
  return {
    byId: (id) => byId.get(id),
    byName: (name) => byName.get(name),
    requireWorkspaceRoleById: (id) => asWorkspaceRole(byId.get(id)) ?? refuse(unknownId(id, roles, 'workspace')),
    requireWorkspaceRoleByName: (name) => asWorkspaceRole(byName.get(name)) ?? refuse(unknownName(name)),
    requireSubRoleById: (id) =>
      ofLevel(byId.get(id), ['admin-subrole']) ?? refuse(unknownId(id, roles, 'admin-subrole')),
    requireRoleById: (id) =>
      ofLevel(byId.get(id), ['workspace', 'admin-subrole']) ?? refuse(unknownId(id, roles, 'workspace')),
  }
}

function asWorkspaceRole(role: Role | undefined): (Role & { readonly name: WorkspaceRole }) | undefined {
  return role !== undefined && role.level === 'workspace' && isWorkspaceRole(role.name)
    ? { ...role, name: role.name }
    : undefined
}

function ofLevel(role: Role | undefined, levels: readonly RoleLevel[]): Role | undefined {
  return role !== undefined && levels.includes(role.level) ? role : undefined
}

/** Scripts send names where the API takes ids; the message gives them what to send instead. */
function unknownId(id: string, roles: readonly Role[], level: RoleLevel): string {
  const wanted = id.toLowerCase().replace(/^\$/, '')
  const named = roles.find((role) => role.level === level && role.name === `$${wanted}`)
  if (named !== undefined)
    return `"${id}" is the name of a role; send its id ${named.id} (GET /api/service/roles lists all).`
  return `No ${level === 'workspace' ? 'workspace role' : 'sub-role'} has this id; GET /api/service/roles lists them with their ids.`
}

function unknownName(name: string): string {
  const close = /^(admin|member|guest)$/i.exec(name)?.[1]
  const hint = close === undefined ? '' : ` Did you mean $${close.toLowerCase()}?`
  return `There is no workspace role of this name; use $admin, $member or $guest.${hint}`
}

function refuse(detail: string): never {
  throw new ApiError('role_not_found', { detail })
}

/** Keeps the live counts in step with users; `from` or `to` is null for a new or a deleted user. */
export async function moveMembers(ctx: TrxCtx, from: string | null, to: string | null, count = 1): Promise<void> {
  if (from === to) return
  // In one order everywhere, so that two role changes never wait for each other.
  const moves = [
    { roleId: from, by: -count },
    { roleId: to, by: count },
  ]
    .filter((move) => move.roleId !== null)
    .toSorted((a, b) => ((a.roleId ?? '') < (b.roleId ?? '') ? -1 : 1))
  for (const { roleId, by } of moves) await queries.updateMemberCount(ctx.db, ctx.tenantId, roleId ?? '', by)
}

/** Makes everybody else who decides about this role's members wait until the transaction ends. */
export async function lockRole(ctx: TrxCtx, roleId: string): Promise<void> {
  await queries.updateMemberCount(ctx.db, ctx.tenantId, roleId, 0)
}
