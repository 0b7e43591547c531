import { connect, type Socket } from 'node:net'

/** A connection on which a test says as much as it likes, and hears what comes back. */
export class OpenRequest {
  readonly #socket: Socket
  #heard = ''
  /** Until the server is gone, or we are. */
  readonly closed: Promise<void>
  /** Until the whole answer is here, or the connection is closed. */
  readonly answered: Promise<void>

  constructor(port: number, bytes = '') {
    this.#socket = connect(port, '127.0.0.1')
    this.send(bytes)
    // A server that closes while we write resets the connection.
    this.#socket.on('error', () => {})
    this.closed = new Promise((resolve) => this.#socket.once('close', () => resolve()))
    this.answered = new Promise((resolve) => {
      this.#socket.on('data', (chunk: Buffer) => {
        this.#heard += chunk.toString('utf8')
        if (isWhole(this.#heard)) resolve()
      })
      this.#socket.once('close', () => resolve())
    })
  }

  send(bytes: string): void {
    if (bytes !== '' && this.#socket.writable) this.#socket.write(bytes)
  }

  /** One byte at a time, for as long as the server listens. */
  drip(bytes: string, everyMs: number): void {
    let at = 0
    const timer = setInterval(() => this.send(bytes[(at += 1) - 1] ?? ''), everyMs)
    this.#socket.once('close', () => clearInterval(timer))
  }

  get heard(): string {
    return this.#heard
  }

  /** 0 while nothing was answered. */
  get status(): number {
    return Number(/^HTTP\/1\.1 (\d+)/.exec(this.#heard)?.[1] ?? 0)
  }

  close(): void {
    this.#socket.destroy()
  }
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  return end !== -1 && Buffer.byteLength(text.slice(end + 4)) >= Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0)
}
