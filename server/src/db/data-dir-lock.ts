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
