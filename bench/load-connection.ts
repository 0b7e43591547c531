import { connect, type Socket } from 'node:net'
import type { RecordableHistogram } from 'node:perf_hooks'
import type { Request } from './requests.ts'

/** What the connections of one round add up. */
export interface Counted {
  requests: number
  failures: number
  firstFailure: string | null
  bodyBytes: number
  headerBytes: number
  /** Nanoseconds. */
  readonly latencies: RecordableHistogram
}

interface Target {
  readonly port: number
  readonly token: string
  readonly counted: Counted
}

const headEnd = Buffer.from('\r\n\r\n')

/**
 * One keep-alive connection that has one request under way at a time. It reads just enough HTTP for answers with a Content-Length,
 * because the driver must cost less than the bare server it drives; `node:http` as a client costs several times that server.
 */
export class LoadConnection {
  readonly #socket: Socket
  readonly #target: Target
  /** What has arrived of the answer under way. */
  #chunks: Buffer[] = []
  #received = 0
  /** Known once the head is complete. */
  #expected = -1
  #headLength = 0
  #sentAt = 0
  #end = 0
  #next: (() => Request) | undefined
  #done: () => void = () => {}
  #fail: (error: Error) => void = () => {}

  private constructor(socket: Socket, target: Target) {
    this.#socket = socket
    this.#target = target
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the server closed a connection that was under load')))
  }

  static open(target: Target): Promise<LoadConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(target.port, '127.0.0.1')
      socket.once('error', reject)
      socket.once('connect', () => resolve(new LoadConnection(socket, target)))
    })
  }

  /** Resolves when the last answer has come. @param end of `performance.now()` */
  sendUntil(end: number, next: () => Request): Promise<void> {
    this.#end = end
    this.#next = next
    return new Promise((resolve, reject) => {
      this.#done = resolve
      this.#fail = reject
      this.#send()
    })
  }

  close(): void {
    this.#fail = () => {}
    this.#socket.destroy()
  }

  #send(): void {
    if (this.#next === undefined || performance.now() >= this.#end) {
      this.#done()
      return
    }
    const { port, token } = this.#target
    const { method, path, body } = this.#next()
    const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nAccept: application/json\r\n`
    const rest =
      body === undefined
        ? '\r\n'
        : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    this.#sentAt = performance.now()
    this.#socket.write(head + rest)
  }

  #read(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#received += chunk.length
    if (this.#expected === -1) this.#readHead()
    if (this.#expected === -1 || this.#received < this.#expected) return
    this.#count()
    this.#chunks = []
    this.#received = 0
    this.#expected = -1
    this.#send()
  }

  #readHead(): void {
    const all = this.#joined()
    const end = all.indexOf(headEnd)
    if (end === -1) return
    const head = all.toString('latin1', 0, end)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (length === undefined) {
      this.#fail(new Error(`an answer without Content-Length cannot be measured:\n${head}`))
      return
    }
    this.#headLength = end + headEnd.length
    this.#expected = this.#headLength + Number(length)
  }

  #joined(): Buffer {
    const [first] = this.#chunks
    if (first === undefined || this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0] ?? Buffer.alloc(0)
  }

  #count(): void {
    const { counted } = this.#target
    counted.requests += 1
    counted.headerBytes += this.#headLength
    counted.bodyBytes += this.#expected - this.#headLength
    counted.latencies.record(Math.max(1, Math.round((performance.now() - this.#sentAt) * 1e6)))
    const [first] = this.#chunks
    // "HTTP/1.1 200": anything else is not what is measured.
    if (first !== undefined && first.toString('latin1', 9, 12) === '200') return
    counted.failures += 1
    counted.firstFailure ??= this.#joined().toString('utf8')
  }
}
