/**
 * Texts of SQL by their shape, each made once: constants of the program, the same for every request and tenant.
 * Shapes must be few, since nothing is ever forgotten.
 */
export class SqlTexts {
  readonly #texts = new Map<string, string>()

  get(shape: string, make: () => string): string {
    let text = this.#texts.get(shape)
    if (text === undefined) {
      text = make()
      this.#texts.set(shape, text)
    }
    return text
  }
}
