import type { Generated } from 'kysely'

/** The key with which a tenant signs requests and decrypts assertions. Times are epoch ms everywhere here. */
export interface SamlKeysTable {
  tenant_id: string
  /** `service_provider`: one key signs and decrypts. */
  purpose: string
  /** PEM, sealed. */
  private_key: string
  /** PEM. */
  certificate: string
  created_at: number
}

/** Requests on their way: an answer must find its own. */
export interface SamlRequestsTable {
  tenant_id: string
  id: string
  connection_id: string
  browser_hash: string
  purpose: string
  /** Of the admin who tests, the person who links or signs out; '' for a sign-in. */
  user_id: Generated<string>
  /** Of the person who links; '' otherwise. */
  session_id: Generated<string>
  test_id: Generated<string>
  return_path: Generated<string>
  created_at: number
  expires_at: number
}

/** Assertions that were used, for as long as they could be used again. */
export interface SamlConsumedTable {
  tenant_id: string
  connection_id: string
  assertion_id: string
  expires_at: number
}

/** Who somebody is at an IdP. E-mail addresses are not in it: they change hands. */
export interface ExternalIdentitiesTable {
  tenant_id: string
  connection_id: string
  name_id: string
  user_id: string
  /** As the IdP said; it wants it back when somebody signs out. */
  name_id_format: Generated<string>
  linked_at: number
  last_sign_in_at: Generated<number>
}

export interface SsoTestsTable {
  tenant_id: string
  id: string
  connection_id: string
  /** The admin who tests. */
  user_id: string
  /** Of the address that starts it. */
  token_hash: string
  state: string
  reason: Generated<string>
  /** JSON of TestDetail. */
  detail: Generated<string>
  created_at: number
  finished_at: Generated<number>
}
