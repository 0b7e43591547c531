import type { Note } from './read-value.ts'

export type Outcome = 'received' | 'matched' | 'changed' | 'skipped' | 'refused'

/** One line of what became of a request, for the inspector. */
export interface Step {
  readonly subjectKind: 'user' | 'group'
  readonly subjectId: string
  readonly externalId?: string
  readonly outcome: Outcome
  readonly operation: string
  readonly attribute?: string
  readonly note?: string
  readonly before?: string
  readonly after?: string
}

/** What one request was made of, collected while it is served. */
export class Trace {
  readonly steps: Step[] = []
  /** Passed over while reading the body. */
  readonly notes: Note[] = []
  /** Why a request was refused, for administrators; the client hears less. */
  cause = ''

  add(step: Step): void {
    this.steps.push(step)
  }
}
