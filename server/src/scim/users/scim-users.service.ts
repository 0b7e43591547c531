import type { TrxCtx } from '../../access/ctx.ts'
import { inTransaction } from '../../access/in-transaction.ts'
import { authorize } from '../../access/authorize.ts'
import { toKey } from '../../db/normal-key.ts'
import { ApiError } from '../../errors/api-error.ts'
import { hashNewPassword, storePassword } from '../../passwords/passwords.service.ts'
import { readRoles } from '../../roles/roles.service.ts'
import { deleteHeldUser } from '../../users/user-deletion.service.ts'
import { changeProvisionedUser, touchUser, type ProvisionedUser } from '../../users/user-provisioning.service.ts'
import { holdUser } from '../../users/user-roles.service.ts'
import { readResource } from '../read-resource.ts'
import { invalidValue, noResource, notUnique } from '../scim-error.ts'
import { enterpriseUrn } from '../schemas/enterprise.ts'
import { readingOf, requireWriteAccess, type ScimSession } from '../scim-session.ts'
import { canonical, isSame, type ScimObject } from '../scim-value.ts'
import { requireVersionMatch, type Preconditions } from '../preconditions.ts'
import { fillLinks } from './user-links.service.ts'
import { mappedRole } from './role-map.ts'
import { emailToKeep, provisionOrLink, requireMayAdopt, requireStored } from './existing-accounts.service.ts'
import { findStored, hasExternalId, replaceValues, saveScimUser } from './scim-users.queries.ts'
import { toUserRecord, toValueRows, withoutShown, type UserRecord } from './user-record.ts'
import { noLinks, toUserResource, userVersion, type StoredUser } from './user-resource.ts'
import { requireUserRules } from './user-rules.ts'

/** @throws ScimError 404 */
export async function getScimUser(session: ScimSession, id: string): Promise<ScimObject> {
  const { ctx } = session
  authorize(ctx, 'users:read')
  const stored = await findStored(ctx.db, ctx.tenantId, id)
  if (stored === undefined || !isVisible(session, stored)) throw noResource()
  const [resource] = await fillLinks(ctx, [stored], session)
  if (resource === undefined) throw noResource()
  return resource
}

function isVisible({ rules }: ScimSession, { user }: StoredUser): boolean {
  return rules.visible === 'all' || user.source === 'scim'
}

/**
 * Creates a user from a SCIM resource; there is no invitation.
 *
 * @throws ScimError 400 invalidSyntax, invalidValue · 403 · 409 uniqueness
 * @source contract/scim.md 4.1, 4.2, 79–84
 */
export async function createScimUser(session: ScimSession, body: unknown): Promise<ScimObject> {
  requireWriteAccess(session)
  const resource = readResource(body, session.types.user, readingOf(session))
  requireUserRules(resource, session)
  const record = toUserRecord(resource)
  const passwordHash = await hashSent(session, resource['password'], record)
  const saved = await inTransaction(session.ctx, async (ctx) => {
    await requireFreeExternalId(ctx, session, record.externalId, '')
    const role = mappedRole(resource, session) ?? session.roles.fallback
    const wanted = { ...toProvisioned(record, role), enabled: record.active ?? true }
    const id = await provisionOrLink(ctx, session, { wanted, record })
    await save(ctx, id, { ...record, active: record.active ?? true }, session)
    if (passwordHash !== undefined) await storePassword(ctx, id, passwordHash)
    const saved = await requireStored(ctx, id)
    session.trace.add({
      subjectKind: 'user',
      subjectId: saved.user.id,
      externalId: saved.externalId,
      outcome: 'changed',
      operation: 'create',
      after: record.username,
    })
    return saved
  })
  const [created] = await fillLinks(session.ctx, [saved], session)
  if (created === undefined) throw new Error('a user was saved and makes no resource')
  return created
}

function toProvisioned(record: UserRecord, role: ProvisionedUser['role']): ProvisionedUser {
  return {
    username: record.username,
    email: record.email,
    firstName: record.firstName,
    lastName: record.lastName,
    title: record.title,
    enabled: record.active ?? false,
    role,
  }
}

/**
 * Replaces a user: what is left out is cleared, but for `active` and `externalId`, which silence never changes.
 *
 * @throws ScimError 400 · 404 · 409 · 412
 * @source contract/scim.md 145–151
 */
export async function replaceScimUser(
  session: ScimSession,
  id: string,
  body: unknown,
  preconditions: Preconditions,
): Promise<ScimObject> {
  requireWriteAccess(session)
  const next = readResource(body, session.types.user, readingOf(session))
  requireUserRules(next, session)
  const passwordHash = await hashSent(session, next['password'], toUserRecord(next))
  return changeUser(session, id, { preconditions, operation: 'replace', passwordHash }, (current) => {
    if (next['active'] === undefined && current['active'] !== undefined) next['active'] = current['active']
    if (next['externalId'] === undefined && current['externalId'] !== undefined)
      next['externalId'] = current['externalId']
    return next
  })
}

interface Change {
  readonly preconditions: Preconditions
  readonly operation: string
  /** Made before the transaction: it takes milliseconds of work. */
  readonly passwordHash: string | undefined
}

/** Reads, changes and writes one user under a lock, so that no change made at the same time is lost (item 169). */
export async function changeUser(
  session: ScimSession,
  id: string,
  { preconditions, operation, passwordHash }: Change,
  change: (current: ScimObject) => ScimObject,
): Promise<ScimObject> {
  await inTransaction(session.ctx, async (ctx) => {
    await holdUserOr404(ctx, id)
    const stored = await requireStored(ctx, id)
    if (!isVisible(session, stored)) throw noResource()
    requireVersionMatch(preconditions, userVersion(stored.user))
    const before = toUserResource(stored, noLinks, session.base)
    const next = change(toUserResource(stored, noLinks, session.base))
    await writeUser(ctx, session, { stored, before, next, operation, setsPassword: passwordHash !== undefined })
    if (passwordHash !== undefined) await storePassword(ctx, id, passwordHash)
  })
  return getScimUser(session, id)
}

/** A password, where the tenant lets SCIM set them (item 69). @throws ScimError invalidValue */
export async function hashSent(
  { ctx, rules }: ScimSession,
  password: unknown,
  { username, email }: Pick<UserRecord, 'username' | 'email'>,
): Promise<string | undefined> {
  if (!rules.passwords || typeof password !== 'string') return undefined
  try {
    return await hashNewPassword(ctx, password, [username, email])
  } catch (error) {
    if (error instanceof ApiError && error.code === 'weak_password') throw invalidValue(error.message)
    throw error
  }
}

async function holdUserOr404(ctx: TrxCtx, id: string): Promise<void> {
  try {
    await holdUser(ctx, id)
  } catch (error) {
    if (error instanceof ApiError && error.code === 'user_not_found') throw noResource()
    throw error
  }
}

interface Write {
  readonly stored: StoredUser
  readonly before: ScimObject
  readonly next: ScimObject
  readonly operation: string
  readonly setsPassword: boolean
}

async function writeUser(
  ctx: TrxCtx,
  session: ScimSession,
  { stored, before, next, operation, setsPassword }: Write,
): Promise<void> {
  const record = toUserRecord(next)
  const known = toUserRecord(before)
  // A password is a change like any other: it may belong to somebody whom SCIM does not manage (4.2).
  const changed = [...changedAttributes(before, next), ...(setsPassword ? ['password'] : [])]
  if (changed.length === 0) {
    session.trace.add({
      subjectKind: 'user',
      subjectId: stored.user.id,
      externalId: stored.externalId,
      outcome: 'skipped',
      operation,
      note: 'everything was so already',
    })
    return
  }
  await requireMayAdopt(ctx, session, stored, changed)
  if (record.externalId !== known.externalId)
    await requireFreeExternalId(ctx, session, record.externalId, stored.user.id)
  const roles = await readRoles(ctx)
  const current = roles.requireWorkspaceRoleById(stored.user.workspaceRoleId).name
  const role = isSame(before['roles'], next['roles']) ? current : (mappedRole(next, session) ?? session.roles.fallback)
  const wanted = toProvisioned(record, role)
  const keptEmail = await emailToKeep(ctx, session, stored, record)
  const wroteUser = await changeProvisionedUser(ctx, stored.user, { ...wanted, email: keptEmail })
  if (canonical(documentOf(record)) !== canonical(documentOf(known)) || wroteUser)
    await save(ctx, stored.user.id, record, session)
  if (!wroteUser) await touchUser(ctx, stored.user.id)
  for (const attribute of changed)
    session.trace.add({
      subjectKind: 'user',
      subjectId: stored.user.id,
      externalId: record.externalId,
      outcome: 'changed',
      operation,
      attribute,
      ...(attribute === 'password' ? {} : { before: shown(before[attribute]), after: shown(next[attribute]) }),
    })
}

function documentOf({ externalId, displayName, active, document }: UserRecord): ScimObject {
  return { externalId, displayName, isUnset: active === undefined, document }
}

const derived = new Set(['schemas', 'id', 'meta', 'groups', 'password'])

/** Names of the attributes that differ; what the service makes itself is none of the client's. */
function changedAttributes(before: ScimObject, next: ScimObject): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(next)])
  return [...names].filter((name) => !derived.has(name) && !isSame(sentPart(before, name), sentPart(next, name)))
}

/** Clients send back what they have read, and that is no change (item 54). */
function sentPart(resource: ScimObject, name: string): ScimObject[string] | undefined {
  const value = resource[name]
  return name === enterpriseUrn && value !== undefined ? withoutShown(value) : value
}

function shown(value: ScimObject[string] | undefined): string {
  return value === undefined ? '' : JSON.stringify(value).slice(0, 500)
}

/** @throws ScimError 404 · 409 · 412 */
export async function deleteScimUser(session: ScimSession, id: string, preconditions: Preconditions): Promise<void> {
  requireWriteAccess(session)
  await inTransaction(session.ctx, async (ctx) => {
    await holdUserOr404(ctx, id)
    const stored = await requireStored(ctx, id)
    if (!isVisible(session, stored)) throw noResource()
    requireVersionMatch(preconditions, userVersion(stored.user))
    if (stored.user.source !== 'scim' && session.rules.adoptExisting === 'ask')
      await requireMayAdopt(ctx, session, stored, [])
    await deleteHeldUser(ctx, stored.user, null)
    session.trace.add({
      subjectKind: 'user',
      subjectId: id,
      externalId: stored.externalId,
      outcome: 'changed',
      operation: 'delete',
      before: stored.user.username,
    })
  })
}

async function save(ctx: TrxCtx, userId: string, record: UserRecord, { types }: ScimSession): Promise<void> {
  await saveScimUser(ctx.db, ctx.tenantId, userId, {
    external_id: record.externalId,
    display_name: record.displayName,
    display_key: toKey(record.displayName),
    has_emails: record.hasEmails ? 1 : 0,
    is_active_unset: record.active === undefined ? 1 : 0,
    document: JSON.stringify(record.document),
  })
  await replaceValues(ctx.db, ctx.tenantId, userId, toValueRows(record.document, types.user))
}

async function requireFreeExternalId(
  ctx: TrxCtx,
  { rules }: ScimSession,
  externalId: string,
  userId: string,
): Promise<void> {
  if (!rules.uniqueExternalId || externalId === '') return
  if (await hasExternalId(ctx.db, ctx.tenantId, externalId, userId))
    throw notUnique('Another user has this externalId.')
}
