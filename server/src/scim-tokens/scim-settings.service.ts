import { randomBytes } from 'node:crypto'
import { authorize, authorizeCritical } from '../access/authorize.ts'
import type { Ctx, ReadCtx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { requireVersion, tagOf } from '../access/version-check.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { isSamlConfigured, requirePlan } from '../sso-connections/sso-connections.service.ts'
import { changeSettings, getTenant } from '../tenants/tenants.service.ts'
import { ScimProfile } from './scim-rules.schema.ts'
import * as queries from './scim-settings.queries.ts'
import type { ScimSettings, ScimSettingsChange } from './scim-tokens.schema.ts'

const logDaysDefault = 30

/** Settings with the key that seals cursors, for the protocol itself. */
export interface ScimInternals extends ScimSettings {
  readonly cursorKey: Buffer
}

/** What a tenant that never touched them goes by. */
function fromRow(row: queries.SettingsRow | undefined, isOn: boolean): ScimSettings {
  if (row === undefined)
    return { isOn, profile: 'lenient', overrides: {}, roleMap: {}, logDays: logDaysDefault, version: 0 }
  return {
    isOn,
    profile: ScimProfile.anyOf.map(({ const: name }) => name).find((name) => name === row.profile) ?? 'lenient',
    overrides: JSON.parse(row.overrides),
    roleMap: JSON.parse(row.role_map),
    logDays: row.log_days,
    version: row.version,
  }
}

/** @throws insufficient_role */
export async function getSettings(ctx: Ctx): Promise<ScimSettings> {
  authorize(ctx, 'sign-in:read')
  return read(ctx)
}

async function read(ctx: ReadCtx): Promise<ScimSettings> {
  const { settings } = await getTenant(ctx)
  return fromRow(await queries.findSettings(ctx.db, ctx.tenantId), settings.scimIsOn)
}

/** For the protocol, which has proved by its token that it may know. The row is there once a token is. */
export async function readInternals(ctx: Pick<Ctx, 'db' | 'tenantId'>, isOn: boolean): Promise<ScimInternals> {
  const row = await queries.findSettings(ctx.db, ctx.tenantId)
  return { ...fromRow(row, isOn), cursorKey: Buffer.from(row?.cursor_key ?? '', 'base64url') }
}

/**
 * Changes how the tenant is provisioned. Switching off hands SCIM-managed users to local control; nothing is deleted.
 *
 * @throws insufficient_role · reauth_required · right_required · plan_required · sso_required · version_mismatch
 * @source contract/scim.md 3.2, 6
 */
export async function updateSettings(ctx: Ctx, change: ScimSettingsChange, ifMatch?: string): Promise<ScimSettings> {
  authorizeCritical(ctx, 'sign-in:manage')
  return inTransaction(ctx, async (ctx) => {
    if (change.isOn === true) await requireReady(ctx)
    await makeSettings(ctx)
    await holdScimSettings(ctx)
    const present = await read(ctx)
    requireVersion(ifMatch, settingsTag(present))
    const next = { ...present, ...change, roleMap: lowerCased(change.roleMap ?? present.roleMap) }
    const fields = (['isOn', 'profile', 'overrides', 'roleMap', 'logDays'] as const).filter(
      (name) => JSON.stringify(next[name]) !== JSON.stringify(present[name]),
    )
    if (fields.length === 0) return present
    if (next.isOn !== present.isOn) await changeSettings(ctx, { scimIsOn: next.isOn })
    await queries.updateSettings(ctx.db, ctx.tenantId, {
      profile: next.profile,
      overrides: JSON.stringify(next.overrides),
      role_map: JSON.stringify(next.roleMap),
      log_days: next.logDays,
      updated_at: ctx.now.getTime(),
    })
    await recordEvent(ctx, {
      type: 'scim_settings.updated',
      subjectId: ctx.tenantId,
      data: { fields: [...fields] },
      personal: {},
    })
    return read(ctx)
  })
}

/** Two spellings of one role would be decided by chance. */
function lowerCased(map: ScimSettings['roleMap']): ScimSettings['roleMap'] {
  return Object.fromEntries(Object.entries(map).map(([name, role]) => [name.toLowerCase(), role]))
}

export function settingsTag({ version, isOn }: ScimSettings): string {
  return tagOf(version, isOn ? 1 : 0)
}

/** Called before anything of SCIM is switched on or made. @throws plan_required · sso_required */
export async function requireReady(ctx: TrxCtx): Promise<void> {
  await requirePlan(ctx)
  // Reading through the transaction: the connection may have been made in it.
  if (await isSamlConfigured(ctx)) return
  throw new ApiError('sso_required', {
    detail: 'SCIM needs SAML single sign-on: set up and enable a connection at /api/muster/sso-connections first.',
  })
}

/** Until the transaction ends nobody else changes settings, makes tokens or nests groups; taken after users and groups. */
export function holdScimSettings(ctx: TrxCtx): Promise<void> {
  return queries.holdSettings(ctx.db, ctx.tenantId)
}

/** The tenant's row, with a key of its own that seals cursors. */
export async function makeSettings(ctx: TrxCtx): Promise<void> {
  await queries.insertSettings(ctx.db, {
    tenant_id: ctx.tenantId,
    profile: 'lenient',
    overrides: '{}',
    role_map: '{}',
    log_days: logDaysDefault,
    cursor_key: randomBytes(32).toString('base64url'),
    updated_at: ctx.now.getTime(),
    version: 1,
  })
}
