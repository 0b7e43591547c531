import type { Vault } from '../secrets/vault.ts'

/** What app.ts hands over. */
export interface SamlDeps {
  /** Where people and IdPs reach a tenant. */
  baseUrl(tenantId: string): Promise<string>
  readonly vault: Vault
}
