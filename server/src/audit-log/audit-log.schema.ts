import type { EventName } from '../events/event-types.ts'

/** An event as it is read back. */
export interface AuditEvent {
  readonly id: string
  readonly at: number
  readonly type: EventName
  readonly actorKind: string
  readonly actorId: string
  readonly actorName: string
  readonly subjectKind: string
  readonly subjectId: string
  readonly objectId: string
  readonly address: string
  readonly requestId: string
  readonly data: Readonly<Record<string, unknown>>
}

/** One kind of event, perhaps about one subject or one object only. */
export interface EventCondition {
  readonly type: EventName
  readonly subjectId?: string
  readonly objectId?: string
}

export interface EventQuery {
  readonly category: 'admin' | 'sign-in'
  readonly first: number
  readonly max: number
  /** Epoch ms; from inclusive, to exclusive. */
  readonly from: number | null
  readonly to: number | null
  readonly actorId: string | null
  /** What people did in the console, or what the program of this name did. */
  readonly client: 'console' | { readonly actorName: string } | null
  readonly subjectId: string | null
  readonly address: string | null
  /** Null means every kind; an empty list none. */
  readonly conditions: readonly EventCondition[] | null
}
