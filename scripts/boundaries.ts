/** `npm run boundaries`: who may import whom, by the rules of .dependency-cruiser.cjs. */
import { existsSync, globSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { cruise, type ICruiseResult, type IFlattenedRuleSet, type ICruiseOptions } from 'dependency-cruiser'

const root = path.dirname(import.meta.dirname)

interface Violation {
  readonly rule: string
  readonly comment: string
  readonly from: string
  readonly to: string
}

interface Boundaries {
  readonly seen: readonly string[]
  readonly missed: readonly string[]
  readonly violations: readonly Violation[]
}

if (import.meta.main) process.exitCode = await printBoundaries(root)

/** Reads every workspace below the folder and holds its imports against the rules. */
export async function checkBoundaries(folder: string): Promise<Boundaries> {
  const workspaces = ['server', 'sdk', 'cli', 'console'].filter((workspace) => existsSync(path.join(folder, workspace)))
  const { options, forbidden } = readConfig()
  const { output } = await cruise(workspaces, { ...options, baseDir: folder, validate: true, ruleSet: { forbidden } })
  if (typeof output === 'string') throw new Error('dependency-cruiser answered with text')
  const seen = output.modules.map((module) => module.source).filter((source) => !source.includes('node_modules'))
  const wanted = globSync('server/src/**/*.ts', { cwd: folder })
  return {
    seen,
    missed: wanted.filter((file) => !seen.includes(file)),
    violations: output.summary.violations.map((violation) => toViolation(violation, forbidden)),
  }
}

type Rules = NonNullable<IFlattenedRuleSet['forbidden']>

function readConfig(): { forbidden: Rules; options: ICruiseOptions } {
  const config: { forbidden: Rules; options: ICruiseOptions } = createRequire(import.meta.url)(
    '../.dependency-cruiser.cjs',
  )
  return config
}

function toViolation(violation: ICruiseResult['summary']['violations'][number], rules: Rules): Violation {
  const { name } = violation.rule
  const way = violation.cycle?.map((step) => step.name).join(' → ') ?? violation.to
  return { rule: name, comment: rules.find((rule) => rule.name === name)?.comment ?? '', from: violation.from, to: way }
}

export function ruleNames(): string[] {
  return readConfig().forbidden.map((rule) => rule.name ?? '')
}

async function printBoundaries(folder: string): Promise<number> {
  const { seen, missed, violations } = await checkBoundaries(folder)
  for (const [rule, found] of Map.groupBy(violations, (violation) => violation.rule)) {
    console.log(`${rule}: ${found[0]?.comment}`)
    for (const { from, to } of found) console.log(`    ${from} → ${to}`)
  }
  for (const file of missed) console.log(`not seen: ${file}`)
  const server = seen.filter((file) => file.startsWith('server/src/')).length
  console.log(
    `boundaries: ${seen.length} files seen, ${server} of them in server/src; ${violations.length} violations, ${missed.length} missed`,
  )
  return violations.length === 0 && missed.length === 0 && server > 0 ? 0 : 1
}
