/** Remembers the longest of many waits until somebody asks. */
export class LongestWait {
  #longestMs = 0

  note(startedAt: number): void {
    const waitedMs = performance.now() - startedAt
    if (waitedMs > this.#longestMs) this.#longestMs = waitedMs
  }

  takeMs(): number {
    const longestMs = this.#longestMs
    this.#longestMs = 0
    return longestMs
  }
}
