import type { Selectable } from 'kysely'
import type { Group, MembershipSource } from './groups.schema.ts'
import type { GroupsTable } from './groups.table.ts'

/** The columns of a group's own row, for every statement that reads one. */
export const groupColumns = [
  'groups.id',
  'groups.name',
  'groups.alias',
  'groups.attributes',
  'groups.is_default',
  'groups.source',
  'groups.member_count',
  'groups.timed_members',
  'groups.created_at',
  'groups.created_by',
  'groups.updated_at',
  'groups.updated_by',
  'groups.version',
  'groups.links_version',
  'groups.modified_at',
  'groups.members_version',
] as const

export type GroupRow = Omit<Selectable<GroupsTable>, 'seq' | 'tenant_id' | 'name_key' | 'alias_key'>

/** @param timedNow how many of the time-bound members are in it at the instant of the request */
export function toGroup(row: GroupRow, timedNow: number): Group {
  return {
    id: row.id,
    name: row.name,
    alias: row.alias,
    attributes: JSON.parse(row.attributes),
    isDefault: row.is_default === 1,
    source: toMembershipSource(row.source),
    memberCount: row.member_count + timedNow,
    timedMembers: row.timed_members,
    createdAt: row.created_at,
    createdBy: row.created_by,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
    version: row.version,
    linksVersion: row.links_version,
    modifiedAt: row.modified_at,
    membersVersion: row.members_version,
  }
}

function toMembershipSource(source: string): MembershipSource {
  return source === 'jit' || source === 'scim' ? source : 'local'
}
