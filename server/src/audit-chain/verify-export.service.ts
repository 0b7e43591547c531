import { keyIdOf } from '../secrets/signing.ts'
import { ChainCheck, sameLink, type Problem } from './chain-check-rules.ts'
import { isExportEnd, isWellSignedExport, readLine, type ExportEnd } from './export-rules.ts'

/** What was found out about an export, without any database. */
export interface ExportReport {
  readonly tenantId: string
  readonly events: number
  readonly fromSeq: number
  readonly toSeq: number
  /** Epoch ms at which it was signed; null when the end is missing. */
  readonly signedAt: number | null
  /** Personal parts that had been erased when it was made; the record may lie outside of it. */
  readonly erasedParts: number
  readonly problemCount: number
  readonly problems: readonly Problem[]
}

/** Checks that an export is whole, unchanged, and signed by one of these keys. */
export async function verifyExport(
  lines: AsyncIterable<string>,
  trustedKeys: readonly string[],
): Promise<ExportReport> {
  let check: ChainCheck | undefined
  let end: ExportEnd | undefined
  const strays: Problem[] = []
  for await (const text of lines) {
    const line = readLine(text)
    if (line === undefined || end !== undefined) {
      const what = line === undefined ? 'holds a line that is no event' : 'goes on behind its end'
      strays.push({ kind: 'changed', seq: check?.last.seq ?? 0, text: `the export ${what}` })
    } else if (isExportEnd(line)) end = line
    else {
      check ??= new ChainCheck({ tenantId: line.tenantId, after: { seq: line.seq - 1, hash: line.prevHash } })
      check.add(line)
    }
  }
  check ??= new ChainCheck({
    tenantId: end?.tenantId ?? '',
    after: { seq: end?.toSeq ?? 0, hash: end?.hash ?? '' },
  })
  for (const problem of [...strays, ...endProblems(check, end, trustedKeys)]) check.note(problem)
  return {
    tenantId: end?.tenantId ?? '',
    events: check.events,
    fromSeq: end?.fromSeq ?? 0,
    toSeq: check.last.seq,
    signedAt: end?.at ?? null,
    erasedParts: check.erasedParts,
    problemCount: check.problemCount,
    problems: check.problems,
  }
}

function endProblems(check: ChainCheck, end: ExportEnd | undefined, trustedKeys: readonly string[]): Problem[] {
  const { seq } = check.last
  if (end === undefined) return [{ kind: 'cut_off', seq, text: 'the export has no last line with a signature' }]
  const problems: Problem[] = []
  const note = (kind: Problem['kind'], text: string) => problems.push({ kind, seq: end.toSeq, text })
  if (!isWellSignedExport(end)) note('bad_checkpoint', 'the export is not signed by the key it names')
  if (!trustedKeys.includes(end.publicKey)) {
    note(
      'bad_checkpoint',
      `the export is signed by the key ${keyIdOf(end.publicKey)}, which is not this server’s; name the key with --key if you trust it`,
    )
  }
  const first = end.count === 0 ? end.fromSeq : end.fromSeq - 1
  const isWhole =
    check.events === end.count && seq === end.toSeq && check.start.seq === first && check.last.seq - first === end.count
  if (!isWhole) note('missing', 'the export does not hold the events that its last line names')
  else if (!sameLink(check.start.hash, end.prevHash) || !sameLink(check.last.hash, end.hash))
    note('rewritten', 'the events of the export are not those that were signed')
  return problems
}
