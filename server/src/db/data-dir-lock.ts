import { accessSync, chmodSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import Connection from 'better-sqlite3'
import { ConfigError } from '../config.ts'

/** Held while somebody refers to it; the system ends it with the process, however that ends. */
export interface DataDirLock {
  release(): void
}

/** Keeps a second server off one SQLite file: an exclusive transaction on a file beside it. */
export function lockDataDir(dataDir: string): DataDirLock {
  const lock = new Connection(join(dataDir, 'server.lock'), { timeout: 0 })
  try {
    lock.exec('begin exclusive')
  } catch (error) {
    throw new ConfigError(`another Muster server uses ${dataDir}; stop it, or set MUSTER_DATA_DIR to another folder.`, {
      cause: error,
    })
  }
  return { release: () => void lock.close() }
}

/** A folder that belongs to the server alone. */
export function prepareDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    chmodSync(dataDir, 0o700)
    accessSync(dataDir, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new ConfigError(
      `MUSTER_DATA_DIR is ${dataDir}, where nothing can be written; name a folder that belongs to the server.`,
      { cause: error },
    )
  }
}
