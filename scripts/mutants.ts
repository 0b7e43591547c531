/**
 * `npm run test:mutants`: takes one tenant condition at a time out of a copy of the server, and demands that a test fails.
 * server/test/tenant-mutants.json says which test does; that is verified, not trusted. A mutant it does not know is tried
 * against every likely test. `--update` writes what was found; `--only <part of a key>` runs some,
 * `--missing` those for which no test is named yet.
 */
import { spawn } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { applyMutant, listMutants, type Mutant } from './tenant-conditions.ts'
import type { TestMessage } from './test-shard.ts'

const root = path.dirname(import.meta.dirname)
const mapFile = path.join(root, 'server/test/tenant-mutants.json')

/** A test that fails without the condition. */
interface Killer {
  readonly file: string
  readonly test: string
}

interface MutantMap {
  readonly killed: Record<string, Killer>
  /** Why nobody could notice: such mutants are not run. */
  readonly equivalent: Record<string, string>
}

interface Verdict {
  readonly mutant: Mutant
  readonly killer: Killer | null
}

const { values } = parseArgs({
  options: {
    update: { type: 'boolean', default: false },
    missing: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
})

const map: MutantMap = JSON.parse(readFileSync(mapFile, 'utf8'))
process.exitCode = await run()

async function run(): Promise<number> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))
  const started = performance.now()
  const all = listMutants(root)
  const wanted = all
    .filter(({ key }) => values.only === undefined || key.includes(values.only))
    .filter(({ key }) => !values.missing || !(key in map.killed))
  const mutants = wanted.filter(({ key }) => !(key in map.equivalent))
  const workshops = Array.from({ length: Math.min(2, availableParallelism()) }, makeWorkshop)
  const verdicts = await judgeAll(workshops, mutants)
  const survivors = verdicts.filter(({ killer }) => killer === null)
  for (const { mutant } of survivors) console.log(`✗ no test notices: ${mutant.key}`)
  const keys = new Set(all.map(({ key }) => key))
  const stale = Object.keys(map.equivalent).filter((key) => !keys.has(key))
  for (const key of stale) console.log(`✗ listed as equivalent, and not in the code: ${key}`)
  const failed = survivors.length + stale.length
  const equivalent = wanted.length - mutants.length
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  console.log(
    `${wanted.length} tenant conditions: ${verdicts.length - survivors.length} noticed, ${equivalent} equivalent, ${survivors.length} not noticed, ${seconds} s`,
  )
  console.log(`${verdicts.length - survivors.length} passed, ${failed} failed`)
  return failed === 0 && verdicts.length > 0 ? 0 : 1
}

/** A copy of the tree whose files may be broken. */
function makeWorkshop(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'muster-mutants-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const part of ['server', 'scripts', 'package.json', 'openapi.json', 'tsconfig.json'])
    cpSync(path.join(root, part), path.join(folder, part), { recursive: true })
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  return folder
}

function judgeAll(workshops: readonly string[], mutants: readonly Mutant[]): Promise<Verdict[]> {
  const sound = new Map<string, Promise<boolean>>()
  return inParallel(workshops, mutants, async (workshop, mutant) => {
    const started = performance.now()
    const killer = await findKiller(workshop, mutant, sound)
    const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6)
    const noticed = killer === null ? 'NOT NOTICED' : `${killer.file}: ${killer.test}`
    console.log(`${seconds} s  ${mutant.key}\n          ${noticed}`)
    if (values.update && killer !== null) map.killed[mutant.key] = killer
    if (values.update) writeMap()
    return { mutant, killer }
  })
}

async function findKiller(
  workshop: string,
  mutant: Mutant,
  sound: Map<string, Promise<boolean>>,
): Promise<Killer | null> {
  for (const file of candidates(mutant)) {
    const test = await failureUnder(workshop, mutant, file)
    if (test === null) continue
    // A test that fails without any change, too, would prove nothing.
    const isSound = sound.get(file) ?? firstFailure(workshop, file).then((failure) => failure === null)
    sound.set(file, isSound)
    if (await isSound) return { file, test }
    console.log(`fails without any change, and proves nothing: ${file}`)
  }
  return null
}

async function failureUnder(workshop: string, mutant: Mutant, file: string): Promise<string | null> {
  const target = path.join(workshop, mutant.file)
  const text = readFileSync(target, 'utf8')
  writeFileSync(target, applyMutant(text, mutant))
  try {
    return await firstFailure(workshop, file)
  } finally {
    writeFileSync(target, text)
  }
}

/** The test that noticed last time; then those about tenants, those of the feature. */
function candidates({ key, file }: Mutant): string[] {
  const known = map.killed[key]?.file
  const feature = globSync(`${path.dirname(file)}/*.test.ts`, { cwd: root }).toSorted()
  const whole = ['tenant-statements.sqlite', 'tenant-twin', 'tenant-isolation'].map(
    (name) => `server/test/${name}.test.ts`,
  )
  return [...new Set([...(known === undefined ? [] : [known]), ...whole, ...feature])]
}

/** The title of the first test of a file that fails, at which the run is ended; null when all pass. */
function firstFailure(workshop: string, file: string): Promise<string | null> {
  const env: NodeJS.ProcessEnv = { ...process.env, MUSTER_TEST_DATABASE: 'sqlite' }
  const child = spawn(process.execPath, [path.join(workshop, 'scripts/test-shard.ts'), file], {
    cwd: workshop,
    env,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const kill = (): boolean => child.kill('SIGKILL')
  process.on('exit', kill)
  let failure: string | null = null
  let isDone = false
  child.on('message', (message: TestMessage) => {
    if (message.kind === 'done') isDone = true
    const isFailure = message.kind === 'problem' || (message.kind === 'test' && message.outcome !== 'passed')
    if (!isFailure || failure !== null) return
    failure = message.kind === 'test' ? message.title : message.text
    kill()
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', () => {
      process.off('exit', kill)
      resolve(failure ?? (isDone ? null : 'the test process ended early'))
    })
  })
}

/** Each workshop takes the next piece of work when it has done the last. */
async function inParallel<Work, Result>(
  workshops: readonly string[],
  works: readonly Work[],
  act: (workshop: string, work: Work) => Promise<Result>,
): Promise<Result[]> {
  const left = [...works.entries()]
  const results: Result[] = []
  await Promise.all(
    workshops.map(async (workshop) => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const [at, work] = next
        results[at] = await act(workshop, work)
      }
    }),
  )
  return results
}

/** Without what the code has no longer. */
function writeMap(): void {
  const keys = new Set(listMutants(root).map(({ key }) => key))
  const kept = Object.entries(map.killed).filter(([key]) => keys.has(key))
  const killed = Object.fromEntries(kept.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(mapFile, `${JSON.stringify({ killed, equivalent: map.equivalent }, null, 2)}\n`)
}
