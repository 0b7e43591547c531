import { ApiError } from '../errors/api-error.ts'
import type { Verdict } from './bucket.ts'
import type { Policy } from './policies.ts'

/** One member of RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-11, section 3). */
export function policyField({ name, quota, windowSeconds }: Policy): string {
  return `"${name}";q=${quota};w=${windowSeconds}`
}

/**
 * One member of RateLimit (section 4). `t` is chosen so that whoever spreads `r` over it goes as fast as the bucket
 * fills, and is Retry-After where nothing is left.
 */
export function limitField(
  { name, perMs }: Policy,
  { remaining, waitMs }: Pick<Verdict, 'remaining' | 'waitMs'>,
): string {
  return `"${name}";r=${remaining};t=${wholeSeconds(Math.max(waitMs, remaining / perMs))}`
}

const sentences: Readonly<Record<Policy['name'], string>> = {
  token: 'This credential sends more requests than it may',
  'scim-token': 'This credential sends more requests than it may',
  tenant: 'The programs of this workspace together send more requests than they may',
  address: 'Your address sends more requests without a valid credential than it may',
  invites: 'You send more invitations than you may',
  mails: 'This address was sent as many mails as it may get',
}

/** The refusal of a request over its rate; how often is in its fields. */
export function rateLimited(policy: Policy, waitMs: number): ApiError {
  const { name, quota, windowSeconds } = policy
  const seconds = wholeSeconds(waitMs)
  return new ApiError('rate_limited', {
    detail: `${sentences[name]} (${quota} in ${windowSeconds} s); try again in ${seconds} s.`,
    headers: {
      'retry-after': String(seconds),
      'ratelimit-policy': policyField(policy),
      ratelimit: limitField(policy, { remaining: 0, waitMs }),
    },
  })
}

function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000))
}
