import { randomBytes } from 'node:crypto'
import { v7 as uuid } from 'uuid'
import { authorize } from '../access/authorize.ts'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { requireVersion, tagOf } from '../access/version-check.ts'
import { addToCounter } from '../db/counters.ts'
import { toKey } from '../db/normal-key.ts'
import { violatesUnique } from '../db/dialects/violations.ts'
import { ApiError, notFound } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import type { Page } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { catalogueChanged } from '../tenants/tenants.service.ts'
import { requireCleanName, type TextLimits } from '../text/clean-text.ts'
import * as queries from './purposes.queries.ts'
import type { NewPurpose, Purpose, PurposeChange, PurposeView } from './purposes.schema.ts'
import { listSubjects, replaceSubjects, type SubjectIds } from '../personas/subject-sets.service.ts'

/** @throws insufficient_role · invalid_filter */
export async function listPurposes(ctx: Ctx, query: ListQuery): Promise<Page<PurposeView>> {
  authorize(ctx, 'purposes:read')
  const page = await queries.selectPurposePage(ctx.db, ctx.tenantId, query)
  const subjectsOf = await listSubjects(
    ctx,
    'purpose',
    page.items.map(({ id }) => id),
  )
  return { ...page, items: page.items.map((purpose) => ({ ...purpose, ...subjectsOf(purpose.id) })) }
}

/** @throws insufficient_role · purpose_not_found */
export async function getPurpose(ctx: Ctx, id: string): Promise<PurposeView> {
  authorize(ctx, 'purposes:read')
  const purpose = await queries.findPurpose(ctx.db, ctx.tenantId, id)
  if (purpose === undefined) throw notFound('purpose_not_found')
  return { ...purpose, ...(await listSubjects(ctx, 'purpose', [id]))(id) }
}

/** @throws insufficient_role · invalid_body · purpose_exists */
export async function createPurpose(ctx: Ctx, input: NewPurpose): Promise<PurposeView> {
  authorize(ctx, 'purposes:write')
  const name = requireName(input.name, ctx.limits)
  const purpose: Purpose = {
    id: uuid(),
    name,
    qualifiedName: `default/${randomBytes(8).toString('hex')}`,
    displayName: requireCleanName(input.displayName ?? name, 'displayName', ctx.limits),
    description: requireCleanName(input.description, 'description', ctx.limits),
    isActive: input.isActive,
    tags: requireTags(input.tags, ctx.limits),
    revision: requireCleanName(input.revision, 'version', ctx.limits),
    createdAt: ctx.now.getTime(),
    createdBy: ctx.actor.name,
    updatedAt: ctx.now.getTime(),
    updatedBy: ctx.actor.name,
    version: 1,
    linksVersion: 1,
  }
  await inTransaction(ctx, async (ctx) => {
    await refuseDuplicate(() => queries.insertPurpose(ctx.db, toRow(ctx, purpose)), name)
    await addToCounter(ctx.db, ctx.tenantId, 'purposes', 1)
    await recordEvent(ctx, { type: 'purpose.created', subjectId: purpose.id, data: { name }, personal: {} })
  })
  return { ...purpose, userIds: [], groupIds: [] }
}

/** @throws insufficient_role · purpose_not_found · invalid_body · purpose_exists · version_mismatch */
export async function updatePurpose(
  ctx: Ctx,
  id: string,
  change: PurposeChange,
  ifMatch?: string,
): Promise<PurposeView> {
  authorize(ctx, 'purposes:write')
  return inTransaction(ctx, async (ctx) => {
    const purpose = await requirePurpose(ctx, id)
    requireVersion(ifMatch, purposeTag(purpose))
    const next: Purpose = {
      ...purpose,
      name: change.name === undefined ? purpose.name : requireName(change.name, ctx.limits),
      displayName: requireCleanName(change.displayName ?? purpose.displayName, 'displayName', ctx.limits),
      description: requireCleanName(change.description ?? purpose.description, 'description', ctx.limits),
      isActive: change.isActive ?? purpose.isActive,
      tags: requireTags(change.tags ?? purpose.tags, ctx.limits),
      revision: requireCleanName(change.revision ?? purpose.revision, 'version', ctx.limits),
    }
    const fields = (['name', 'displayName', 'description', 'isActive', 'tags', 'revision'] as const).filter(
      (field) => JSON.stringify(next[field]) !== JSON.stringify(purpose[field]),
    )
    const subjects = (await listSubjects(ctx, 'purpose', [id]))(id)
    if (fields.length === 0) return { ...purpose, ...subjects }
    const stamped = { ...next, updatedAt: ctx.now.getTime(), updatedBy: ctx.actor.name, version: purpose.version + 1 }
    const { version: _risesBySql, ...row } = toRow(ctx, stamped)
    await refuseDuplicate(() => queries.updatePurpose(ctx.db, ctx.tenantId, id, row), next.name)
    // Names show on every user who holds it.
    if (fields.includes('name') || fields.includes('displayName')) await catalogueChanged(ctx)
    await recordEvent(ctx, { type: 'purpose.updated', subjectId: id, data: { fields }, personal: {} })
    return { ...stamped, ...subjects }
  })
}

/**
 * Makes users and groups of a purpose exactly these.
 *
 * @throws insufficient_role · purpose_not_found · user_not_found · group_not_found · version_mismatch
 * @source contract/rest-api.md, 5.8, by analogy with personas
 */
export async function replacePurposeSubjects(
  ctx: Ctx,
  id: string,
  subjects: SubjectIds,
  ifMatch?: string,
): Promise<void> {
  authorize(ctx, 'purposes:write')
  await inTransaction(ctx, async (ctx) => {
    await replaceSubjects(ctx, 'purpose', id, subjects, async () =>
      requireVersion(ifMatch, purposeTag(await requirePurpose(ctx, id))),
    )
  })
}

export function purposeTag(purpose: Purpose): string {
  return tagOf(purpose.version, purpose.linksVersion)
}

async function requirePurpose(ctx: TrxCtx, id: string): Promise<Purpose> {
  await queries.lockPurpose(ctx.db, ctx.tenantId, id)
  const purpose = await queries.findPurpose(ctx.db, ctx.tenantId, id)
  if (purpose === undefined) throw notFound('purpose_not_found')
  return purpose
}

function requireName(text: string, limits: TextLimits): string {
  const name = requireCleanName(text.trim(), 'name', limits)
  if (name === '') throw new ApiError('invalid_body', { detail: 'name is empty; give the purpose a name.' })
  return name
}

function requireTags(tags: readonly string[], limits: TextLimits): readonly string[] {
  return [...new Set(tags.map((tag) => requireCleanName(tag, 'tags', limits)))]
}

async function refuseDuplicate(write: () => Promise<void>, name: string): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (!violatesUnique(error, 'purposes', 'name_key')) throw error
    throw new ApiError('purpose_exists', { detail: `There is a purpose called "${name}" already.`, cause: error })
  }
}

function toRow(ctx: TrxCtx, purpose: Purpose) {
  return {
    tenant_id: ctx.tenantId,
    id: purpose.id,
    name: purpose.name,
    name_key: toKey(purpose.name),
    qualified_name: purpose.qualifiedName,
    display_name: purpose.displayName,
    description: purpose.description,
    created_at: purpose.createdAt,
    created_by: purpose.createdBy,
    updated_at: purpose.updatedAt,
    updated_by: purpose.updatedBy,
    version: purpose.version,
    links_version: purpose.linksVersion,
    is_active: purpose.isActive ? 1 : 0,
    tags: JSON.stringify(purpose.tags),
    revision: purpose.revision,
  }
}
