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
import * as queries from './personas.queries.ts'
import type { NewPersona, Persona, PersonaChange, PersonaView } from './personas.schema.ts'
import { listSubjects, replaceSubjects, type SubjectIds } from './subject-sets.service.ts'

/** @throws insufficient_role · invalid_filter */
export async function listPersonas(ctx: Ctx, query: ListQuery): Promise<Page<PersonaView>> {
  authorize(ctx, 'personas:read')
  const page = await queries.selectPersonaPage(ctx.db, ctx.tenantId, query)
  const subjectsOf = await listSubjects(
    ctx,
    'persona',
    page.items.map(({ id }) => id),
  )
  return { ...page, items: page.items.map((persona) => ({ ...persona, ...subjectsOf(persona.id) })) }
}

/** @throws insufficient_role · persona_not_found */
export async function getPersona(ctx: Ctx, id: string): Promise<PersonaView> {
  authorize(ctx, 'personas:read')
  const persona = await queries.findPersona(ctx.db, ctx.tenantId, id)
  if (persona === undefined) throw notFound('persona_not_found')
  return { ...persona, ...(await listSubjects(ctx, 'persona', [id]))(id) }
}

/** @throws insufficient_role · invalid_body · persona_exists */
export async function createPersona(ctx: Ctx, input: NewPersona): Promise<PersonaView> {
  authorize(ctx, 'personas:write')
  const name = requireName(input.name, ctx.limits)
  const persona: Persona = {
    id: uuid(),
    name,
    qualifiedName: `default/${randomBytes(8).toString('hex')}`,
    displayName: requireCleanName(input.displayName ?? name, 'displayName', ctx.limits),
    description: requireCleanName(input.description, 'description', ctx.limits),
    isEnabled: input.isEnabled,
    policies: { metadataPolicies: [], dataPolicies: [], glossaryPolicies: [], ...input.policies },
    readme: '',
    resources: [],
    attributes: {},
    ...input.extras,
    createdAt: ctx.now.getTime(),
    createdBy: ctx.actor.name,
    updatedAt: ctx.now.getTime(),
    updatedBy: ctx.actor.name,
    version: 1,
    linksVersion: 1,
  }
  await inTransaction(ctx, async (ctx) => {
    await refuseDuplicate(() => queries.insertPersona(ctx.db, toRow(ctx, persona)), name)
    await addToCounter(ctx.db, ctx.tenantId, 'personas', 1)
    await recordEvent(ctx, { type: 'persona.created', subjectId: persona.id, data: { name }, personal: {} })
  })
  return { ...persona, userIds: [], groupIds: [] }
}

const changeable = [
  'name',
  'displayName',
  'description',
  'isEnabled',
  'policies',
  'readme',
  'resources',
  'attributes',
] as const

/** @throws insufficient_role · persona_not_found · invalid_body · persona_exists · version_mismatch */
export async function updatePersona(
  ctx: Ctx,
  id: string,
  change: PersonaChange,
  ifMatch?: string,
): Promise<PersonaView> {
  authorize(ctx, 'personas:write')
  return inTransaction(ctx, async (ctx) => {
    const persona = await requirePersona(ctx, id)
    requireVersion(ifMatch, personaTag(persona))
    const next: Persona = {
      ...persona,
      name: change.name === undefined ? persona.name : requireName(change.name, ctx.limits),
      displayName: requireCleanName(change.displayName ?? persona.displayName, 'displayName', ctx.limits),
      description: requireCleanName(change.description ?? persona.description, 'description', ctx.limits),
      isEnabled: change.isEnabled ?? persona.isEnabled,
      ...change.extras,
      policies: { ...persona.policies, ...change.policies },
    }
    const fields = changeable.filter((field) => JSON.stringify(next[field]) !== JSON.stringify(persona[field]))
    const subjects = (await listSubjects(ctx, 'persona', [id]))(id)
    if (fields.length === 0) return { ...persona, ...subjects }
    const stamped = { ...next, updatedAt: ctx.now.getTime(), updatedBy: ctx.actor.name, version: persona.version + 1 }
    const { version: _risesBySql, ...row } = toRow(ctx, stamped)
    await refuseDuplicate(() => queries.updatePersona(ctx.db, ctx.tenantId, id, row), next.name)
    // Names show on every user who holds it.
    if (fields.includes('name') || fields.includes('displayName')) await catalogueChanged(ctx)
    await recordEvent(ctx, { type: 'persona.updated', subjectId: id, data: { fields }, personal: {} })
    return { ...stamped, ...subjects }
  })
}

/**
 * Makes users and groups of a persona exactly these.
 *
 * @throws insufficient_role · persona_not_found · user_not_found · group_not_found · version_mismatch
 * @source contract/rest-api.md, 5.8
 */
export async function replacePersonaSubjects(
  ctx: Ctx,
  id: string,
  subjects: SubjectIds,
  ifMatch?: string,
): Promise<void> {
  authorize(ctx, 'personas:write')
  await inTransaction(ctx, async (ctx) => {
    await replaceSubjects(ctx, 'persona', id, subjects, async () =>
      requireVersion(ifMatch, personaTag(await requirePersona(ctx, id))),
    )
  })
}

export function personaTag(persona: Persona): string {
  return tagOf(persona.version, persona.linksVersion)
}

async function requirePersona(ctx: TrxCtx, id: string): Promise<Persona> {
  await queries.lockPersona(ctx.db, ctx.tenantId, id)
  const persona = await queries.findPersona(ctx.db, ctx.tenantId, id)
  if (persona === undefined) throw notFound('persona_not_found')
  return persona
}

function requireName(text: string, limits: TextLimits): string {
  const name = requireCleanName(text.trim(), 'name', limits)
  if (name === '') throw new ApiError('invalid_body', { detail: 'name is empty; give the persona a name.' })
  return name
}

async function refuseDuplicate(write: () => Promise<void>, name: string): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (!violatesUnique(error, 'personas', 'name_key')) throw error
    throw new ApiError('persona_exists', { detail: `There is a persona called "${name}" already.`, cause: error })
  }
}

function toRow(ctx: TrxCtx, persona: Persona) {
  return {
    tenant_id: ctx.tenantId,
    id: persona.id,
    name: persona.name,
    name_key: toKey(persona.name),
    qualified_name: persona.qualifiedName,
    display_name: persona.displayName,
    description: persona.description,
    created_at: persona.createdAt,
    created_by: persona.createdBy,
    updated_at: persona.updatedAt,
    updated_by: persona.updatedBy,
    version: persona.version,
    links_version: persona.linksVersion,
    is_enabled: persona.isEnabled ? 1 : 0,
    policies: JSON.stringify(persona.policies),
    readme: persona.readme,
    resources: JSON.stringify(persona.resources),
    attributes: JSON.stringify(persona.attributes),
  }
}
