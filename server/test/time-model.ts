/** What users hold within bounds of time, in memory: as plain as it can be said. Times are epoch ms. */
import type { SubRole, WorkspaceRole } from '../src/access/permissions.ts'

export interface Bounds {
  readonly validFrom: number | null
  readonly expiresAt: number | null
}

export interface ModelUser {
  role: WorkspaceRole
  /** By number of the group. */
  readonly groups: Map<number, Bounds>
  readonly grants: Map<WorkspaceRole, Bounds>
  readonly subRoles: Map<SubRole, Bounds>
  /** By level. */
  readonly decentralized: Map<string, { readonly privilege: string; readonly bounds: Bounds }>
}

export function newModelUser(): ModelUser {
  return { role: '$member', groups: new Map(), grants: new Map(), subRoles: new Map(), decentralized: new Map() }
}

function holds({ validFrom, expiresAt }: Bounds, now: number): boolean {
  return (validFrom === null || validFrom <= now) && (expiresAt === null || now < expiresAt)
}

function isOver({ expiresAt }: Bounds, now: number): boolean {
  return expiresAt !== null && expiresAt <= now
}

function presentRole(user: ModelUser, now: number): WorkspaceRole {
  return [...user.grants].find(([, bounds]) => holds(bounds, now))?.[0] ?? user.role
}

/** What a record shows of it. */
export function picture(user: ModelUser, now: number) {
  const workspaceRole = presentRole(user, now)
  const subRoles = [...user.subRoles].filter(([, bounds]) => workspaceRole === '$member' && holds(bounds, now))
  return {
    workspaceRole,
    roles: ['default-roles-default', workspaceRole, ...subRoles.map(([name]) => name).toSorted()],
    groups: groupsOf(user, now),
    decentralized: [...user.decentralized]
      .filter(([, { bounds }]) => holds(bounds, now))
      .map(([level, { privilege }]) => `${level} ${privilege}`)
      .toSorted(),
  }
}

function groupsOf(user: ModelUser, now: number): number[] {
  return [...user.groups]
    .filter(([, bounds]) => holds(bounds, now))
    .map(([group]) => group)
    .toSorted((a, b) => a - b)
}

export const open: Bounds = { validFrom: null, expiresAt: null }

/** Makes the groups of this instant exactly these. */
export function replaceGroups(user: ModelUser, wanted: readonly number[], now: number): void {
  for (const group of groupsOf(user, now)) if (!wanted.includes(group)) user.groups.delete(group)
  for (const group of wanted) if (!groupsOf(user, now).includes(group)) user.groups.set(group, open)
}

export function changeRole(user: ModelUser, role: WorkspaceRole, now: number): void {
  if (user.role === role && presentRole(user, now) === role && ![...user.grants.values()].some((b) => holds(b, now)))
    return
  for (const [granted, bounds] of user.grants) if (!isOver(bounds, now)) user.grants.delete(granted)
  if (user.role !== role) user.subRoles.clear()
  user.role = role
}

/** Answers whether it may be given. */
export function grant(user: ModelUser, role: WorkspaceRole, bounds: Bounds, now: number): boolean {
  const others = [...user.grants].filter(([granted, other]) => granted !== role && !isOver(other, now))
  const isSame = JSON.stringify(user.grants.get(role)) === JSON.stringify(bounds)
  if (!isSame && (user.role === role || others.some(([, other]) => overlap(other, bounds)))) return false
  user.grants.set(role, bounds)
  return true
}

function overlap(a: Bounds, b: Bounds): boolean {
  return (a.validFrom ?? 0) < (b.expiresAt ?? Infinity) && (b.validFrom ?? 0) < (a.expiresAt ?? Infinity)
}
