import Type, { type Static } from 'typebox'
import { boundsBody, boundsRecord, fromBoundsBody, toBoundsRecord } from '../bounds/bounds.wire.ts'
import { envelopeSchema } from '../lists/envelope.ts'
import type { BoundMember, BoundMemberView } from './groups.schema.ts'

export const SetMembersBody = Type.Object({
  members: Type.Array(Type.Object({ userId: Type.String(), ...boundsBody }), { minItems: 1 }),
})

export const BoundMemberRecord = Type.Object({
  userId: Type.String(),
  username: Type.Optional(Type.String()),
  ...boundsRecord,
  addedAt: Type.Optional(Type.Integer()),
})

export const BoundMemberList = envelopeSchema(BoundMemberRecord)
export const MembersSet = Type.Object({
  members: Type.Array(Type.Object({ userId: Type.String(), ...boundsRecord })),
})

export function fromSetMembersBody({ members }: Static<typeof SetMembersBody>): BoundMember[] {
  return members.map((member) => ({ userId: member.userId, bounds: fromBoundsBody(member) }))
}

export function toMembersSet(members: readonly BoundMember[], now: Date): Static<typeof MembersSet> {
  return { members: members.map(({ userId, bounds }) => ({ userId, ...toBoundsRecord(bounds, now) })) }
}

export function toBoundMemberRecord(member: BoundMemberView, now: Date): Static<typeof BoundMemberRecord> {
  return {
    userId: member.userId,
    username: member.username,
    ...toBoundsRecord(member.bounds, now),
    addedAt: member.addedAt,
  }
}
