/** A bounded number of things by tenant and key, the oldest of which are given up first. */
export class Keyed<T> {
  readonly #byTenant = new Map<string, Map<string, T>>()
  readonly #sizeMax: number
  #size = 0

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  get size(): number {
    return this.#size
  }

  get(tenantId: string, key: string): T | undefined {
    return this.#byTenant.get(tenantId)?.get(key)
  }

  add(tenantId: string, key: string, value: T): void {
    if (this.#size >= this.#sizeMax) this.#dropOldest()
    let ofTenant = this.#byTenant.get(tenantId)
    if (ofTenant === undefined) this.#byTenant.set(tenantId, (ofTenant = new Map<string, T>()))
    ofTenant.set(key, value)
    this.#size += 1
  }

  /** Forgets what is of no more use. */
  sweep(isIdle: (value: T) => boolean): void {
    for (const [tenantId, ofTenant] of this.#byTenant) {
      for (const [key, value] of ofTenant) {
        if (isIdle(value) && ofTenant.delete(key)) this.#size -= 1
      }
      if (ofTenant.size === 0) this.#byTenant.delete(tenantId)
    }
  }

  /** Of the tenant with the most, so that a flood against one does not make others forget; many at once, as looking costs. */
  #dropOldest(): void {
    let largest = new Map<string, T>()
    for (const ofTenant of this.#byTenant.values()) if (ofTenant.size > largest.size) largest = ofTenant
    const dropped = [...largest.keys().take(Math.ceil(largest.size / 16))]
    for (const key of dropped) largest.delete(key)
    this.#size -= dropped.length
  }
}
