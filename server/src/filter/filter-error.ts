/** A filter that cannot be read, or asks for what is not offered. The edge answers 400: nothing of it was run. */
export class FilterError extends Error {
  /** A path in RQL (`$and[1].email.$foo`), else `column 17`. */
  readonly at: string

  constructor(at: string, problem: string) {
    super(at === '' ? problem : `${problem} (at ${at})`)
    this.at = at
  }
}

const quotedMax = 40

/** The client's words inside a message: short, and on one line whatever they hold. */
export function quote(text: string): string {
  return JSON.stringify(text.length > quotedMax ? `${text.slice(0, quotedMax)}…` : text)
}
