import type { Sealer } from '../secrets/sealer.ts'

/** What app.ts hands over. */
export interface SamlDeps {
  /** Where people and IdPs reach a tenant. */
  baseUrl(tenantId: string): Promise<string>
  readonly sealer: Sealer
}
