import assert from 'node:assert/strict'
import { catalogue } from '../../errors/catalogue.ts'

/** As much of an answer as an error shows. */
interface Refusal {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** Names that have a meaning for clients and must not appear. contract/rest-api.md, section 3. */
const forbidden = [
  'errorCode',
  'errorId',
  'errorMessage',
  'errorCause',
  'causes',
  'doc',
  'errorDoc',
  'error_description',
  'statusCode',
  'stack',
]

/** Holds an answer against the one shape of errors. */
export function assertErrorShape(
  { status, headers, body }: Refusal,
  code: keyof typeof catalogue,
  place: string,
): void {
  assert.equal(status, catalogue[code].status, `${place}: ${body}`)
  assert.match(headers.get('content-type') ?? '', /^application\/(problem\+)?json; charset=utf-8$/, place)
  const error = JSON.parse(body)
  assert.deepEqual(
    Object.keys(error),
    ['type', 'title', 'status', 'detail', 'code', 'error', 'message', 'info', 'requestId'],
    place,
  )
  assert.deepEqual(
    [error.type, error.title, error.status, error.code, error.error, error.info],
    [`urn:muster:error:${code}`, catalogue[code].title, status, status, code, null],
    place,
  )
  assert.equal(error.message, error.detail, place)
  assert.ok(error.message.length > 10 && /[.?]$/.test(error.message), `${place}: a sentence`)
  assert.ok(
    !/FST_|\b[A-Z]\w*Error\b|\bat \S+:\d+|node_modules|[Ss]qlite|[Pp]ostgres/.test(body),
    `${place}: nothing of the inside`,
  )
  for (const name of forbidden) assert.ok(!(name in error), `${place}: ${name}`)
  assert.equal(headers.get('x-atlan-request-id'), error.requestId, `${place}: the request id is a header too`)
  assert.equal(headers.get('cache-control'), 'no-store', place)
}

/** The headers of a client's answer in the form used here. */
export function headerMap(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Map<string, string> {
  return new Map(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
