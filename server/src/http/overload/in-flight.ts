import type { FastifyReply } from 'fastify'
import type { Limits } from '../../limits/limits.ts'
import { importances, type Importance } from './importance.ts'

/** A request that is being worked on. */
export interface Admitted {
  readonly tenant: TenantFlight
  readonly admittedAt: number
  readonly reply: FastifyReply
}

interface TenantFlight {
  count: number
}

/** Of the limit, how much is open to each: the less important find it full first. */
const shares: Readonly<Record<Importance, number>> = { count: 0.7, list: 0.8, read: 0.9, write: 1, reserved: 1.1 }

type FlightLimits = Pick<Limits, 'inFlightMax' | 'inFlightPerTenantMax'>

/** The requests one node works on, and how many of them are each tenant's. */
export class InFlight {
  readonly #admitted = new Set<Admitted>()
  readonly #byTenant = new Map<string, TenantFlight>()
  readonly #ofNode: Readonly<Record<Importance, number>>
  readonly #ofTenant: Readonly<Record<Importance, number>>

  constructor({ inFlightMax, inFlightPerTenantMax }: FlightLimits) {
    this.#ofNode = placesFor(inFlightMax)
    this.#ofTenant = placesFor(inFlightPerTenantMax)
  }

  get size(): number {
    return this.#admitted.size
  }

  /** Which limit leaves no place for one more of this importance. */
  fullFor(tenantId: string, importance: Importance): 'node' | 'tenant' | undefined {
    if (this.#admitted.size >= this.#ofNode[importance]) return 'node'
    return this.#tenant(tenantId).count >= this.#ofTenant[importance] ? 'tenant' : undefined
  }

  add(tenantId: string, reply: FastifyReply, admittedAt: number): Admitted {
    const tenant = this.#tenant(tenantId)
    tenant.count += 1
    const admitted = { tenant, admittedAt, reply }
    this.#admitted.add(admitted)
    return admitted
  }

  remove(admitted: Admitted): void {
    if (this.#admitted.delete(admitted)) admitted.tenant.count -= 1
  }

  /** Takes out what was admitted before, the oldest first, and forgets tenants that ask for nothing. */
  takeBefore(instant: number): Admitted[] {
    for (const [tenantId, { count }] of this.#byTenant) if (count === 0) this.#byTenant.delete(tenantId)
    const late = [...this.#admitted].filter(({ admittedAt }) => admittedAt < instant)
    for (const admitted of late) this.remove(admitted)
    return late
  }

  #tenant(tenantId: string): TenantFlight {
    let tenant = this.#byTenant.get(tenantId)
    if (tenant === undefined) this.#byTenant.set(tenantId, (tenant = { count: 0 }))
    return tenant
  }
}

function placesFor(max: number): Readonly<Record<Importance, number>> {
  const places = (importance: Importance) =>
    max === 0 ? Number.POSITIVE_INFINITY : Math.ceil(max * shares[importance])
  return {
    count: places('count'),
    list: places('list'),
    read: places('read'),
    write: places('write'),
    reserved: places('reserved'),
  }
}

/** From the first to be refused: 1 and up. */
export function rankOf(importance: Importance): number {
  return importances.indexOf(importance) + 1
}
