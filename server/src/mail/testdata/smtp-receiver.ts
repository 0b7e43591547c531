import { SMTPServer } from 'smtp-server'

/** A mail as it arrived. */
export interface Received {
  /** What the sender wrote after RCPT TO:, angle brackets included, to the byte. */
  readonly recipients: readonly string[]
  readonly from: string
  readonly secure: boolean
  readonly source: string
}

/** What the receiver answers to a recipient: null takes it. */
type Verdict = { readonly code: number; readonly text: string } | null

interface Options {
  readonly judge?: (recipient: string) => Verdict | Promise<Verdict>
  readonly offersTls?: boolean
}

/** A real mail server on a free port of this machine that keeps what it gets; dispose with `await using`. */
export class SmtpReceiver implements AsyncDisposable {
  readonly mails: Received[] = []
  readonly #first = Promise.withResolvers<Received>()
  readonly firstMail = this.#first.promise
  readonly #server: SMTPServer

  private constructor(server: (receiver: SmtpReceiver) => SMTPServer) {
    this.#server = server(this)
  }

  static async start({ judge = () => null, offersTls = false }: Options = {}): Promise<SmtpReceiver> {
    const receiver = new SmtpReceiver((self) => makeServer(self, judge, offersTls))
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve))
    return receiver
  }

  get port(): number {
    const address = this.#server.server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`
  }

  receive(mail: Received): void {
    this.mails.push(mail)
    this.#first.resolve(mail)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}

function makeServer(receiver: SmtpReceiver, judge: NonNullable<Options['judge']>, offersTls: boolean): SMTPServer {
  /** By remote port: the server's own parsing turns A-labels into Unicode, so the bytes are read before it. */
  const typed = new Map<number, string>()
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: offersTls ? ['AUTH'] : ['AUTH', 'STARTTLS'],
    lenientAddressParsing: true,
    closeTimeout: 100,
    onRcptTo: ({ address }, _session, done) => {
      Promise.resolve(judge(address)).then(
        (verdict) =>
          done(verdict === null ? null : Object.assign(new Error(verdict.text), { responseCode: verdict.code })),
        done,
      )
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const text = typed.get(session.remotePort) ?? ''
        typed.delete(session.remotePort)
        receiver.receive({
          recipients: [...text.matchAll(/^RCPT TO:(.*)\r\n/gm)].map((match) => match[1] ?? ''),
          from: session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address,
          secure: session.secure,
          source: Buffer.concat(chunks).toString('utf8'),
        })
        done()
      })
    },
  })
  server.server.on('connection', (socket) => {
    const port = socket.remotePort ?? 0
    socket.on('data', (chunk: Buffer) => typed.set(port, (typed.get(port) ?? '') + chunk.toString('latin1')))
  })
  return server
}

/** The values of a header as they stand, folded lines joined. */
export function headerValues({ source }: Received, name: string): string[] {
  const head = source.slice(0, source.indexOf('\r\n\r\n')).replaceAll(/\r\n[ \t]+/g, ' ')
  return head
    .split('\r\n')
    .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    .map((line) => line.slice(name.length + 1).trim())
}
