import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'

/** With one piece of the source on top it stays far below the 1 MiB that a stalled reader may hold. */
const bufferedBytes = 64 * 1024

/**
 * An answer made while it is read: the source is asked for more only as the reader takes it, and a reader who takes
 * nothing for this long is cut off. An error of the source cuts the answer off, too.
 *
 * @source contract/security-and-reliability.md, section 6
 */
export function streamLines(request: FastifyRequest, source: AsyncIterable<string>, stallMaxMs: number): Readable {
  // Node destroys a socket that runs out of time, and sets the time anew when the answer has ended.
  request.raw.socket.setTimeout(stallMaxMs)
  return Readable.from(source, { objectMode: false, highWaterMark: bufferedBytes })
}
