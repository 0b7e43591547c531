import { v4 as uuid } from 'uuid'
import type { Db } from '../db/db.ts'
import type { Limits } from '../limits/limits.ts'
import type { Budget } from './budget.ts'
import { LeasedBudget } from './leased-budget.ts'
import { MemoryBudget } from './memory-budget.ts'
import { policiesFrom, type Policy, type PolicyName } from './policies.ts'
import { SharedBuckets } from './shared-buckets.ts'

export interface Budgets {
  /** Null where the policy is switched off. */
  readonly of: Readonly<Record<Exclude<PolicyName, 'mails'>, Budget | null>>
  /** Resolves when nothing is under way; called before the database closes. */
  settle(): Promise<void>
}

/** The rates of requests: in memory where one process serves the database, else shared through it. */
export function openBudgets(db: Db, limits: Limits): Budgets {
  const policies = policiesFrom(limits)
  const shared = new SharedBuckets(db)
  const node = uuid()
  const open = (policy: Policy | null, trust = 0): Budget | null => {
    if (policy === null) return null
    if (db.engine.dialectName === 'sqlite') return new MemoryBudget(policy)
    return new LeasedBudget({ policy, shared, node, trust })
  }
  return {
    of: {
      token: open(policies.token),
      'scim-token': open(policies['scim-token']),
      tenant: open(policies.tenant),
      // Requests from addresses never seen before cost nothing; they must not cost a row of the database either.
      address: open(policies.address, Math.floor(limits.addressPerMinute / 100)),
      invites: open(policies.invites),
    },
    settle: () => shared.settle(),
  }
}
