import type { FastifyInstance } from 'fastify'
import { pathOf } from './request-context.ts'

/** One line per request, without query, body or credential; while draining every answer also closes its connection. */
export function addRequestLog(app: FastifyInstance, isDraining: () => boolean): void {
  app.addHook('onSend', async (_request, reply) => {
    if (isDraining()) reply.header('connection', 'close')
  })
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        path: pathOf(request.url),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        tenantId: request.ctx?.tenantId,
        actor: request.ctx === undefined ? undefined : `${request.ctx.actor.kind}:${request.ctx.actor.id}`,
      },
      'request',
    )
  })
}
