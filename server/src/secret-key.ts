import { randomBytes } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, type Config, type Secrets } from './config.ts'

const fileName = 'secret-key'

/**
 * What private keys are sealed with. With SQLite the first start writes one beside the database; nodes that share
 * a PostgreSQL must share the key too, so there it must be set.
 *
 * @throws ConfigError
 * @source contract/security-and-reliability.md 9.4
 */
export function secretKey(config: Pick<Config, 'dataDir'>, secrets: Secrets, kind: 'sqlite' | 'postgres'): string {
  if (secrets.secretKey !== null) return secrets.secretKey
  if (kind === 'postgres') {
    throw new ConfigError(
      'MUSTER_SECRET_KEY is not set; with PostgreSQL every node needs the same one: 43 base64url characters, e.g. from openssl rand -base64 32 | tr +/ -_ | tr -d =.',
    )
  }
  const file = join(config.dataDir, fileName)
  try {
    writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx', flush: true })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
    throw new ConfigError(`${file} may be read by others; take their rights away (chmod go= ${file}).`)
  }
  return readFileSync(file, 'utf8').trim()
}
