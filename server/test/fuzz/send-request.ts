import type { Answer, RequestOptions } from '../test-client.ts'
import type { Operation } from '../contract-page.ts'
import type { TestApp } from '../start-test-app.ts'
import { collectionOf, type DrawnBody, type DrawnRequest } from './draw-request.ts'
import { Known, type KnownValues } from './known-values.ts'
import { changeRaw, mutate } from './odd-values.ts'

/** A request as it goes over the wire. */
export interface ReadyRequest {
  readonly method: string
  readonly path: string
  readonly options: RequestOptions
}

const placeholder = 'nothing-yet'

export function makeReady(drawn: DrawnRequest, known: KnownValues, token: string | null): ReadyRequest {
  const fill = (value: unknown) => filled(value, known)
  const path = drawn.operation.path.replaceAll(/\{([^}]+)\}/g, (_, name: string) =>
    encodeURIComponent(toText(fill(drawn.ids[name]))),
  )
  const query = drawn.query.flatMap(([name, value]) => queryPairs(name, fill(value)))
  const headers = Object.entries(drawn.headers).map(([name, value]) => [name, headerText(fill(value))] as const)
  return {
    method: drawn.operation.method,
    path: query.length === 0 ? path : `${path}?${query.join('&')}`,
    options: {
      token,
      headers: { ...Object.fromEntries(headers), ...(drawn.body === null ? {} : typeOf(drawn.body)) },
      ...bodyOf(drawn.body, fill),
    },
  }
}

/** Replaces what stands for a known value; JSON has no other values of classes. */
function filled(value: unknown, known: KnownValues): unknown {
  if (value instanceof Known) return known.find(value) ?? placeholder
  if (Array.isArray(value)) return value.map((inner) => filled(inner, known))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => [key, filled(inner, known)])
  return Object.fromEntries(entries)
}

function toText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  // Half a surrogate pair cannot be percent-encoded.
  return text.toWellFormed()
}

function queryPairs(name: string, value: unknown): string[] {
  const values = Array.isArray(value) ? value : [value]
  return values.map((one) => `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(toText(one))}`)
}

/** Node's client sends no control characters; those are tried over bare sockets (transport.test.ts). */
function headerText(value: unknown): string {
  return toText(value).replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?')
}

function typeOf({ type }: DrawnBody): Record<string, string> {
  return { 'content-type': type }
}

function bodyOf(body: DrawnBody | null, fill: (value: unknown) => unknown): Pick<RequestOptions, 'rawBody'> {
  if (body === null) return {}
  const value = fill(body.value)
  const text = JSON.stringify(body.mutation === null ? value : mutate(value, body.mutation)) ?? ''
  return { rawBody: body.raw === null ? text : changeRaw(text, body.raw) }
}

export async function send(t: TestApp, { method, path, options }: ReadyRequest): Promise<Answer> {
  const answer = await t.request(method, path, options)
  if (answer.status >= 500) throw new Error(`${answer.status} ${answer.text}`)
  return answer
}

/** Takes ids and names from what was shown, and the entity tag for the next If-Match; forgets what is gone. */
export function learnFrom(known: KnownValues, { operation, ids, body }: DrawnRequest, answer: Answer): void {
  if (answer.status === 404 && body === null) {
    for (const id of Object.values(ids)) if (id instanceof Known) known.forget(id.name, known.find(id) ?? '')
  }
  const { etag } = answer.headers
  if (etag !== undefined) known.learn('header', { 'if-match': etag })
  if (answer.status !== 200 || !(answer.headers['content-type'] ?? '').startsWith('application/json')) return
  known.learn(collectionOf(operation.path), answer.json)
}

/** The examples of the contract page are values that mean something, too. */
export function learnExamples(known: KnownValues, operations: readonly Operation[]): void {
  for (const { path, spec } of operations) {
    for (const { example, examples } of Object.values(spec.requestBody?.content ?? {})) {
      const several = Object.values(examples ?? {}).flatMap((one) => ('value' in one ? [one.value] : []))
      for (const value of [example, ...several]) learnDeep(known, collectionOf(path), value)
    }
  }
}

function learnDeep(known: KnownValues, collection: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) known.learn(collection, value)
  for (const inner of Object.values(value)) learnDeep(known, collection, inner)
}
