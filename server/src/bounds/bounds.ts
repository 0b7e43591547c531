import { ApiError } from '../errors/api-error.ts'

/**
 * The bounds in time of a membership or a role: it holds from the first millisecond on and no longer at the second.
 * Epoch ms; 0 is always so far, `forever` has no end, so that one comparison at each side decides.
 */
export interface Bounds {
  readonly validFrom: number
  readonly expiresAt: number
}

export type BoundsState = 'scheduled' | 'active' | 'expired'

/** After every instant there is. */
export const forever = Number.MAX_SAFE_INTEGER

/** What is not time-bound. */
export const always: Bounds = { validFrom: 0, expiresAt: forever }

/** The last millisecond that RFC 3339 can write. */
const lastInstant = Date.parse('9999-12-31T23:59:59.999Z')

export function isTimeBound({ validFrom, expiresAt }: Bounds): boolean {
  return validFrom > 0 || expiresAt < forever
}

export function boundsState({ validFrom, expiresAt }: Bounds, now: number): BoundsState {
  if (now >= expiresAt) return 'expired'
  return now < validFrom ? 'scheduled' : 'active'
}

export function hasSameBounds(a: Bounds, b: Bounds): boolean {
  return a.validFrom === b.validFrom && a.expiresAt === b.expiresAt
}

/** Says whether there is an instant at which both hold. */
export function overlaps(a: Bounds, b: Bounds): boolean {
  return a.validFrom < b.expiresAt && b.validFrom < a.expiresAt
}

/** Only what is bounded, for events. */
export function boundsData({ validFrom, expiresAt }: Bounds): { validFrom?: number; expiresAt?: number } {
  return { ...(validFrom > 0 ? { validFrom } : {}), ...(expiresAt < forever ? { expiresAt } : {}) }
}

/**
 * Refuses bounds between which nothing can ever hold.
 *
 * @throws invalid_body
 */
export function requireBounds(bounds: Bounds, now: Date): Bounds {
  const { validFrom, expiresAt } = bounds
  if (validFrom > lastInstant || (expiresAt > lastInstant && expiresAt !== forever))
    throw invalid('validFrom and expiresAt must be before the year 10000.')
  if (expiresAt <= now.getTime())
    throw invalid('expiresAt has passed already; to end something now, remove it instead.')
  if (expiresAt <= validFrom) throw invalid('expiresAt is not after validFrom, so nothing would ever be valid.')
  return bounds
}

function invalid(detail: string): ApiError {
  return new ApiError('invalid_body', { detail })
}
