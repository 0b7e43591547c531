import Type, { type Static } from 'typebox'
import { ApiError } from '../errors/api-error.ts'
import { parseInstant } from '../filter/instant.ts'
import { boundsState, forever, type Bounds } from './bounds.ts'

const Instant = Type.Union([Type.Integer({ minimum: 0 }), Type.String(), Type.Null()], {
  description: 'RFC 3339, or epoch milliseconds; null or absent is open.',
})

/** Keys of a body that may bound something in time. */
export const boundsBody = { validFrom: Type.Optional(Instant), expiresAt: Type.Optional(Instant) }

const BoundsBody = Type.Object(boundsBody)

const MaybeTime = Type.Optional(Type.Union([Type.Integer(), Type.Null()], { description: 'Epoch milliseconds.' }))

/** Keys of a record that shows its bounds. */
export const boundsRecord = {
  validFrom: MaybeTime,
  expiresAt: MaybeTime,
  state: Type.Optional(Type.String({ description: 'scheduled, active or expired, at this instant' })),
}

const BoundsRecord = Type.Object(boundsRecord)

/** @throws invalid_body */
export function fromBoundsBody({ validFrom, expiresAt }: Static<typeof BoundsBody>): Bounds {
  return {
    validFrom: readInstant(validFrom, 'validFrom') ?? 0,
    expiresAt: readInstant(expiresAt, 'expiresAt') ?? forever,
  }
}

function readInstant(value: number | string | null | undefined, name: string): number | undefined {
  if (typeof value !== 'string') return value ?? undefined
  const instant = parseInstant(value)
  if (instant === undefined || instant < 0) {
    throw new ApiError('invalid_body', {
      detail: `${name} is no time; send RFC 3339, such as 2026-01-02T03:04:05Z, or epoch milliseconds.`,
    })
  }
  return instant
}

export function toBoundsRecord(bounds: Bounds, now: Date): Static<typeof BoundsRecord> {
  return {
    validFrom: bounds.validFrom === 0 ? null : bounds.validFrom,
    expiresAt: bounds.expiresAt === forever ? null : bounds.expiresAt,
    state: boundsState(bounds, now.getTime()),
  }
}
