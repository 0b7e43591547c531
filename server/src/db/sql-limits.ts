import type { Limits } from '../limits/limits.ts'

/** What of the limits concerns the database. */
export type SqlLimits = Pick<
  Limits,
  'sqlConnectionsMax' | 'sqlConnectionWaitMs' | 'sqlLockWaitMs' | 'sqlStatementMs' | 'sqlIdleTransactionMs'
>
