import { actorText, hashOf, macOf, personsOf, subjectText } from './chain-rules.ts'
import { chainStart, noPersonalData, type ChainPlace, type SealedEvent } from './chain.schema.ts'
import type { Checkpoint } from './checkpoint-rules.ts'

export type ProblemKind =
  | 'missing'
  | 'repeated'
  | 'not_linked'
  | 'changed'
  | 'personal_changed'
  | 'erased_unrecorded'
  | 'foreign'
  | 'cut_off'
  | 'rewritten'
  | 'bad_checkpoint'

/** Something that cannot have come about by itself. */
export interface Problem {
  readonly kind: ProblemKind
  /** Where in the chain. */
  readonly seq: number
  readonly text: string
}

/** The type of the event that records an erasure of its subject's personal data. */
export const erasureType = 'user.personal_data_erased'

const kept = 20

/** What a part of a chain must be like. */
interface Expectation {
  readonly tenantId: string
  /** The link in front of the part; the start of the chain unless given. */
  readonly after?: ChainPlace
  /** Whose links the chain must have. */
  readonly checkpoints?: readonly Pick<Checkpoint, 'seq' | 'hash'>[]
}

/**
 * Reads a tenant's events in the order of the chain, once, and notes what is wrong. After each problem it goes on from
 * what it found, so that one change is reported once. Memory does not grow with the log.
 */
export class ChainCheck {
  readonly #tenantId: string
  readonly #expected: Map<number, string[]>
  /** The link in front of the part. */
  readonly start: ChainPlace
  readonly problems: Problem[] = []
  problemCount = 0
  erasedParts = 0
  #last: ChainPlace
  #events = 0
  /** Whose data were erased without a record so far, and where first. */
  readonly #unrecorded = new Map<string, number>()

  constructor({ tenantId, after = chainStart, checkpoints = [] }: Expectation) {
    this.#tenantId = tenantId
    this.start = after
    this.#last = after
    this.#expected = new Map()
    for (const { seq, hash } of checkpoints) this.#expected.set(seq, [...(this.#expected.get(seq) ?? []), hash])
  }

  get events(): number {
    return this.#events
  }

  /** The last link seen. */
  get last(): ChainPlace {
    return this.#last
  }

  add(event: SealedEvent): void {
    this.#events += 1
    this.#checkPlace(event)
    if (event.tenantId !== this.#tenantId) this.#note('foreign', event.seq, 'is of another tenant')
    if (!sameLink(hashOf(event), event.hash)) this.#note('changed', event.seq, 'is not what was sealed')
    this.#checkPersonal(event)
    this.#meetCheckpoint(event)
    this.#last = { seq: event.seq, hash: event.hash }
  }

  #checkPlace({ seq, prevHash }: SealedEvent): void {
    const next = this.#last.seq + 1
    if (seq < next) this.#note('repeated', seq, 'stands at a place that is taken')
    else if (seq > next) {
      const many = seq - next > 1
      this.#note('missing', next, many ? `and those up to ${seq - 1} are missing` : 'is missing')
    } else if (!sameLink(prevHash, this.#last.hash))
      this.#note('not_linked', seq, 'does not follow the event in front of it')
  }

  #checkPersonal(event: SealedEvent): void {
    const { subject, actor } = personsOf(event)
    if (event.type === erasureType) this.#unrecorded.delete(event.subjectId)
    this.#checkPart(event, {
      owner: subject,
      isBlank: event.personal === noPersonalData,
      isRight: event.subjectKey !== '' && sameLink(macOf(event.subjectKey, subjectText(event)), event.subjectMac),
      isErased: event.subjectKey === '',
    })
    this.#checkPart(event, {
      owner: actor,
      isBlank: event.actorName === '' && event.address === '',
      isRight: event.actorKey !== '' && sameLink(macOf(event.actorKey, actorText(event)), event.actorMac),
      isErased: event.actorKey === '',
    })
  }

  #checkPart({ seq }: SealedEvent, part: Part): void {
    if (part.isRight) return
    if (!part.isErased || !part.isBlank) this.#note('personal_changed', seq, 'has personal data that were not sealed')
    else if (part.owner === null) this.#note('erased_unrecorded', seq, 'had data erased that are no user’s')
    else {
      this.erasedParts += 1
      if (!this.#unrecorded.has(part.owner)) this.#unrecorded.set(part.owner, seq)
    }
  }

  #meetCheckpoint({ seq, hash }: SealedEvent): void {
    for (const expected of this.#expected.get(seq) ?? []) {
      if (!sameLink(expected, hash)) this.#note('rewritten', seq, 'is not what the checkpoint says')
    }
    this.#expected.delete(seq)
  }

  /** After the last event of the chain. */
  finish(): void {
    for (const [userId, seq] of this.#unrecorded)
      this.#note('erased_unrecorded', seq, `had personal data of ${userId} erased, and nothing records it`)
    for (const seq of this.#expected.keys()) {
      if (seq > this.#last.seq) this.#note('cut_off', seq, `is missing: the log ends at ${this.#last.seq}`)
    }
  }

  /** For what is seen from outside, such as a checkpoint that is not well signed. */
  note(problem: Problem): void {
    this.problemCount += 1
    if (this.problems.length < kept) this.problems.push(problem)
  }

  #note(kind: ProblemKind, seq: number, what: string): void {
    this.note({ kind, seq, text: `event ${seq} ${what}` })
  }
}

interface Part {
  readonly owner: string | null
  readonly isErased: boolean
  readonly isBlank: boolean
  readonly isRight: boolean
}

/** Links and MACs of a log that one may read are no secrets: how long a comparison takes gives nothing away. */
export function sameLink(left: string, right: string): boolean {
  return left === right
}
