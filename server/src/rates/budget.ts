import type { Verdict } from './bucket.ts'
import type { Policy } from './policies.ts'

/** The buckets of one policy, one for each key of each tenant. */
export interface Budget {
  readonly policy: Policy
  /** Takes one token, or says how long to wait. A promise only where the database must be asked. */
  take(tenantId: string, key: string, now: number): Verdict | Promise<Verdict>
}

/** Buckets of one policy that are remembered; an address costs about 200 bytes. */
export const bucketsMax = 50_000
/** How often what is of no more use is forgotten. */
export const sweepEveryMs = 60_000
