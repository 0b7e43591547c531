import type { Db, Trx } from '../db/db.ts'
import type { Limits } from '../limits/limits.ts'
import type { Actor } from './actor.ts'

export type Door = 'rest' | 'scim' | 'saml' | 'console' | 'system'

/** Where a request came from. */
export interface Origin {
  readonly address: string
  readonly userAgent: string
  readonly door: Door
}

/** A request as a value: nothing in it changes while the request runs. */
export interface Ctx {
  /** Outside a transaction: reads only. */
  readonly db: Db
  readonly tenantId: string
  readonly actor: Actor
  /** One instant; expiry is compared with it, never with the wall clock. */
  readonly now: Date
  readonly requestId: string
  readonly origin: Origin
  readonly limits: Limits
  /** Present where effect and answer are committed together; inTransaction asks it, nobody else. */
  readonly held?: Held
}

/** Runs the transactions of a request inside one that ends when the answer is known. */
export interface Held {
  run<T>(ctx: Ctx, work: (ctx: TrxCtx) => Promise<T>): Promise<T>
}

/** Inside a transaction: the transaction is the only database in reach. */
export interface TrxCtx extends Omit<Ctx, 'db'> {
  readonly db: Trx
}

/** What a reading function takes: it works on either handle. */
export type ReadCtx = Ctx | TrxCtx
