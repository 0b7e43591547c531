import type { ListRequest } from './list/list-request.ts'
import { groupKind, totalOf, userKind, withAbsent } from './list/kinds.service.ts'
import { listResources, listUrn, type Listing } from './list/list.ts'
import type { PageRow } from './list/select-page.ts'
import { loadGroups, loadUsers } from './present.service.ts'
import { readProjection, type Projection } from './projection.ts'
import { invalidPath } from './scim-error.ts'
import type { ScimAnswer } from './scim-answer.ts'
import type { ScimSession } from './scim-session.ts'
import { isObject, textOf, type ScimObject } from './scim-value.ts'

export type ListScope = 'users' | 'groups' | 'all'

/** A ListResponse. contract/scim.md 86–88, 119, 142 */
export async function serveList(session: ScimSession, request: ListRequest, scope: ListScope): Promise<ScimAnswer> {
  const { types } = session
  const ofScope = scope === 'users' ? [types.user] : scope === 'groups' ? [types.group] : [types.user, types.group]
  const projection = readProjection(request, ofScope)
  const page = await listResources(session, request, listingOf(session, request, scope, projection))
  noteMatch(session, request, page.resources)
  return {
    status: 200,
    body: {
      schemas: [listUrn],
      totalResults: page.totalResults,
      itemsPerPage: page.itemsPerPage,
      ...(page.startIndex === undefined ? {} : { startIndex: page.startIndex }),
      ...(page.nextCursor === undefined ? {} : { nextCursor: page.nextCursor }),
      ...(page.previousCursor === undefined ? {} : { previousCursor: page.previousCursor }),
      Resources: page.resources,
    },
  }
}

function listingOf(session: ScimSession, request: ListRequest, scope: ListScope, projection: Projection): Listing {
  const users = scope === 'groups' ? [] : [userKind(session, request)]
  const groups = scope === 'users' ? [] : [groupKind(session, request)]
  const kinds = [...users, ...groups]
  if (request.sortBy !== undefined && kinds.every(({ sortKey }) => sortKey === undefined))
    throw invalidPath('sortBy names no attribute.')
  return {
    endpoint: scope,
    kinds:
      scope === 'all'
        ? kinds.map((kind) => ({
            ...kind,
            fields: withAbsent(
              kind.fields,
              kinds.map(({ fields }) => fields),
            ),
          }))
        : kinds,
    load: (rows) => load(session, rows, projection),
    total: async () => {
      const counts = await Promise.all(kinds.map(({ table }) => totalOf(session, table)))
      return counts.reduce((sum, count) => sum + count, 0)
    },
  }
}

async function load(session: ScimSession, rows: readonly PageRow[], projection: Projection): Promise<ScimObject[]> {
  const users = await loadUsers(
    session,
    rows.filter(({ kind }) => kind === 0),
    projection,
  )
  const groups = await loadGroups(
    session,
    rows.filter(({ kind }) => kind === 1),
    projection,
  )
  if (groups.length === 0) return users
  if (users.length === 0) return groups
  // Both keep their order; one page rarely holds both.
  const byKind = [users, groups]
  const next = [0, 0]
  return rows.flatMap(({ kind }) => {
    const at = next[kind] ?? 0
    next[kind] = at + 1
    const resource = byKind[kind]?.[at]
    return resource === undefined ? [] : [resource]
  })
}

/** How IdPs recognise people: one result for a question with a filter. */
function noteMatch({ trace }: ScimSession, { filter }: ListRequest, resources: readonly ScimObject[]): void {
  const [only, ...others] = resources
  if (filter === undefined || only === undefined || others.length > 0) return
  const { meta } = only
  const isGroup = isObject(meta) && meta['resourceType'] === 'Group'
  trace.add({
    subjectKind: isGroup ? 'group' : 'user',
    subjectId: textOf(only, 'id'),
    outcome: 'matched',
    operation: 'find',
    note: `matched by ${filter.replaceAll(/"[^"]*"/g, '"…"').slice(0, 200)}`,
  })
}
