import { newSecret } from '../../src/secrets/secrets.ts'
import type { TestApp } from '../start-test-app.ts'
import type { Caller } from './draw-request.ts'
import type { KnownValues } from './known-values.ts'

/** Credentials of every kind; one that the fuzz itself revoked, demoted or deleted is replaced. */
export class Callers {
  readonly #t: TestApp
  readonly #known: KnownValues
  readonly #tokens = new Map<Caller, string>()
  #people = 0

  constructor(t: TestApp, known: KnownValues) {
    this.#t = t
    this.#known = known
  }

  /** The secret to show; null for none. */
  async secretOf(caller: Caller): Promise<string | null> {
    if (caller === 'nobody') return null
    if (caller === 'unknown') return newSecret('mst_')
    if (caller === 'foreigner') return this.#t.other.token
    const token = this.#tokens.get(caller) ?? (await this.#make(caller))
    this.#tokens.set(caller, token)
    return token
  }

  /** After a 401: whoever should be let in gets another credential. */
  async renew(caller: Caller): Promise<void> {
    const token = this.#tokens.get(caller)
    if (token === undefined) return
    const { status } = await this.#t.get('/api/service/whoami', { token })
    if (status === 401) this.#tokens.delete(caller)
  }

  async #make(caller: Caller): Promise<string> {
    if (caller === 'admin') return this.#t.serviceToken('$admin', this.#t.acme, ['sign-in-settings'])
    if (caller !== 'person') return this.#t.serviceToken(caller === 'member' ? '$member' : '$guest')
    this.#people += 1
    // The tenant's first token may have been revoked by now.
    const tenant = { ...this.#t.acme, token: await this.#t.serviceToken('$admin') }
    const { id, token } = await this.#t.addUser(`person-${this.#people}`, '$admin', tenant)
    // People are asked about under their own id more often than chance would have it.
    for (let copy = 0; copy < 3; copy += 1) this.#known.learn('users', { id })
    return token
  }
}
