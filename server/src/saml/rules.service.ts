import type { ReadCtx } from '../access/ctx.ts'
import { listAttributeMappings, listGroupMappings } from '../sso-connections/group-mappings.service.ts'
import type { SsoConnection } from '../sso-connections/sso-connections.schema.ts'
import type { Rules } from './claims.ts'

/** What the connection and its mappers say about attributes, as of this moment. */
export async function readRules(ctx: ReadCtx, { alias, options }: SsoConnection): Promise<Rules> {
  return {
    options,
    groups: await listGroupMappings(ctx, alias),
    attributes: await listAttributeMappings(ctx, alias),
  }
}
