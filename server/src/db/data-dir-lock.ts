import { join } from 'node:path'
import Connection from 'better-sqlite3'
import { ConfigError } from '../config.ts'

/**
 * Keeps a second server off one SQLite file: an exclusive transaction on a file beside it,
 * which the system ends with the process, however that ends.
 */
export function lockDataDir(dataDir: string): void {
  const lock = new Connection(join(dataDir, 'server.lock'), { timeout: 0 })
  try {
    lock.exec('begin exclusive')
  } catch (error) {
    throw new ConfigError(`another Muster server uses ${dataDir}; stop it, or set MUSTER_DATA_DIR to another folder.`, { cause: error })
  }
  held.push(lock)
}

/** Referenced for the life of the process, or the lock would go with the garbage. */
const held: Connection.Database[] = []
