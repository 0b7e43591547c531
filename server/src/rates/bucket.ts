import type { Policy } from './policies.ts'

/** What came of asking for one token. */
export interface Verdict {
  readonly isAllowed: boolean
  /** Whole tokens left; at least so many, where other nodes take from the same bucket. */
  readonly remaining: number
  /** Until there is one again; 0 while there is. */
  readonly waitMs: number
}

/**
 * A bucket is kept as the instant at which it will be full again: one number says all, what nobody uses needs no
 * upkeep, and one that is full need not be kept at all.
 */
export function levelOf(fullAt: number, { burst, perMs }: Policy, now: number): number {
  return Math.min(burst, burst - (fullAt - now) * perMs)
}

export function fullAtOf(level: number, { burst, perMs }: Policy, now: number): number {
  return now + (burst - level) / perMs
}

/** After this long without use a bucket is full. */
export function fillMs({ burst, perMs }: Policy): number {
  return burst / perMs
}

export function verdictOf(level: number, { perMs }: Policy, isAllowed: boolean): Verdict {
  return { isAllowed, remaining: Math.max(0, Math.floor(level)), waitMs: level >= 1 ? 0 : (1 - level) / perMs }
}
