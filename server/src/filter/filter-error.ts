/** A filter that cannot be read, or asks for what is not offered. The edge answers 400: nothing of it was run. */
export class FilterError extends Error {
  /** A path in RQL (`$and[1].email.$foo`), else `column 17`. */
  readonly at: string
  /** The message without its hint, for clients that have no use for a list of what there is. */
  readonly brief: string

  constructor(at: string, problem: string, hint = '') {
    super(located(at, `${problem}${hint}`))
    this.at = at
    this.brief = located(at, problem)
  }
}

function located(at: string, problem: string): string {
  return at === '' ? problem : `${problem} (at ${at})`
}

const quotedMax = 40

/** The client's words inside a message: short, and on one line whatever they hold. */
export function quote(text: string): string {
  return JSON.stringify(text.length > quotedMax ? `${text.slice(0, quotedMax)}…` : text)
}
