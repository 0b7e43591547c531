/** An event as it is written before it has its place in the chain. */
export interface UnsealedEvent {
  readonly tenantId: string
  readonly id: string
  readonly at: number
  readonly type: string
  readonly category: string
  readonly actorKind: string
  readonly actorId: string
  readonly actorUserId: string
  readonly credentialId: string
  readonly subjectKind: string
  readonly subjectId: string
  readonly objectId: string
  readonly door: string
  readonly requestId: string
  /** JSON as text, as it is stored. */
  readonly data: string
  /** What is personal about the subject: JSON as text. Erasable. */
  readonly personal: string
  /** What is personal about the actor. Erasable. */
  readonly actorName: string
  readonly address: string
}

/** What the sealer adds. */
export interface Seal {
  /** From 1, without gaps. */
  readonly seq: number
  readonly prevHash: string
  readonly hash: string
  /** Random, lower-case hex; empty once the personal part was erased. */
  readonly subjectKey: string
  readonly subjectMac: string
  readonly actorKey: string
  readonly actorMac: string
}

export type SealedEvent = UnsealedEvent & Seal

/** The end of a chain, or of a part of it. */
export interface ChainPlace {
  readonly seq: number
  readonly hash: string
}

/** What `personal` holds when nothing is there, or nothing any more. */
export const noPersonalData = '{}'

/** Before the first event. */
export const chainStart: ChainPlace = { seq: 0, hash: '0'.repeat(64) }
