import type { Db } from '../db/db.ts'

/** A credential as it arrives. */
export interface Presented {
  readonly db: Db
  readonly tenantId: string
  readonly token: string
  readonly now: Date
}
