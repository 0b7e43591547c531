/** A sign-in that an admin tried out. Times are epoch ms, 0 where the thing never happened. */
export interface SsoTest {
  readonly id: string
  readonly connectionId: string
  readonly userId: string
  readonly state: 'open' | 'started' | 'passed' | 'failed'
  /** Why it failed: the rule and what was wrong; empty otherwise. */
  readonly reason: string
  readonly detail: TestDetail
  readonly createdAt: number
  readonly finishedAt: number
}

/** What the IdP sent, and what would come of it. */
export interface TestDetail {
  readonly nameId?: string
  readonly nameIdFormat?: string
  /** What a real sign-in with this assertion would do. */
  readonly outcome?: string
  /** Whose account it is; empty for one that does not exist yet. */
  readonly signsInAs?: string
  readonly attributes?: readonly TestedAttribute[]
}

export interface TestedAttribute {
  readonly name: string
  readonly values: readonly string[]
  /** What it is used for, in words; empty for nothing. */
  readonly meaning: readonly string[]
}
