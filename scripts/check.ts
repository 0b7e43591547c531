/** `npm run check`: everything that a change must pass, in order; `npm run check -- lint types` for some of it. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'

const root = path.dirname(import.meta.dirname)

interface Step {
  readonly name: string
  readonly args?: readonly string[]
  /** The step counts once this file is there. */
  readonly file?: string
}

const steps: readonly Step[] = [
  { name: 'fmt', args: ['--check'] },
  { name: 'lint' },
  { name: 'types' },
  { name: 'boundaries' },
  { name: 'dead' },
  { name: 'openapi', args: ['--check'], file: 'scripts/openapi.ts' },
  { name: 'reference', args: ['--check'], file: 'scripts/reference.ts' },
  { name: 'tidy' },
  { name: 'test' },
]

process.exitCode = check(process.argv.slice(2))

function check(names: readonly string[]): number {
  const unknown = names.filter((name) => !steps.some((step) => step.name === name))
  if (unknown.length > 0)
    throw new Error(`no such check: ${unknown.join(', ')}; there is ${steps.map((step) => step.name).join(', ')}`)
  const wanted = steps
    .filter((step) => names.length === 0 || names.includes(step.name))
    .filter((step) => step.file === undefined || existsSync(path.join(root, step.file)))
  const results = wanted.map(runStep)
  console.log(`\n${results.map(({ row }) => row).join('\n')}`)
  const failed = results.filter(({ isOk }) => !isOk).length
  console.log(`check: ${results.length - failed} ok, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

function runStep({ name, args = [] }: Step): { row: string; isOk: boolean } {
  console.log(`\n── ${name}`)
  const started = performance.now()
  const { status } = spawnSync(process.execPath, [path.join(root, 'scripts/bootstrap.mjs'), 'run', name, ...args], {
    stdio: 'inherit',
  })
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(7)
  return { row: `${name.padEnd(12)}${seconds} s  ${status === 0 ? 'ok' : 'failed'}`, isOk: status === 0 }
}
