import type { Command } from 'commander'
import type { Checkpoint } from '../audit-chain/checkpoint-rules.ts'
import { missingTenants, verifyChain, type ChainReport } from '../audit-chain/verify.service.ts'
import type { Db } from '../db/db.ts'
import { ApiError } from '../errors/api-error.ts'
import { listTenants } from '../tenants/tenants.service.ts'
import { Refused } from './refused.ts'
import { Progress } from './progress.ts'
import { print, withDatabase } from './with-database.ts'

interface Wanted {
  /** Null means all tenants. */
  readonly slug: string | null
  readonly checkpoints: readonly Checkpoint[]
  readonly trustedKeys: readonly string[]
}

export interface TenantReport extends ChainReport {
  readonly tenant: string
  readonly ok: boolean
}

export interface AuditReport {
  readonly ok: boolean
  readonly tenants: readonly TenantReport[]
  /** Tenants of which there is a checkpoint and nothing else. */
  readonly missing: readonly string[]
}

/** Verifies and prints. @throws Refused */
export async function verifyAudit({ command, ...wanted }: Wanted & { readonly command: Command }): Promise<void> {
  const report = await withDatabase((db) => verifyTenants(db, wanted))
  print(command, report, describe(report))
  if (!report.ok) throw new Refused('the audit log does not verify')
}

export async function verifyTenants(db: Db, { slug, checkpoints, trustedKeys }: Wanted): Promise<AuditReport> {
  const all = await listTenants(db)
  const tenants = all.filter((tenant) => slug === null || tenant.slug === slug)
  if (slug !== null && tenants.length === 0) {
    throw new ApiError('invalid_request', {
      detail: `There is no tenant "${slug}"; muster-server tenants list shows all.`,
    })
  }
  const progress = new Progress('verify')
  const reports: TenantReport[] = []
  for (const { id, slug: tenant } of tenants) {
    const onProgress = (done: number, total: number) => progress.report(() => `${tenant}, ${done} of ${total} events`)
    const report = await verifyChain(db.forTenant(id), id, { checkpoints, trustedKeys, onProgress })
    reports.push({ tenant, ok: report.problemCount === 0, ...report })
  }
  const missing = missingTenants(
    checkpoints,
    all.map(({ id }) => id),
  )
  return { ok: missing.length === 0 && reports.every(({ ok }) => ok), tenants: reports, missing }
}

export function describe({ tenants, missing }: AuditReport): string[] {
  return [
    ...tenants.flatMap(describeTenant),
    ...missing.map((id) => `${id}\tMISSING\tthere is a checkpoint of this tenant, and nothing else`),
  ]
}

function describeTenant(report: TenantReport): string[] {
  const { tenant, ok, events, unsealed, checkpoints, otherKeys, problems, problemCount } = report
  const counts = `${events} events, ${unsealed} not sealed yet, ${checkpoints} checkpoints`
  return [
    `${tenant}\t${ok ? 'ok' : 'BROKEN'}\t${counts}`,
    ...(otherKeys.length === 0
      ? []
      : [`${tenant}\tnote\tsome checkpoints are signed by other keys: ${otherKeys.join(', ')}`]),
    ...problems.map(({ text }) => `${tenant}\tproblem\t${text}`),
    ...(problemCount > problems.length ? [`${tenant}\tproblem\tand ${problemCount - problems.length} more`] : []),
  ]
}
