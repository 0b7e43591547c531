import type { LimitRow } from './limit-row.ts'

const over = '429'
const perMinute = { min: 1, max: 100_000_000, unit: 'requests a minute', over, canBeOff: true } as const

/** How often things may be asked for: token buckets, shared by all nodes on one database (docs/decisions/0014). */
export const rateLimits = [
  {
    ...perMinute,
    name: 'tokenPerMinute',
    variable: 'MUSTER_RATE_TOKEN_PER_MINUTE',
    fallback: 1_800,
    about: 'Each API token and OAuth client.',
  },
  {
    name: 'tokenBurst',
    variable: 'MUSTER_RATE_TOKEN_BURST',
    fallback: 300,
    min: 1,
    max: 100_000_000,
    unit: 'requests',
    about: 'How many of them at once.',
    over,
  },
  {
    ...perMinute,
    name: 'scimTokenPerMinute',
    variable: 'MUSTER_RATE_SCIM_TOKEN_PER_MINUTE',
    fallback: 6_000,
    about: 'Each SCIM token, once SCIM is served.',
  },
  {
    ...perMinute,
    name: 'tenantPerMinute',
    variable: 'MUSTER_RATE_TENANT_PER_MINUTE',
    fallback: 12_000,
    about: 'All requests of a tenant that carry a valid credential.',
  },
  {
    ...perMinute,
    name: 'addressPerMinute',
    variable: 'MUSTER_RATE_ADDRESS_PER_MINUTE',
    fallback: 300,
    about: 'Requests of one address, IPv6 by /64, that carry no valid credential. A valid one passes all the same.',
  },
  {
    name: 'invitesPerMinute',
    variable: 'MUSTER_RATE_INVITES_PER_MINUTE',
    fallback: 50,
    min: 1,
    max: 1_000_000,
    unit: 'calls a minute',
    about: 'Calls of one admin that invite people or send an invitation again.',
    over,
    canBeOff: true,
  },
  {
    name: 'mailsPerHour',
    variable: 'MUSTER_RATE_MAILS_PER_HOUR',
    fallback: 3,
    min: 1,
    max: 1_000,
    unit: 'mails an hour',
    about: 'Mails to one address; in a call with several people the others are invited.',
    over,
    canBeOff: true,
  },
] as const satisfies readonly LimitRow[]
