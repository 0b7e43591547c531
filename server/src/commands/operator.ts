import { systemActor } from '../access/actor.ts'
import type { Ctx } from '../access/ctx.ts'
import type { Db } from '../db/db.ts'
import { defaultLimits } from '../limits/limits.ts'
import { v4 as uuid } from 'uuid'

/** The host operator as the actor, for one command; the tenant is set by what the command is about. */
export function operatorCtx(db: Db, tenantId: string, now = new Date()): Ctx {
  return {
    db: db.forTenant(tenantId),
    tenantId,
    actor: systemActor,
    now,
    requestId: uuid(),
    origin: { address: '', userAgent: 'muster-server', door: 'system' },
    // The operator asks as often as needed.
    limits: { ...defaultLimits, mailsPerHour: 0 },
  }
}
