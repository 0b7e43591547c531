import { timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import { isLoopback } from '../config.ts'
import { invalidToken } from '../errors/api-error.ts'

export interface MetricsSource {
  readonly token: string | null
  /** Items that wait in the outbox, over all tenants, and the age of the oldest due one in seconds. */
  outboxDepth(): Promise<{ waiting: number; oldestSeconds: number }>
  databaseUp(): Promise<boolean>
  readonly databaseKind: string
}

/** Prometheus metrics: for loopback, or whoever has the metrics token. */
export function addMetrics(app: FastifyInstance, source: MetricsSource): void {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const durations = new Histogram({
    name: 'muster_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the end of its answer, by route, method and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  })
  const refusals = new Counter({
    name: 'muster_http_errors_total',
    help: 'Answers with status 400 and above, by status.',
    labelNames: ['status'],
    registers: [registry],
  })
  addGauges(registry, source)
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown'
    durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
    if (reply.statusCode >= 400) refusals.inc({ status: reply.statusCode })
  })
  app.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    if (!mayRead(request, source.token))
      throw invalidToken(request.headers.authorization === undefined ? '' : undefined)
    return reply.type(registry.contentType).send(await registry.metrics())
  })
}

function addGauges(registry: Registry, source: MetricsSource): void {
  // When the database is away everything else is wanted most: muster_database_up says 0 then.
  const unknown = { waiting: Number.NaN, oldestSeconds: Number.NaN }
  // Each gauge must set its own value, or it shows the one of the scrape before; they are read together, so one query does.
  let reading: ReturnType<MetricsSource['outboxDepth']> | null = null
  const readDepth = () =>
    (reading ??= source
      .outboxDepth()
      .catch(() => unknown)
      .finally(() => (reading = null)))
  new Gauge({
    name: 'muster_outbox_waiting',
    help: 'Outbox items not yet done.',
    registers: [registry],
    async collect() {
      this.set((await readDepth()).waiting)
    },
  })
  new Gauge({
    name: 'muster_outbox_oldest_due_seconds',
    help: 'Age of the oldest outbox item that is due.',
    registers: [registry],
    async collect() {
      this.set((await readDepth()).oldestSeconds)
    },
  })
  new Gauge({
    name: 'muster_database_up',
    help: '1 when the database answers.',
    labelNames: ['kind'],
    registers: [registry],
    async collect() {
      this.set({ kind: source.databaseKind }, (await source.databaseUp()) ? 1 : 0)
    },
  })
}

function mayRead(request: FastifyRequest, token: string | null): boolean {
  // Behind a proxy everybody seems to come from loopback: the forwarded address decides.
  if (isLoopback(request.ip) && request.headers['x-forwarded-for'] === undefined) return true
  if (token === null) return false
  const given = Buffer.from(request.headers.authorization ?? '')
  const wanted = Buffer.from(`Bearer ${token}`)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}
