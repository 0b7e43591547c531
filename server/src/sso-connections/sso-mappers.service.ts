import { v7 as uuid } from 'uuid'
import { authorize } from '../access/authorize.ts'
import type { Ctx, ReadCtx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { requireVersion, tagOf } from '../access/version-check.ts'
import { addToCounter, readCounter } from '../db/counters.ts'
import { violatesUnique } from '../db/dialects/violations.ts'
import { ApiError, notFound } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { holdNamedGroup } from '../groups/group-lookup.service.ts'
import { requireCleanName } from '../text/clean-text.ts'
import { mappersMax } from './group-mappings.service.ts'
import {
  changedFields,
  decideMapper,
  groupIdInName,
  refuseOtherAlias,
  refuseOtherIdentity,
  requireAlias,
  requireKind,
} from './sso-mapper-rules.ts'
import * as queries from './sso-mappers.queries.ts'
import type { GroupName, MapperFields, SsoMapper } from './sso-mappers.schema.ts'

/** Which of a connection's mappers is meant. */
interface Place {
  readonly alias: string
  readonly id: string
}

/**
 * All mappers of a connection, in the order in which they were made; none for an alias nobody used yet.
 *
 * @throws insufficient_role
 * @source contract/rest-api.md, S1
 */
export function listMappers(ctx: Ctx, alias: string): Promise<SsoMapper[]> {
  authorize(ctx, 'sso-mappers:manage')
  return queries.selectMappers(ctx.db, ctx.tenantId, { alias, max: mappersMax })
}

/** @throws insufficient_role · mapping_not_found */
export function getMapper(ctx: Ctx, place: Place): Promise<SsoMapper> {
  authorize(ctx, 'sso-mappers:manage')
  return requireMapper(ctx, place)
}

/**
 * Creates a mapper under an alias, whether or not the connection exists yet.
 *
 * @throws insufficient_role · invalid_body · read_only_field · group_not_found · mapping_exists · invalid_request
 * @source contract/rest-api.md, S2 and 6.7
 */
export async function createMapper(ctx: Ctx, alias: string, fields: MapperFields): Promise<SsoMapper> {
  authorize(ctx, 'sso-mappers:manage')
  requireAlias(alias)
  refuseOtherAlias(alias, fields)
  const kind = requireKind(fields)
  const id = uuid()
  const name = requireCleanName(fields.name ?? '', 'name')
  return inTransaction(ctx, async (ctx) => {
    const group = kind === 'group' ? await requireGroup(ctx, fields) : null
    if (group !== null) await refuseOtherGroup(ctx, group, name)
    const mapper: SsoMapper = {
      id,
      alias,
      name: name === '' ? `${group?.id ?? id}--${ctx.now.getTime()}` : name,
      version: 1,
      ...decideMapper(kind, fields, { before: null, group }),
    }
    await refusingPairs(() =>
      queries.insertMapper(ctx.db, {
        tenant_id: ctx.tenantId,
        id,
        alias,
        name: mapper.name,
        kind,
        ...queries.toColumns(mapper),
        created_at: ctx.now.getTime(),
        created_by: ctx.actor.name,
        updated_at: 0,
        updated_by: '',
        version: 1,
      }),
    )
    await countWithinBounds(ctx)
    await recordEvent(ctx, {
      type: 'sso_mapper.created',
      subjectId: id,
      objectId: alias,
      data: { kind, groupId: group?.id ?? '' },
      personal: {},
    })
    return mapper
  })
}

/**
 * Changes a mapper; what is not said stays, and the name stays whatever is said: it holds the id of the group
 * the mapper was made for, and official clients look for that.
 *
 * @throws insufficient_role · mapping_not_found · invalid_body · read_only_field · group_not_found · mapping_exists · version_mismatch
 * @source contract/rest-api.md, S4
 */
export async function updateMapper(ctx: Ctx, place: Place, fields: MapperFields, ifMatch?: string): Promise<SsoMapper> {
  authorize(ctx, 'sso-mappers:manage')
  return inTransaction(ctx, async (ctx) => {
    const { rule } = await requireMapper(ctx, place)
    // A group before its mappers, everywhere: deleting it takes them in this order.
    const group = rule.kind === 'group' && fields.group !== null ? await requireGroup(ctx, fields) : null
    await queries.lockMapper(ctx.db, ctx.tenantId, place)
    const before = await requireMapper(ctx, place)
    requireVersion(ifMatch, mapperTag(before))
    refuseOtherAlias(place.alias, fields)
    refuseOtherIdentity(before, fields)
    const next = { ...before, ...decideMapper(rule.kind, fields, { before, group }) }
    const changed = changedFields(before, next)
    if (changed.length === 0) return before
    const stamp = { updated_at: ctx.now.getTime(), updated_by: ctx.actor.name }
    await refusingPairs(() =>
      queries.updateMapper(ctx.db, ctx.tenantId, place, { ...queries.toColumns(next), ...stamp }),
    )
    await recordEvent(ctx, {
      type: 'sso_mapper.updated',
      subjectId: place.id,
      objectId: place.alias,
      data: { fields: changed },
      personal: {},
    })
    return { ...next, version: before.version + 1 }
  })
}

/** @throws insufficient_role · mapping_not_found */
export async function deleteMapper(ctx: Ctx, place: Place): Promise<void> {
  authorize(ctx, 'sso-mappers:manage')
  await inTransaction(ctx, async (ctx) => {
    const kind = await queries.deleteMapper(ctx.db, ctx.tenantId, place)
    if (kind === undefined) throw notFound('mapping_not_found')
    await addToCounter(ctx.db, ctx.tenantId, 'sso_mappers', -1)
    const data = { kind }
    await recordEvent(ctx, {
      type: 'sso_mapper.deleted',
      subjectId: place.id,
      objectId: place.alias,
      data,
      personal: {},
    })
  })
}

export function mapperTag(mapper: SsoMapper): string {
  return tagOf(mapper.version)
}

async function requireMapper(ctx: ReadCtx, place: Place): Promise<SsoMapper> {
  const mapper = await queries.findMapper(ctx.db, ctx.tenantId, place)
  if (mapper === undefined) throw notFound('mapping_not_found')
  return mapper
}

/**
 * The group that is meant, held. Clients say its internal name; a model without one says the alias or the id instead,
 * with the id in the mapper's name (pyatlan_v9).
 */
async function requireGroup(ctx: TrxCtx, { group, name }: MapperFields): Promise<GroupName> {
  const found = await holdNamedGroup(ctx, { text: group, id: groupIdInName(name) })
  if (found === undefined) {
    throw new ApiError('group_not_found', {
      detail:
        'There is no group with this internal name in this workspace; config.group takes the name, not the alias.',
    })
  }
  return found
}

/** A name made for one group, with another one meant, is a slip that would let the wrong people in. */
async function refuseOtherGroup(ctx: TrxCtx, group: GroupName, name: string): Promise<void> {
  const id = groupIdInName(name)
  if (id === null || id === group.id) return
  if ((await holdNamedGroup(ctx, { text: null, id })) === undefined) return
  throw new ApiError('invalid_body', {
    detail:
      'name begins with the id of one group, and config.group is the name of another; let both mean the same one.',
  })
}

/** Counts a new mapper; two at once wait for each other here, so that the bound is never passed. */
async function countWithinBounds(ctx: TrxCtx): Promise<void> {
  await addToCounter(ctx.db, ctx.tenantId, 'sso_mappers', 1)
  if ((await readCounter(ctx.db, ctx.tenantId, 'sso_mappers')) <= mappersMax) return
  throw new ApiError('invalid_request', {
    detail: `This workspace has ${mappersMax} SSO mappers, as many as there can be; delete one first.`,
  })
}

/** The index decides whether a pair is there already. @throws mapping_exists */
async function refusingPairs(write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (!violatesUnique(error, 'sso_mappers', 'attribute_value')) throw error
    throw new ApiError('mapping_exists', {
      detail: 'This connection maps this attribute value to this group already.',
      cause: error,
    })
  }
}
