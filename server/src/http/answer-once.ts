import type { FastifyReply } from 'fastify'
import type { Ctx } from '../access/ctx.ts'
import type { Answer, Made, Repeats } from '../repeats/repeats.ts'
import type { RequestKey } from '../repeats/request-key.ts'

/** What an operation's handler is given, as far as repeats are concerned. */
interface Input {
  readonly ctx: Ctx
  readonly reply: FastifyReply
}

/** A secret that an answer shows, once. */
export interface ShownSecret<I> {
  /** Names of the answer's fields that hold it; they are never stored. */
  readonly fields: readonly string[]
  /** Answers a repeat: the same object, with a new secret in place of the one before. */
  readonly redraw: (input: I, stored: Readonly<Record<string, unknown>>) => Promise<unknown>
}

interface Keyed<I> {
  readonly repeats: Repeats
  readonly key: RequestKey
  readonly input: I
  readonly status: number
  readonly secret: ShownSecret<I> | undefined
}

/** Larger answers are not kept: a repeat is judged as a new request. No create answers with as much. */
const keptMaxBytes = 64 * 1024

/** Answers a request that carries a key: the first time by the handler, later with what it answered. */
export async function answerOnce<I extends Input>(
  { repeats, key, input, status, secret }: Keyed<I>,
  handle: (input: I) => unknown,
): Promise<FastifyReply> {
  const { ctx, reply } = input
  const before = reply.getHeaders()
  const { answer, isRepeat } = await repeats.answer(ctx, key, async (ctx): Promise<Made> => {
    const body = toText(await handle({ ...input, ctx }))
    const answer = { status, headers: addedHeaders(before, reply), body }
    // A cookie is a credential that nothing draws anew: such an answer is not kept at all.
    return { answer, toKeep: reply.hasHeader('set-cookie') ? null : keepable(answer, secret?.fields) }
  })
  if (!isRepeat) return send(reply, answer)
  reply.headers(answer.headers).header('idempotent-replayed', 'true')
  if (secret === undefined || (await hasHungUp(reply))) return send(reply, answer)
  return send(reply, { ...answer, body: toText(await secret.redraw(input, JSON.parse(answer.body))) })
}

/**
 * Whoever hung up has asked again since, or will: nobody would read this secret, and it would end the one they got.
 * Some turns of the event loop later it is known, even where the end of the connection waited in line behind the request.
 */
async function hasHungUp(reply: FastifyReply): Promise<boolean> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise(setImmediate)
  return reply.raw.socket?.destroyed === true
}

/** Undefined is an empty body; text is JSON already made. */
function toText(result: unknown): string {
  if (result === undefined) return ''
  return typeof result === 'string' ? result : JSON.stringify(result)
}

function send(reply: FastifyReply, { status, body }: Answer): FastifyReply {
  reply.code(status)
  return body === '' ? reply.send() : reply.type('application/json; charset=utf-8').send(body)
}

/** What the handler itself set; the rest is made for every answer anew. */
function addedHeaders(before: ReturnType<FastifyReply['getHeaders']>, reply: FastifyReply): Record<string, string> {
  const added: Record<string, string> = {}
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined && value !== before[name]) added[name] = String(value)
  }
  return added
}

function keepable(answer: Answer, secretFields: readonly string[] | undefined): Answer | null {
  const body = secretFields === undefined ? answer.body : without(answer.body, secretFields)
  return Buffer.byteLength(body) > keptMaxBytes ? null : { ...answer, body }
}

function without(body: string, fields: readonly string[]): string {
  return JSON.stringify(JSON.parse(body, (name, value: unknown) => (fields.includes(name) ? undefined : value)))
}
