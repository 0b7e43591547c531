const everyMs = 2_000

/** Says on standard error how far long work has come; what is done within two seconds says nothing. */
export class Progress {
  readonly #what: string
  #saidAt = Date.now()

  constructor(what: string) {
    this.#what = what
  }

  report(text: () => string): void {
    const now = Date.now()
    if (now - this.#saidAt < everyMs) return
    this.#saidAt = now
    process.stderr.write(`${this.#what}: ${text()}\n`)
  }
}
