import type { Limits } from '../limits/limits.ts'

export type PolicyName = 'token' | 'scim-token' | 'tenant' | 'address' | 'invites' | 'mails'

/** A token bucket: `quota` in `windowSeconds` on the long run, `burst` at once. */
export interface Policy {
  readonly name: PolicyName
  readonly quota: number
  readonly windowSeconds: number
  readonly burst: number
  /** How fast an empty bucket fills. */
  readonly perMs: number
}

/** Null is switched off. */
export type Policies = Readonly<Record<PolicyName, Policy | null>>

export function policiesFrom(limits: Limits): Policies {
  return {
    token: perMinute('token', limits.tokenPerMinute, limits.tokenBurst),
    'scim-token': perMinute('scim-token', limits.scimTokenPerMinute),
    tenant: perMinute('tenant', limits.tenantPerMinute),
    address: perMinute('address', limits.addressPerMinute),
    invites: perMinute('invites', limits.invitesPerMinute),
    mails: policy('mails', limits.mailsPerHour, 3_600, limits.mailsPerHour),
  }
}

function perMinute(name: PolicyName, quota: number, burst = quota): Policy | null {
  return policy(name, quota, 60, Math.min(burst, quota))
}

function policy(name: PolicyName, quota: number, windowSeconds: number, burst: number): Policy | null {
  if (quota === 0) return null
  return { name, quota, windowSeconds, burst, perMs: quota / (windowSeconds * 1_000) }
}
