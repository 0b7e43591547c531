import { parseScimFilter } from '../../filter/parse-scim-filter.ts'
import type { Queryable } from '../../db/db.ts'
import type { ScimSession } from '../scim-session.ts'
import type { ScimObject } from '../scim-value.ts'
import { openCursor, sealCursor, type Binding, type Position, type WalkState } from './cursor.ts'
import { pageSizeOf, type ListRequest } from './list-request.ts'
import { countRows, selectPageRows, type ListedKind, type PageRow } from './select-page.ts'

export const listUrn = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'

/** What the caller knows of the kinds it lists. */
export interface Listing {
  readonly endpoint: string
  readonly kinds: readonly ListedKind[]
  /** Rows as resources, in the order given; those deleted meanwhile are left out. */
  readonly load: (rows: readonly PageRow[]) => Promise<ScimObject[]>
  /** How many there are without a filter. */
  readonly total: () => Promise<number>
}

export interface ListAnswer {
  readonly totalResults: number
  readonly itemsPerPage: number
  /** In index mode only. */
  readonly startIndex?: number
  readonly nextCursor?: string
  readonly previousCursor?: string
  readonly resources: readonly ScimObject[]
}

/**
 * One page, by index or by cursor.
 *
 * @throws FilterError · ScimError invalidValue, invalidPath, invalidCursor, expiredCursor, invalidCount
 * @source contract/scim.md 5.10 to 5.13
 */
export function listResources(session: ScimSession, request: ListRequest, listing: Listing): Promise<ListAnswer> {
  return request.cursor === undefined
    ? listByIndex(session, request, listing)
    : listByCursor(session, request, request.cursor, listing)
}

function filterOf({ filter }: ListRequest, { rules }: ScimSession) {
  if (filter === undefined) return undefined
  return parseScimFilter(filter, { looseLiterals: rules.looseFilterLiterals })
}

const startIndexMax = 2 ** 31 - 1

async function listByIndex(session: ScimSession, request: ListRequest, listing: Listing): Promise<ListAnswer> {
  const { db } = session.ctx
  const filter = filterOf(request, session)
  const limit = pageSizeOf(request, undefined)
  const startIndex = Math.min(request.startIndex, startIndexMax)
  const rows =
    limit === 0
      ? []
      : await selectPageRows(db, {
          kinds: listing.kinds,
          filter,
          isSorted: request.sortBy !== undefined,
          descending: request.descending,
          limit,
          offset: startIndex - 1,
          after: undefined,
          isBackward: false,
        })
  const total = await totalOf(db, listing, filter, { rows: rows.length, limit, startIndex })
  const resources = await listing.load(rows)
  return { totalResults: total, itemsPerPage: resources.length, startIndex, resources }
}

interface FirstPage {
  readonly rows: number
  readonly limit: number
  readonly startIndex: number
}

/** A first page that is not full has told how many there are. */
async function totalOf(
  db: Queryable,
  listing: Listing,
  filter: ReturnType<typeof filterOf>,
  { rows, limit, startIndex }: FirstPage,
): Promise<number> {
  if (startIndex === 1 && rows < limit) return rows
  return filter === undefined ? listing.total() : countRows(db, { kinds: listing.kinds, filter })
}

async function listByCursor(
  session: ScimSession,
  request: ListRequest,
  cursor: string,
  listing: Listing,
): Promise<ListAnswer> {
  const { ctx, cursorKey } = session
  const binding = bindingOf(session, request, listing)
  const now = ctx.now.getTime()
  const state = cursor === '' ? undefined : openCursor(cursorKey, binding, cursor, now)
  const filter = filterOf(request, session)
  const limit = pageSizeOf(request, state?.pageSize)
  const found =
    limit === 0
      ? []
      : await selectPageRows(ctx.db, {
          kinds: listing.kinds,
          filter,
          isSorted: request.sortBy !== undefined,
          descending: request.descending,
          limit: limit + 1,
          offset: 0,
          after: state?.position,
          isBackward: state?.isBackward ?? false,
        })
  const { rows, hasNext, hasPrevious } = cut(found, limit, state)
  const total =
    state?.total ??
    (await totalOf(ctx.db, listing, filter, { rows: found.length, limit: limit === 0 ? 0 : limit + 1, startIndex: 1 }))
  const seal = (row: Position, isBackward: boolean) =>
    sealCursor(cursorKey, binding, { position: positionOf(row), isBackward, pageSize: limit, total, issuedAt: now })
  const [first] = rows
  const last = rows.at(-1)
  const resources = await listing.load(rows)
  return {
    totalResults: total,
    itemsPerPage: resources.length,
    ...(hasNext && last !== undefined ? { nextCursor: seal(last, false) } : {}),
    ...(hasPrevious && first !== undefined ? { previousCursor: seal(first, true) } : {}),
    resources,
  }
}

interface Cut {
  readonly rows: readonly PageRow[]
  readonly hasNext: boolean
  readonly hasPrevious: boolean
}

/** One row more than asked for tells whether there is another page. */
function cut(found: readonly PageRow[], limit: number, state: WalkState | undefined): Cut {
  const isMore = found.length > limit
  if (state?.isBackward === true) return { rows: isMore ? found.slice(1) : found, hasNext: true, hasPrevious: isMore }
  return { rows: found.slice(0, limit), hasNext: isMore, hasPrevious: state !== undefined }
}

function positionOf({ kind, seq, missing, value }: Position): Position {
  return { kind, seq, missing, value }
}

function bindingOf(
  { ctx, token }: ScimSession,
  { filter, sortBy, descending }: ListRequest,
  { endpoint }: Listing,
): Binding {
  return {
    tenantId: ctx.tenantId,
    tokenId: token.id,
    question: JSON.stringify([endpoint, filter ?? '', sortBy?.toLowerCase() ?? '', descending]),
  }
}
