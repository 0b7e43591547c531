import type { Readable } from 'node:stream'

/** What a request is answered with; text is JSON already. */
export interface ScimAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object | string | Readable
}
