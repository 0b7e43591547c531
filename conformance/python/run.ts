import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { prepareFixture } from './fixture.ts'
import { startOwnServer } from '../own-server.ts'
import { RunError } from '../run-error.ts'
import { prepareVenv, type Venv } from './python-venv.ts'

const folder = import.meta.dirname
const root = join(folder, '..', '..')

const usage = `node conformance/python/run.ts [--client pinned|latest|both] [--url URL --token TOKEN] [-- pytest arguments]

Runs the acceptance scenarios of the official Python client. Without --url a server of this clone is started
for the run; DATABASE_URL and DATABASE_OWNER_URL make it use an empty PostgreSQL database. PYATLAN may stand for --client.`

const requirements = new Map([
  ['pinned', ['requirements.txt']],
  ['latest', ['requirements-latest.txt']],
  ['both', ['requirements.txt', 'requirements-latest.txt']],
])

/** An access token that is waited for must end soon; the tests are told, since they cannot ask a server for it. */
const ownSettings = { MUSTER_ACCESS_TOKEN_SECONDS: '3' }

interface Result {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

async function main(): Promise<number> {
  const { values, positionals } = readArguments()
  if (values.help) {
    process.stdout.write(`${usage}\n`)
    return 0
  }
  const files = requirements.get(values.client)
  if (files === undefined || (values.url === undefined) !== (values.token === undefined)) throw new RunError(usage)
  const venvs = files.map((file) => prepareVenv(join(folder, file), join(root, 'node_modules', '.cache')))
  const given =
    values.url !== undefined && values.token !== undefined ? { url: values.url, token: values.token } : undefined
  const target = given ?? (await startOwnServer(root, ownSettings))
  const results: Result[] = []
  try {
    await prepareFixture(target)
    for (const venv of venvs) results.push(await runSuite(venv, target, positionals))
  } finally {
    if ('stop' in target) await target.stop()
  }
  return report(results)
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        client: { type: 'string', default: process.env['PYATLAN'] ?? 'pinned' },
        url: { type: 'string' },
        token: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    })
  } catch (error) {
    throw new RunError(usage, { cause: error })
  }
}

async function runSuite(
  venv: Venv,
  target: { url: string; token: string; stop?: unknown },
  pytestArgs: readonly string[],
): Promise<Result> {
  process.stdout.write(`\npyatlan ${venv.version} against ${target.url}\n`)
  const scratch = mkdtempSync(join(tmpdir(), 'muster-python-result-'))
  try {
    const resultFile = join(scratch, 'result.xml')
    const child = spawn(venv.python, ['-m', 'pytest', '-v', `--junitxml=${resultFile}`, ...pytestArgs], {
      cwd: folder,
      env: {
        ...process.env,
        ...('stop' in target ? ownSettings : {}),
        MUSTER_BASE_URL: target.url,
        MUSTER_TOKEN: target.token,
        PYTHONDONTWRITEBYTECODE: '1',
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    await once(child, 'exit')
    return readResult(resultFile)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** A suite that ended without a result has failed, whatever its exit code. */
function readResult(file: string): Result {
  let xml: string
  try {
    xml = readFileSync(file, 'utf8')
  } catch (error) {
    throw new RunError('pytest ended without writing a result.', { cause: error })
  }
  const suite = /<testsuite [^>]*>/.exec(xml)?.[0] ?? ''
  const count = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? Number.NaN)
  const failed = count('failures') + count('errors')
  const skipped = count('skipped')
  const passed = count('tests') - failed - skipped
  if (Number.isNaN(passed)) throw new RunError('pytest wrote a result that cannot be read.')
  return { passed, failed, skipped }
}

function report(results: readonly Result[]): number {
  const sum = (key: keyof Result) => results.reduce((total, result) => total + result[key], 0)
  if (sum('skipped') > 0) process.stdout.write(`\n${sum('skipped')} skipped; pytest names the reasons above.`)
  process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed\n`)
  return results.every((result) => result.failed === 0 && result.passed > 0) ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof RunError)) throw error
  process.stderr.write(`${error.message}\n\n0 passed, 1 failed\n`)
  process.exitCode = 1
}
