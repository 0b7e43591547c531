import { timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics, register as ofProcess } from 'prom-client'
import { isLoopback } from '../config.ts'
import { invalidToken } from '../errors/api-error.ts'

export interface MetricsSource {
  readonly token: string | null
  /** Items that wait in the outbox, over all tenants, and the age of the oldest due one in seconds. */
  outboxDepth(): Promise<{ waiting: number; oldestSeconds: number }>
  /** Events without a place in the audit chain, over all tenants, and the age of the oldest in seconds. */
  unsealedEvents(): Promise<{ events: number; oldestSeconds: number }>
  databaseUp(): Promise<boolean>
  /** Requests refused for their rate, by policy. */
  readonly rateLimited: ReadonlyMap<string, number>
  /** Requests refused for the load, by reason and kind of request. */
  readonly shed: ReadonlyMap<string, number>
  /** Connections refused, by reason. */
  readonly refusedConnections: ReadonlyMap<string, number>
  readonly inFlight: () => number
  readonly databaseKind: string
}

/** Prometheus metrics: for loopback, or whoever has the metrics token. */
export function addMetrics(app: FastifyInstance, source: MetricsSource): void {
  const registry = new Registry()
  watchProcess()
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
  addRefusals(registry, source)
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown'
    durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
    if (reply.statusCode >= 400) refusals.inc({ status: reply.statusCode })
    done()
  })
  app.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    if (!mayRead(request, source.token))
      throw invalidToken(request.headers.authorization === undefined ? '' : undefined)
    return reply.type(registry.contentType).send(await Registry.merge([ofProcess, registry]).metrics())
  })
}

/**
 * Memory, processor time, garbage: once for the process, in the library's own registry. Its observers never end, and would
 * hold every server that a process ever had.
 */
function watchProcess(): void {
  if (ofProcess.getSingleMetric('process_cpu_seconds_total') === undefined) collectDefaultMetrics()
}

function addGauges(registry: Registry, source: MetricsSource): void {
  const outbox = readTogether(() => source.outboxDepth())
  const unsealed = readTogether(() => source.unsealedEvents())
  const gauges: readonly Omit<GaugeOf, 'registry'>[] = [
    { name: 'muster_outbox_waiting', help: 'Outbox items not yet done.', read: async () => (await outbox()).waiting },
    {
      name: 'muster_outbox_oldest_due_seconds',
      help: 'Age of the oldest outbox item that is due.',
      read: async () => (await outbox()).oldestSeconds,
    },
    // Both stay near zero: what is not sealed could still be changed without a trace.
    {
      name: 'muster_events_unsealed',
      help: 'Events that are not in the audit chain yet.',
      read: async () => (await unsealed()).events,
    },
    {
      name: 'muster_events_oldest_unsealed_seconds',
      help: 'Age of the oldest event that is not in the audit chain yet.',
      read: async () => (await unsealed()).oldestSeconds,
    },
  ]
  for (const gauge of gauges) addGauge({ registry, ...gauge })
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

interface GaugeOf {
  readonly registry: Registry
  readonly name: string
  readonly help: string
  readonly read: () => Promise<number>
}

/** Gauges of one scrape are collected at once; what several of them show is one query. */
function readTogether<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | null = null
  return () => (reading ??= read().finally(() => (reading = null)))
}

/** Each sets its own value: one that another sets would show the figure of the scrape before. */
function addGauge({ registry, name, help, read }: GaugeOf): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      // When the database is away everything else is wanted most: muster_database_up says 0 then.
      this.set(await read().catch(() => Number.NaN))
    },
  })
}

/** What the guards count by themselves. */
function addRefusals(registry: Registry, { rateLimited, shed, refusedConnections, inFlight }: MetricsSource): void {
  const add = (name: string, help: string, labelNames: string[], counts: ReadonlyMap<string, number>) =>
    new Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset()
        for (const [key, count] of counts) this.labels(...key.split(' ')).inc(count)
      },
    })
  add('muster_rate_limited_total', 'Requests refused with 429, by the rate they were over.', ['policy'], rateLimited)
  const kinds = ['reason', 'kind']
  add('muster_requests_shed_total', 'Requests refused with 503 because there was too much to do.', kinds, shed)
  add('muster_connections_refused_total', 'Connections refused, by the limit.', ['limit'], refusedConnections)
  new Gauge({
    name: 'muster_requests_in_flight',
    help: 'Requests that are being worked on.',
    registers: [registry],
    collect() {
      this.set(inFlight())
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
