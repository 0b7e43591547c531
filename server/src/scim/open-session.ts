import type { Ctx } from '../access/ctx.ts'
import type { WorkspaceRole } from '../access/permissions.ts'
import { readInternals } from '../scim-tokens/scim-settings.service.ts'
import { rulesOf } from '../scim-tokens/scim-rules.schema.ts'
import type { ScimToken } from '../scim-tokens/scim-tokens.schema.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import { resourceTypes } from './schemas/registry.ts'
import type { ScimSession } from './scim-session.ts'
import { Trace } from './trace.ts'

/** What a request goes by: the tenant's rules, or the token's own profile. */
export async function openSession(
  ctx: Ctx,
  token: ScimToken,
  base: string,
): Promise<{ session: ScimSession; logDays: number }> {
  const { settings } = await getTenant(ctx)
  const { profile, overrides, roleMap, cursorKey, logDays } = await readInternals(ctx, settings.scimIsOn)
  const rules = rulesOf(token.profile ?? profile, overrides)
  const session = {
    ctx,
    token: { id: token.id, label: token.label, access: token.access },
    rules,
    types: resourceTypes(rules),
    base,
    roles: { map: new Map<string, WorkspaceRole>(Object.entries(roleMap)), fallback: settings.defaultRole },
    cursorKey,
    trace: new Trace(),
  }
  return { session, logDays }
}
