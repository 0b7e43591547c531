import { Agent, request as httpRequest } from 'node:http'

/** One keep-alive connection after another; anything but a success ends the run. */
export class ScimClient {
  readonly #agent: Agent
  readonly #port: number
  readonly #token: string

  constructor(port: number, token: string, connections: number) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
    this.#port = port
    this.#token = token
  }

  /** The parsed body, or an empty object where there is none. */
  send(method: string, path: string, body?: object): Promise<Readonly<Record<string, unknown>>> {
    const payload = body === undefined ? undefined : JSON.stringify(body)
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        {
          agent: this.#agent,
          host: '127.0.0.1',
          port: this.#port,
          method,
          path: `/api/scim/v2/${path}`,
          headers: {
            authorization: `Bearer ${this.#token}`,
            'user-agent': 'bench',
            ...(payload === undefined
              ? {}
              : { 'content-type': 'application/scim+json', 'content-length': Buffer.byteLength(payload) }),
          },
        },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8')
            if ((response.statusCode ?? 0) >= 300)
              reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`))
            else resolve(text === '' ? {} : JSON.parse(text))
          })
        },
      )
      request.on('error', reject)
      request.end(payload)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
