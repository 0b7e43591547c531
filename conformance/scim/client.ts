import { request as requestHttp, type IncomingHttpHeaders } from 'node:http'
import { request as requestHttps } from 'node:https'

/** One question and its answer, as they went over the wire. */
export interface Exchange {
  readonly method: string
  readonly url: string
  readonly sent: string | undefined
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface Answer extends Exchange {
  /** The parsed body; asking for it fails when the body is not JSON. */
  // Checks look at answers of every shape; they assert what they find.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly json: any
}

export interface SendOptions {
  readonly body?: unknown
  /** Sent as it is, instead of `body`. */
  readonly raw?: string | Buffer
  /** Null sends no credentials. */
  readonly token?: string | null
  readonly headers?: Readonly<Record<string, string | string[]>>
}

/** A server of SCIM, and what was said to it since the check began. */
export interface Client {
  /** Without a slash at its end. */
  readonly base: string
  readonly token: string
  readonly exchanges: Exchange[]
}

const answerMaxMs = 60_000

/** Sends to an address below the base, or to a whole URL. */
export async function send(
  client: Client,
  method: string,
  path: string,
  { body, raw, token = client.token, headers = {} }: SendOptions = {},
): Promise<Answer> {
  const url = /^https?:/.test(path) ? path : `${client.base}${path}`
  const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const {
    status,
    headers: answered,
    text,
  } = await exchange(method, url, payload, {
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(payload === undefined
      ? {}
      : { 'content-type': 'application/scim+json', 'content-length': String(Buffer.byteLength(payload)) }),
    ...headers,
  })
  const seen: Exchange = { method, url, sent: payload?.toString(), status, headers: answered, text }
  client.exchanges.push(seen)
  return {
    ...seen,
    get json() {
      return JSON.parse(text)
    },
  }
}

function exchange(
  method: string,
  url: string,
  payload: string | Buffer | undefined,
  headers: Readonly<Record<string, string | string[]>>,
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> {
  const open = url.startsWith('https:') ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const request = open(url, { method, headers, timeout: answerMaxMs }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      )
    })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${answerMaxMs} ms`)))
    request.on('error', reject)
    request.end(payload)
  })
}

/** What somebody needs to see what went wrong. */
export function describe({ method, url, sent, status, text }: Exchange): string {
  const cut = (part: string) => (part.length > 2_000 ? `${part.slice(0, 2_000)}…` : part)
  return `  > ${method} ${url}${sent === undefined ? '' : `\n  > ${cut(sent)}`}\n  < ${status}${text === '' ? '' : `\n  < ${cut(text)}`}`
}
