import type { TaggedGroup } from '../../groups/groups.schema.ts'
import { groupUrn } from '../schemas/group.ts'
import { emptyObject, type ScimObject } from '../scim-value.ts'
import { metaOf } from '../users/user-resource.ts'

/** A group with what SCIM knows beside the group's own row; members are read apart. */
export interface StoredGroup {
  readonly group: TaggedGroup
  readonly externalId: string
}

/** Somebody or some group in a group. */
export interface Member {
  readonly id: string
  readonly kind: 'User' | 'Group'
  readonly display: string
}

/** A group as a SCIM resource, without its members. contract/scim.md 4.3 */
export function toGroupResource({ group, externalId }: StoredGroup, base: string): ScimObject {
  const resource = emptyObject()
  resource['schemas'] = [groupUrn]
  resource['id'] = group.id
  if (externalId !== '') resource['externalId'] = externalId
  resource['displayName'] = group.alias === '' ? group.name : group.alias
  resource['meta'] = metaOf('Group', {
    created: group.createdAt,
    lastModified: group.modifiedAt,
    location: `${base}/Groups/${group.id}`,
    version: groupVersion(group),
  })
  return resource
}

/** Own fields and members; personas and purposes are no part of it. */
/** The clock changes members, too, where some are in it for a time. */
export function groupVersion({
  version,
  membersVersion,
  lastBoundAt,
}: Pick<TaggedGroup, 'version' | 'membersVersion' | 'lastBoundAt'>): string {
  return lastBoundAt === 0 ? `W/"${version}.${membersVersion}"` : `W/"${version}.${membersVersion}.${lastBoundAt}"`
}

export function memberEntry({ id, kind, display }: Member, base: string): ScimObject {
  const entry = emptyObject()
  entry['value'] = id
  entry['$ref'] = `${base}/${kind}s/${id}`
  entry['type'] = kind
  if (display !== '') entry['display'] = display
  return entry
}
