import { connect } from 'node:net'

/** An answer as it stood on the wire. */
export interface RawAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  /** Whether the server closed the connection by itself. */
  readonly closed: boolean
}

const patienceMs = 100

/** Sends exactly these bytes and gives back the first answer; what HTTP clients refuse to send is sent here. */
export function rawRequest(port: number, bytes: string | Buffer): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let text = ''
    let timer: NodeJS.Timeout | undefined
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    const finish = (closed: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ ...parse(text), closed })
    }
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8')
      // The whole answer is here; a server that closes does so within the patience.
      if (isComplete(text)) timer ??= setTimeout(() => finish(false), patienceMs)
    })
    socket.on('end', () => finish(true))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A server that refuses before it has read everything resets the connection; its answer counts all the same.
      if (text === '') reject(error)
      else finish(true)
    })
  })
}

function isComplete(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  // 100 Continue is followed by the answer proper.
  if (/^HTTP\/1\.1 1\d\d /.test(text)) return end !== -1 && isComplete(text.slice(end + 4))
  return end !== -1 && Buffer.byteLength(text.slice(end + 4)) >= Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0)
}

function parse(text: string): Omit<RawAnswer, 'closed'> {
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = new Map(
    lines.map(
      (line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const,
    ),
  )
  return { status: Number(first.split(' ')[1]), headers, body: text.slice(end + 4) }
}
