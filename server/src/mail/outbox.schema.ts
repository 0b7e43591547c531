export type OutboxState = 'waiting' | 'held' | 'sent' | 'failed' | 'discarded'

/** A promised mail, as admins see it. Times are epoch ms, 0 where the thing never happened. */
export interface OutboxItem {
  readonly id: string
  readonly kind: string
  readonly subjectId: string
  readonly state: OutboxState
  readonly attempts: number
  readonly dueAt: number
  readonly lastError: string
  readonly createdAt: number
  readonly settledAt: number
  readonly payload: Readonly<Record<string, unknown>>
}
