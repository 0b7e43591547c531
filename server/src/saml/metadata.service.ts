import type { Ctx } from '../access/ctx.ts'
import { findConnectionByAlias } from '../sso-connections/sso-connections.service.ts'
import { spAddresses } from '../sso-connections/sp-address-rules.ts'
import type { SamlDeps } from './saml-deps.ts'
import { getSpKey } from './sp-keys.service.ts'
import { spMetadata } from './sp-messages.ts'

/** What the administrator of an IdP needs to know of us. A connection that is off has it too: both sides need each other's. */
export async function describeServiceProvider(ctx: Ctx, deps: SamlDeps, alias: string): Promise<string | undefined> {
  const connection = await findConnectionByAlias(ctx, alias)
  if (connection === undefined) return undefined
  const key = await getSpKey(ctx, deps.vault)
  return spMetadata({ sp: spAddresses(await deps.baseUrl(ctx.tenantId), connection.alias), key })
}
