/**
 * `npm run test:stryker`: changes one operator, value or call at a time in the code that decides who somebody is (SAML checks,
 * sessions, tokens), and demands that the tests beside it notice at least 85 in 100 of the changes.
 * `--only saml` runs one part; `--report <file>` keeps Stryker's own report, which shows each change that nobody noticed.
 */
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'

const root = path.dirname(import.meta.dirname)
const scoreMin = 85

/**
 * Code, and the tests that are to notice when it changes, quick ones first: each change runs all that reach it until one
 * fails, in a process of its own.
 */
const parts = {
  saml: {
    mutate: [
      'server/src/saml/checks/*.ts',
      'server/src/saml/{algorithms,decrypt-assertion,read-assertion,second-reader,verify-response,verify-signature}.ts',
    ],
    tests: [
      'verify-response',
      'boundaries',
      'wrapping',
      'encryption',
      'second-reader',
      'signing-cost',
      'mutations',
    ].map((name) => `server/src/saml/${name}.test.ts`),
  },
  sessions: {
    mutate: [
      'server/src/sessions/{session-actor-rules,session-token.routes,sessions.queries,sessions.service,user-sessions.service}.ts',
      'server/src/authentication/session-token.{queries,service}.ts',
    ],
    tests: [
      'server/src/sessions/session-details.test.ts',
      'server/src/sessions/sessions.test.ts',
      'server/src/saml/logout.test.ts',
      'server/src/second-factors/totp.test.ts',
    ],
  },
  tokens: {
    mutate: [
      'server/src/api-tokens/{api-tokens,token-state,token-use}.service.ts',
      'server/src/api-tokens/api-tokens.queries.ts',
      'server/src/authentication/{api-token,oauth-access-token}.{queries,service}.ts',
      'server/src/authentication/{authentication.service,credential-kinds,kept-credentials}.ts',
      'server/src/secrets/secrets.ts',
    ],
    tests: [
      ...['token-use', 'token-decisions', 'api-tokens-list', 'token-lifetime', 'api-tokens', 'token-access'].map(
        (name) => `server/src/api-tokens/${name}.test.ts`,
      ),
      ...[
        'token-comparison',
        'credential-doors',
        'authorization-header',
        'two-nodes',
        'token-owner',
        'credential-states',
      ].map((name) => `server/src/authentication/${name}.test.ts`),
      'server/src/oauth-clients/access-tokens.test.ts',
    ],
  },
} as const

type Part = keyof typeof parts

/** The part of Stryker's report that is read here. */
interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly { readonly status: string }[] }>>
}

const noticed = new Set(['Killed', 'Timeout'])
const overlooked = new Set(['Survived', 'NoCoverage'])

const { values } = parseArgs({ options: { only: { type: 'string' }, report: { type: 'string' } } })
process.exitCode = await run()

async function run(): Promise<number> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))
  const wanted = (Object.keys(parts) as Part[]).filter((part) => values.only === undefined || part === values.only) // as: the keys of a literal
  if (wanted.length === 0) throw new Error(`--only has "${values.only}"; it takes ${Object.keys(parts).join(', ')}`)
  const tools = installTools()
  let [passed, failed] = [0, 0]
  for (const part of wanted) {
    const isGood = printScores(part, await mutate(part, tools))
    if (isGood) passed += 1
    else failed += 1
  }
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 && passed > 0 ? 0 : 1
}

/** Stryker, in a folder that only this command fills. */
function installTools(): string {
  const folder = path.join(root, 'node_modules/.cache/muster/stryker')
  const own = path.join(import.meta.dirname, 'stryker')
  const lock = readFileSync(path.join(own, 'package-lock.json'), 'utf8')
  const stamp = path.join(folder, 'stamp')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return path.join(folder, 'node_modules')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const file of ['package.json', 'package-lock.json']) cpSync(path.join(own, file), path.join(folder, file))
  console.log('stryker: installing …')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error('npm could not install Stryker; its output is above')
  writeFileSync(stamp, lock)
  return path.join(folder, 'node_modules')
}

/** Runs Stryker in a copy of the tree, which it changes. */
async function mutate(part: Part, tools: string): Promise<Report> {
  const folder = mkdtempSync(path.join(tmpdir(), 'muster-stryker-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  process.on('exit', remove)
  for (const name of ['server', 'scripts', 'package.json', 'openapi.json', 'tsconfig.json'])
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true })
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  const report = values.report ?? path.join(folder, 'report.json')
  writeFileSync(path.join(folder, 'stryker.config.json'), JSON.stringify(settings(part, { tools, report })))
  const stryker = path.join(tools, '@stryker-mutator/core/bin/stryker.js')
  // The runner starts `node`: it must be the pinned one, which reads TypeScript.
  const bin = path.join(root, 'node_modules/.bin')
  const env = {
    ...process.env,
    PATH: `${bin}${path.delimiter}${process.env['PATH'] ?? ''}`,
    MUSTER_TEST_DATABASE: 'sqlite',
    // Enough random documents to notice what the others do not; thousands would run for each change.
    SAML_MUTANTS: '40',
  }
  const child = spawn(process.execPath, [stryker, 'run', 'stryker.config.json'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const stop = (): boolean => child.kill()
  process.on('exit', stop)
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('exit', resolve))
  process.off('exit', stop)
  if (!existsSync(report)) throw new Error(`Stryker ended with ${code} and left no report`)
  const result: Report = JSON.parse(readFileSync(report, 'utf8'))
  remove()
  return result
}

function settings(part: Part, { tools, report }: { tools: string; report: string }): object {
  const { mutate, tests } = parts[part]
  return {
    plugins: [path.join(tools, '@stryker-mutator/tap-runner/dist/src/index.js')],
    testRunner: 'tap',
    tap: {
      testFiles: tests,
      nodeArgs: ['--disable-warning=ExperimentalWarning', '--test-reporter=tap', '-r', '{{hookFile}}', '{{testFile}}'],
    },
    mutate,
    // Most texts are reasons for the log, and names that nothing works without: neither says much about the tests.
    mutator: { excludedMutations: ['StringLiteral'] },
    inPlace: true,
    coverageAnalysis: 'perTest',
    concurrency: availableParallelism(),
    timeoutMS: 30_000,
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: report },
    allowEmpty: false,
    tempDirName: '.stryker-tmp',
  }
}

function printScores(part: Part, { files }: Report): boolean {
  let [all, good] = [0, 0]
  for (const [file, { mutants }] of Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const killed = mutants.filter(({ status }) => noticed.has(status)).length
    const total = killed + mutants.filter(({ status }) => overlooked.has(status)).length
    console.log(`${String(killed).padStart(5)} of ${String(total).padStart(4)}  ${file}`)
    all += total
    good += killed
  }
  const score = all === 0 ? 0 : (good / all) * 100
  console.log(`${part}: ${good} of ${all} changes noticed, ${score.toFixed(1)} %, ${scoreMin} % wanted`)
  return score >= scoreMin
}
