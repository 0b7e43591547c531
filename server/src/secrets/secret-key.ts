import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, type Config, type Secrets } from '../config.ts'

const fileName = 'secret.key'

interface Source {
  /** MUSTER_SECRET_KEY. */
  readonly configured: string | null
  /** Where the key of a single server is kept; null with PostgreSQL, where nodes must share one. */
  readonly dataDir: string | null
}

/**
 * The installation's secret, from which its keys are derived: as it is set, or else from a file in the data directory,
 * which the first start writes (docs/decisions/0012).
 *
 * @returns null with PostgreSQL while none is set
 */
export function loadSecretKey({ configured, dataDir }: Source): string | null {
  if (configured !== null) return configured
  if (dataDir === null) return null
  const file = join(dataDir, fileName)
  return readKeyFile(file) ?? writeKeyFile(file)
}

/**
 * The same for a server, which does not run without one: nodes that share a PostgreSQL must share the key too.
 *
 * @throws ConfigError
 * @source contract/security-and-reliability.md 9.4
 */
export function installationKey({ dataDir }: Pick<Config, 'dataDir'>, { secretKey, databaseUrl }: Secrets): string {
  const key = loadSecretKey({ configured: secretKey, dataDir: databaseUrl === null ? dataDir : null })
  if (key !== null) return key
  throw new ConfigError(
    'MUSTER_SECRET_KEY is not set; with PostgreSQL every node needs the same one: take the output of openssl rand -base64 32.',
  )
}

function readKeyFile(file: string): string | undefined {
  try {
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
      throw new ConfigError(`others may read ${file}; take their rights away (chmod 600 ${file}).`)
    }
    const key = readFileSync(file, 'utf8').trim()
    if (key.length < 32)
      throw new ConfigError(`${file} holds no key; put back the one of a backup, or remove the file.`)
    return key
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Two processes may do this at once: the file appears whole, and the one that comes second reads it. */
function writeKeyFile(file: string): string {
  const key = randomBytes(32).toString('base64url')
  const draft = `${file}.${process.pid}`
  const handle = openSync(draft, 'wx', 0o600)
  try {
    writeSync(handle, `${key}\n`)
    fsyncSync(handle)
    linkSync(draft, file)
    return key
  } catch (error) {
    const written = error instanceof Error && 'code' in error && error.code === 'EEXIST' ? readKeyFile(file) : undefined
    if (written === undefined) throw error
    return written
  } finally {
    closeSync(handle)
    rmSync(draft)
  }
}
