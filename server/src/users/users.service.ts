import { authorize, may } from '../access/authorize.ts'
import type { Ctx, ReadCtx } from '../access/ctx.ts'
import { tagOf } from '../access/version-check.ts'
import { toKey } from '../db/normal-key.ts'
import { notFound } from '../errors/api-error.ts'
import type { Page, WalkedPage } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import type { ListShape } from '../lists/list-shape.ts'
import { getCursorKey } from '../tenants/tenant-keys.service.ts'
import { directoryUserList, userList } from './users.fields.ts'
import * as versions from './document-versions.queries.ts'
import { findUserView, selectUserViews } from './user-views.queries.ts'
import { selectUserPage, selectUserWalk, type UserScope, type VersionRow } from './users-page.queries.ts'
import * as queries from './users.queries.ts'
import type { DocumentVersion, User, UserView } from './users.schema.ts'

/**
 * One page of users, as the versions of their documents; `getUserViews` loads those a reader has not kept.
 * Members of the workspace see directory fields only, and can ask for no others.
 *
 * @throws insufficient_role · invalid_filter
 * @source contract/rest-api.md, U1 and G5
 */
export async function listUsers(ctx: Ctx, query: ListQuery, scope: UserScope = 'all'): Promise<Page<DocumentVersion>> {
  authorize(ctx, 'users:read')
  // Read first: documents built after it are at least as new.
  const catalogueVersion = await versions.getCatalogueVersion(ctx.db, ctx.tenantId)
  const asked = { shape: userListShape(ctx), query, scope, now: ctx.now }
  const { rows, total, filtered } = await selectUserPage(ctx.db, ctx.tenantId, asked)
  return { items: await toVersions(ctx, rows, catalogueVersion), total, filtered }
}

/**
 * The same, page by page behind a cursor: whoever is there throughout is met exactly once, whoever comes and goes meanwhile.
 *
 * @throws insufficient_role · invalid_filter · invalid_cursor
 */
export async function walkUsers(ctx: Ctx, query: ListQuery): Promise<WalkedPage<DocumentVersion>> {
  authorize(ctx, 'users:read')
  const seal = { key: await getCursorKey(ctx), tenantId: ctx.tenantId, list: 'users' }
  const catalogueVersion = await versions.getCatalogueVersion(ctx.db, ctx.tenantId)
  const asked = { shape: userListShape(ctx), query, seal, now: ctx.now }
  const { rows, ...page } = await selectUserWalk(ctx.db, ctx.tenantId, asked)
  return { ...page, items: await toVersions(ctx, rows, catalogueVersion) }
}

async function toVersions(ctx: Ctx, rows: readonly VersionRow[], catalogueVersion: number): Promise<DocumentVersion[]> {
  const timed = rows.filter((row) => row.has_time_bounds === 1).map((row) => row.id)
  const lastBounds = await versions.selectLastBounds(ctx.db, ctx.tenantId, timed, ctx.now)
  return rows.map((row) => ({
    id: row.id,
    version: row.version,
    linksVersion: row.links_version,
    hasActed: row.has_acted === 1,
    catalogueVersion,
    lastBoundAt: lastBounds.get(row.id) ?? 0,
  }))
}

/** What the actor's list of users can be asked: members see directory fields only. */
export function userListShape(ctx: Pick<Ctx, 'actor'>): ListShape {
  return may(ctx, 'users:read-all-fields') ? userList : directoryUserList
}

/**
 * Which version of a user there is; guests see nobody but themselves.
 *
 * @throws user_not_found
 * @source contract/rest-api.md, U3
 */
export async function getUserVersion(ctx: Ctx, userId: string): Promise<DocumentVersion> {
  requireReadable(ctx, userId)
  return requireVersionOf(ctx, userId)
}

/**
 * The same with the user, for a reader that has kept nothing of them: one statement instead of two.
 *
 * @throws user_not_found
 */
export async function getReadableUserView(ctx: Ctx, userId: string): Promise<UserView & DocumentVersion> {
  requireReadable(ctx, userId)
  const view = await findUserView(ctx.db, ctx.tenantId, userId, ctx.now)
  if (view === undefined) throw notFound('user_not_found')
  return view
}

function requireReadable(ctx: Ctx, userId: string): void {
  authorize(ctx, 'self:read')
  if (!may(ctx, 'users:read') && ctx.actor.userId !== userId) throw notFound('user_not_found')
}

/** Users with everything their documents show, links on demand; ids that are gone are left out. The caller has authorized reading them. */
export function getUserViews(ctx: ReadCtx, ids: readonly string[], withLinks = true): Promise<UserView[]> {
  return selectUserViews(ctx.db, ctx.tenantId, { ids, now: ctx.now }, withLinks)
}

/** One user with everything the record shows. @throws user_not_found */
export async function getUserView(ctx: ReadCtx, userId: string): Promise<UserView> {
  const [view] = await selectUserViews(ctx.db, ctx.tenantId, { ids: [userId], now: ctx.now })
  if (view === undefined) throw notFound('user_not_found')
  return view
}

/** @throws user_not_found */
export async function getUser(ctx: ReadCtx, userId: string): Promise<User> {
  const user = await queries.findUser(ctx.db, ctx.tenantId, userId)
  if (user === undefined) throw notFound('user_not_found')
  return user
}

/** The strong entity tag of a user: it changes with everything the record shows but events. */
export function userTag({ version, linksVersion, catalogueVersion, lastBoundAt }: DocumentVersion): string {
  const parts = [version, linksVersion, catalogueVersion]
  return lastBoundAt === 0 ? tagOf(...parts) : tagOf(...parts, lastBoundAt)
}

/** The tag of a user as they are now. @throws user_not_found */
export async function currentUserTag(ctx: ReadCtx, userId: string): Promise<string> {
  return userTag(await requireVersionOf(ctx, userId))
}

async function requireVersionOf(ctx: ReadCtx, userId: string): Promise<DocumentVersion> {
  const version = await versions.findDocumentVersion(ctx.db, ctx.tenantId, userId, ctx.now)
  if (version === undefined) throw notFound('user_not_found')
  return version
}

/** Those of these addresses, given as keys, that are users; for other features' rules. */
export function findUsersByEmail(ctx: ReadCtx, emailKeys: readonly string[]): Promise<User[]> {
  return queries.selectUsersByEmail(ctx.db, ctx.tenantId, emailKeys)
}

/** By username or address, for the host operator. */
export async function findUserByName(ctx: ReadCtx, name: string): Promise<User | undefined> {
  const id = await queries.findIdByName(ctx.db, ctx.tenantId, toKey(name))
  return id === undefined ? undefined : queries.findUser(ctx.db, ctx.tenantId, id)
}
