import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RunError } from '../run-error.ts'

export interface Venv {
  readonly python: string
  /** Version of pyatlan that the requirements pin. */
  readonly version: string
}

const oldestMinor = 9

/**
 * The virtual environment with what a requirements file pins; made when missing or when the file has changed.
 *
 * @throws RunError when there is no usable Python, or pip cannot install
 */
export function prepareVenv(requirementsFile: string, cacheFolder: string): Venv {
  const requirements = readFileSync(requirementsFile, 'utf8')
  const version = /^pyatlan==(\S+)$/m.exec(requirements)?.[1]
  if (version === undefined) throw new RunError(`${requirementsFile} does not pin pyatlan with ==.`)
  const base = findPython()
  const folder = join(cacheFolder, `muster-python-${version}`)
  const python = process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python')
  const stampFile = join(folder, 'muster-stamp')
  const stamp = createHash('sha256').update(`${base.version}\n${requirements}`).digest('hex')
  if (existsSync(python) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp)
    return { python, version }

  rmSync(folder, { recursive: true, force: true })
  process.stdout.write(`Installing pyatlan ${version} into ${folder}\n`)
  mustSucceed(
    base.command,
    ['-m', 'venv', folder],
    'Python cannot make a virtual environment; on Debian and Ubuntu install python3-venv',
  )
  mustSucceed(
    python,
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirementsFile],
    'pip cannot install the client',
  )
  writeFileSync(stampFile, stamp)
  return { python, version }
}

function findPython(): { command: string; version: string } {
  const found: string[] = []
  for (const command of [process.env['PYTHON'], 'python3', 'python']) {
    if (command === undefined || command === '') continue
    const asked = spawnSync(command, ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'], {
      encoding: 'utf8',
    })
    const version = asked.status === 0 ? asked.stdout.trim() : ''
    const [major = 0, minor = 0] = version.split('.').map(Number)
    if (major === 3 && minor >= oldestMinor) return { command, version }
    if (version !== '') found.push(`${command} is ${version}`)
  }
  const seen = found.length === 0 ? 'none was found' : found.join(', ')
  throw new RunError(
    `Python 3.${oldestMinor} or newer is needed to run the official client; ${seen}. Install it, or name it in PYTHON.`,
  )
}

function mustSucceed(command: string, args: readonly string[], problem: string): void {
  const done = spawnSync(command, args, { encoding: 'utf8' })
  if (done.status !== 0)
    throw new RunError(`${problem}:\n${done.error?.message ?? ''}${done.stdout ?? ''}${done.stderr ?? ''}`)
}
