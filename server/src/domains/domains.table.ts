import type { Generated } from 'kysely'

/** Times are epoch ms, 0 where the thing never happened. */
export interface DomainsTable {
  tenant_id: string
  id: string
  /** A-labels, lower case. */
  name: string
  challenge: string
  verified_at: Generated<number>
  /** `dns`, `operator`, or empty. */
  verified_by: Generated<string>
  created_at: number
  created_by: string
}
