import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { pathOf } from './request-context.ts'

/** One line per request, without query, body or credential; while draining every answer also closes its connection. */
export function addRequestLog(app: FastifyInstance, log: Logger, isDraining: () => boolean): void {
  // Redaction costs more than the line itself, and there is nothing in it to redact.
  const lines = log.child({}, { redact: [] })
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isDraining()) reply.header('connection', 'close')
    done(null, payload)
  })
  app.addHook('onResponse', (request, reply, done) => {
    lines.info(
      {
        requestId: request.id,
        method: request.method,
        path: pathOf(request.url),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        tenantId: request.ctx?.tenantId,
        actor: request.ctx === undefined ? undefined : `${request.ctx.actor.kind}:${request.ctx.actor.id}`,
      },
      'request',
    )
    done()
  })
}
