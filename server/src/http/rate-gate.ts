import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Actor } from '../access/actor.ts'
import type { Budget } from '../rates/budget.ts'
import type { Verdict } from '../rates/bucket.ts'
import type { Budgets } from '../rates/budgets.ts'
import { limitField, policyField, rateLimited } from '../rates/rate-fields.ts'
import { addressKey } from './address-key.ts'

/** One request on its way in. */
export interface Arrival {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly tenantId: string
  readonly now: number
}

/** What a caller is held to, with the field that names it, made once. */
interface Policies {
  readonly budgets: readonly Budget[]
  readonly field: string
}

/** Holds requests to the rates of the security contract, section 6, and tells every answer how much is left. */
export class RateGate {
  readonly #token: Policies
  readonly #scimToken: Policies
  readonly #address: Policies
  readonly #invites: Policies
  /** Refusals so far, by policy. */
  readonly refusals = new Map<string, number>()

  constructor({ of }: Budgets) {
    this.#token = together(of.token, of.tenant)
    this.#scimToken = together(of['scim-token'], of.tenant)
    this.#address = together(of.address)
    this.#invites = together(of.invites)
  }

  /** A request without a valid credential. @throws rate_limited */
  async passAnonymous(arrival: Arrival): Promise<void> {
    await this.#pass(arrival, this.#address, addressKey(arrival.request.ip))
  }

  /** @throws rate_limited; a promise only where the database must be asked */
  passActor(arrival: Arrival, { kind, id }: Actor): Promise<void> | undefined {
    return this.#pass(arrival, kind === 'scim_token' ? this.#scimToken : this.#token, id)
  }

  /** A call that invites: counted for the person, whatever token is used. @throws rate_limited */
  async passInvite(arrival: Arrival, { id, userId }: Actor): Promise<void> {
    await this.#take(arrival, this.#invites.budgets, userId ?? id, { at: 0, left: '' })
  }

  #pass(arrival: Arrival, { budgets, field }: Policies, key: string): Promise<void> | undefined {
    if (budgets.length === 0) return undefined
    const taken = { at: 0, left: '' }
    const waiting = this.#take(arrival, budgets, key, taken)
    if (waiting !== undefined) return waiting.then(() => tell(arrival.reply, field, taken.left))
    tell(arrival.reply, field, taken.left)
    return undefined
  }

  /** One after the other: what is refused by the first takes nothing from the second, which is everybody's. */
  #take(
    arrival: Arrival,
    budgets: readonly Budget[],
    key: string,
    taken: { at: number; left: string },
  ): Promise<void> | undefined {
    const { tenantId, now } = arrival
    for (; taken.at < budgets.length; taken.at += 1) {
      const budget = budgets[taken.at]
      if (budget === undefined) break
      const verdict = budget.take(tenantId, budget.policy.name === 'tenant' ? '' : key, now)
      if (verdict instanceof Promise) {
        return verdict.then((late) => {
          this.#note(budget, late, taken)
          taken.at += 1
          return this.#take(arrival, budgets, key, taken)
        })
      }
      this.#note(budget, verdict, taken)
    }
    return undefined
  }

  #note({ policy }: Budget, verdict: Verdict, taken: { left: string }): void {
    if (!verdict.isAllowed) {
      this.refusals.set(policy.name, (this.refusals.get(policy.name) ?? 0) + 1)
      throw rateLimited(policy, verdict.waitMs)
    }
    taken.left = taken.left === '' ? limitField(policy, verdict) : `${taken.left}, ${limitField(policy, verdict)}`
  }

  /** A redirect is answered by the next request, which must not wait because of the fields of the last. */
  stripRedirect(reply: FastifyReply): void {
    if (reply.statusCode < 300 || reply.statusCode > 399) return
    reply.removeHeader('ratelimit-policy')
    reply.removeHeader('ratelimit')
  }
}

/** The first is the caller's own, the second that of everybody of the tenant. */
function together(...budgets: readonly (Budget | null)[]): Policies {
  const on = budgets.filter((budget) => budget !== null)
  return { budgets: on, field: on.map(({ policy }) => policyField(policy)).join(', ') }
}

function tell(reply: FastifyReply, policies: string, left: string): void {
  reply.header('ratelimit-policy', policies)
  reply.header('ratelimit', left)
}
