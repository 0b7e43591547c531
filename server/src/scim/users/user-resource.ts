import type { User } from '../../users/users.schema.ts'
import { enterpriseUrn } from '../schemas/enterprise.ts'
import { userUrn } from '../schemas/user.ts'
import { childOf, elementsOf, emptyObject, textOf, type ScimObject, type ScimValue } from '../scim-value.ts'

/** A user with what SCIM knows beside the user's own row. */
export interface StoredUser {
  readonly user: User
  readonly externalId: string
  readonly displayName: string
  /** Whether the document lists the addresses; otherwise the user's own is the only one. */
  readonly hasEmails: boolean
  readonly isActiveUnset: boolean
  readonly document: ScimObject
}

/** What is filled in from other records. */
export interface UserLinks {
  readonly groups: readonly { readonly id: string; readonly display: string; readonly type: 'direct' | 'indirect' }[]
  /** Name of the manager, when the manager is a user here. */
  readonly managerName: string | undefined
}

export const noLinks: UserLinks = { groups: [], managerName: undefined }

/**
 * A user as a SCIM resource, whole; what a client asked for is chosen afterwards.
 *
 * @source contract/scim.md 4.1
 */
export function toUserResource(stored: StoredUser, links: UserLinks, base: string): ScimObject {
  const { user, document } = stored
  const resource = emptyObject()
  const location = `${base}/Users/${user.id}`
  const enterprise = enterpriseOf(stored, links, base)
  put(resource, 'schemas', enterprise === undefined ? [userUrn] : [userUrn, enterpriseUrn])
  put(resource, 'id', user.id)
  put(resource, 'externalId', stored.externalId)
  put(resource, 'userName', user.username)
  put(resource, 'name', nameOf(stored))
  put(resource, 'displayName', stored.displayName)
  put(resource, 'title', user.attributes['designation']?.[0] ?? '')
  if (!stored.isActiveUnset) resource['active'] = user.enabled
  put(resource, 'emails', emailsOf(stored))
  for (const [name, value] of Object.entries(document))
    if (name !== 'name' && name !== 'emails' && name !== enterpriseUrn) put(resource, name, value)
  put(
    resource,
    'groups',
    links.groups.map((group) => groupEntry(group, base)),
  )
  if (enterprise !== undefined) resource[enterpriseUrn] = enterprise
  resource['meta'] = metaOf('User', {
    created: user.createdAt,
    lastModified: user.modifiedAt,
    location,
    version: userVersion(user),
  })
  return resource
}

/** The entity tag of a user. contract/scim.md 51, 174 */
export function userVersion({ version }: Pick<User, 'version'>): string {
  return `W/"${version}"`
}

interface Meta {
  readonly created: number
  readonly lastModified: number
  readonly location: string
  readonly version: string
}

export function metaOf(resourceType: string, { created, lastModified, location, version }: Meta): ScimObject {
  return Object.assign(emptyObject(), {
    resourceType,
    created: new Date(created).toISOString(),
    lastModified: new Date(lastModified).toISOString(),
    location,
    version,
  })
}

/** Unassigned attributes are left out (item 20). */
function put(resource: ScimObject, name: string, value: ScimValue | undefined): void {
  if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return
  resource[name] = value
}

function nameOf({ user, document }: StoredUser): ScimObject | undefined {
  const name = Object.assign(emptyObject(), childOf(document, 'name'))
  put(name, 'familyName', user.lastName)
  put(name, 'givenName', user.firstName)
  return Object.keys(name).length === 0 ? undefined : name
}

/** A person whom SCIM gave no addresses has the one of the directory, for work. */
function emailsOf({ user, hasEmails, document }: StoredUser): readonly ScimObject[] {
  if (hasEmails) return elementsOf(document['emails'])
  return user.email === '' ? [] : [Object.assign(emptyObject(), { value: user.email, type: 'work', primary: true })]
}

function groupEntry({ id, display, type }: UserLinks['groups'][number], base: string): ScimObject {
  return Object.assign(emptyObject(), { value: id, $ref: `${base}/Groups/${id}`, display, type })
}

function enterpriseOf({ document }: StoredUser, { managerName }: UserLinks, base: string): ScimObject | undefined {
  const stored = childOf(document, enterpriseUrn)
  if (stored === undefined) return undefined
  const manager = childOf(stored, 'manager')
  const id = textOf(manager, 'value')
  if (manager === undefined || managerName === undefined) return stored
  const shown = { ...manager, value: id, $ref: `${base}/Users/${id}`, displayName: managerName }
  return Object.assign(emptyObject(), stored, { manager: Object.assign(emptyObject(), shown) })
}

/** What people read where a user stands in a group or is somebody's manager. contract/scim.md 4.1, displayName */
export function labelOf({
  user,
  displayName,
  document,
}: Pick<StoredUser, 'user' | 'displayName' | 'document'>): string {
  const formatted = textOf(childOf(document, 'name'), 'formatted')
  const full = `${user.firstName} ${user.lastName}`.trim()
  return [displayName, formatted, full].find((candidate) => candidate !== '') ?? user.username
}
