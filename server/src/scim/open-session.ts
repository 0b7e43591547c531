import type { Ctx } from '../access/ctx.ts'
import type { WorkspaceRole } from '../access/permissions.ts'
import type { ScimInternals } from '../scim-tokens/scim-settings.service.ts'
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
  { base, settings }: { readonly base: string; readonly settings: ScimInternals },
): Promise<ScimSession> {
  const tenant = await getTenant(ctx)
  const rules = rulesOf(token.profile ?? settings.profile, settings.overrides)
  return {
    ctx,
    token: { id: token.id, label: token.label, access: token.access },
    rules,
    types: resourceTypes(rules),
    base,
    roles: {
      map: new Map<string, WorkspaceRole>(Object.entries(settings.roleMap)),
      fallback: tenant.settings.defaultRole,
    },
    cursorKey: settings.cursorKey,
    trace: new Trace(),
  }
}
