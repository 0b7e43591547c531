/** An e-mail domain a workspace says is its own. Times are epoch ms, 0 where the thing never happened. */
export interface Domain {
  readonly id: string
  /** A-labels, lower case. */
  readonly name: string
  /** What the TXT record must hold. */
  readonly challenge: string
  readonly verifiedAt: number
  /** How it was proven: `dns` or `operator`; empty while it is not. */
  readonly verifiedBy: string
  readonly createdAt: number
  readonly createdBy: string
}

/** Texts of a name's TXT records; empty when there are none. Trouble with the DNS is thrown. */
export type TxtResolver = (name: string) => Promise<readonly string[]>

/** Where the record is looked for. */
export function recordName({ name }: Pick<Domain, 'name'>): string {
  return `_muster-challenge.${name}`
}
