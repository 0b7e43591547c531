import { authorize, may } from '../access/authorize.ts'
import type { Ctx } from '../access/ctx.ts'
import * as queries from './audit-log.queries.ts'
import type { AuditEvent, EventQuery } from './audit-log.schema.ts'

/** Events, newest first. @throws insufficient_role */
export async function listEvents(ctx: Ctx, query: EventQuery): Promise<AuditEvent[]> {
  authorize(ctx, 'events:read')
  return queries.selectEvents(ctx.db, ctx.tenantId, query)
}

export interface RecentEvents {
  /** Sign-ins of the person. */
  readonly login: readonly AuditEvent[]
  /** What the person did as an admin. */
  readonly admin: readonly AuditEvent[]
}

const none: RecentEvents = { login: [], admin: [] }

interface Person {
  readonly id: string
  /** People who never signed in have no sign-ins to look for. */
  readonly hasSignedIn: boolean
  /** Nor have people who never acted anything they did as an admin. */
  readonly hasActed: boolean
}

/** The newest events of each user, at most `max` of each kind; nobody's for those who may not see them. */
export async function listRecentEvents(
  ctx: Ctx,
  people: readonly Person[],
  max: number,
): Promise<(userId: string) => RecentEvents> {
  if (!may(ctx, 'users:read-all-fields') || max === 0) return () => none
  const admin = await queries.selectRecent(ctx.db, ctx.tenantId, {
    column: 'actor_id',
    category: 'admin',
    ids: idsOf(people.filter(({ hasActed }) => hasActed)),
    max,
  })
  const login = await queries.selectRecent(ctx.db, ctx.tenantId, {
    column: 'subject_id',
    category: 'sign-in',
    ids: idsOf(people.filter(({ hasSignedIn }) => hasSignedIn)),
    max,
  })
  if (admin.length === 0 && login.length === 0) return () => none
  const adminOf = Map.groupBy(admin, (event) => event.actorId)
  const loginOf = Map.groupBy(login, (event) => event.subjectId)
  return (userId) => ({ login: loginOf.get(userId) ?? [], admin: adminOf.get(userId) ?? [] })
}

function idsOf(people: readonly Person[]): string[] {
  return people.map(({ id }) => id)
}
