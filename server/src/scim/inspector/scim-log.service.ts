import { authorize } from '../../access/authorize.ts'
import type { Ctx } from '../../access/ctx.ts'
import { notFound } from '../../errors/api-error.ts'
import { getSettings } from '../../scim-tokens/scim-settings.service.ts'
import * as queries from './scim-log.queries.ts'

const dayMs = 86_400_000

export interface LogStep {
  readonly subjectKind: string
  readonly subjectId: string
  readonly externalId: string
  readonly outcome: string
  readonly operation: string
  readonly attribute: string
  readonly note: string
  readonly before: string
  readonly after: string
}

export interface LogEntry extends queries.LogRow {
  readonly steps: readonly LogStep[]
}

/**
 * SCIM requests, newest first; older than the tenant keeps them there are none, whether they were deleted already or not.
 *
 * @throws insufficient_role
 * @source contract/scim.md 12
 */
export async function listLog(ctx: Ctx, query: queries.LogQuery): Promise<LogEntry[]> {
  authorize(ctx, 'sign-in:read')
  const { logDays } = await getSettings(ctx)
  const oldest = ctx.now.getTime() - logDays * dayMs
  const rows = await queries.selectEntries(ctx.db, ctx.tenantId, { ...query, from: Math.max(query.from, oldest) })
  return withSteps(ctx, rows)
}

/** One request with its bodies, redacted. @throws insufficient_role · scim_log_entry_not_found */
export async function getLogEntry(
  ctx: Ctx,
  seq: number,
): Promise<LogEntry & { readonly requestBody: string; readonly responseBody: string }> {
  authorize(ctx, 'sign-in:read')
  const { logDays } = await getSettings(ctx)
  const row = await queries.findEntry(ctx.db, ctx.tenantId, seq)
  if (row === undefined || row.at < ctx.now.getTime() - logDays * dayMs) throw notFound('scim_log_entry_not_found')
  const { request_body: requestBody, response_body: responseBody, ...rest } = row
  const [entry] = await withSteps(ctx, [rest])
  if (entry === undefined) throw notFound('scim_log_entry_not_found')
  return { ...entry, requestBody, responseBody }
}

async function withSteps(ctx: Ctx, rows: readonly queries.LogRow[]): Promise<LogEntry[]> {
  const steps = Map.groupBy(
    await queries.selectSteps(
      ctx.db,
      ctx.tenantId,
      rows.map(({ seq }) => seq),
    ),
    ({ seq }) => seq,
  )
  return rows.map((row) => ({ ...row, steps: (steps.get(row.seq) ?? []).map(toStep) }))
}

function toStep(row: queries.StepRow): LogStep {
  return {
    subjectKind: row.subject_kind,
    subjectId: row.subject_id,
    externalId: row.external_id,
    outcome: row.outcome,
    operation: row.operation,
    attribute: row.attribute,
    note: row.note,
    before: row.before_text,
    after: row.after_text,
  }
}
