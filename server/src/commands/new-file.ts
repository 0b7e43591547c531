import {
  closeSync,
  createWriteStream,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  type WriteStream,
} from 'node:fs'
import { dirname } from 'node:path'
import { ApiError } from '../errors/api-error.ts'
import { Refused } from './refused.ts'

/**
 * Writes a file that must not exist yet: under another name beside it, for the owner alone, and only once it is whole and
 * on the disk under its own. Nothing is ever overwritten.
 *
 * @throws invalid_request · Refused where the file exists
 */
export async function createNewFile<T>(file: string, write: (stream: WriteStream) => Promise<T>): Promise<T> {
  if (existsSync(file)) throw fileExists(file)
  const draft = `${file}.partial-${process.pid}`
  const handle = openDraft(draft)
  const forget = () => rmSync(draft, { force: true })
  const stopped = (signal: NodeJS.Signals) => {
    forget()
    process.kill(process.pid, signal)
  }
  process.once('SIGINT', stopped).once('SIGTERM', stopped)
  try {
    const result = await write(createWriteStream(draft, { fd: handle, autoClose: false }))
    fsyncSync(handle)
    putInPlace(draft, file)
    return result
  } finally {
    process.off('SIGINT', stopped).off('SIGTERM', stopped)
    closeSync(handle)
    forget()
  }
}

function openDraft(draft: string): number {
  try {
    return openSync(draft, 'wx', 0o600)
  } catch (error) {
    throw new ApiError('invalid_request', { detail: `${draft} cannot be written.`, cause: error })
  }
}

/** A second name fails where the file exists by now; renaming would overwrite it. */
function putInPlace(draft: string, file: string): void {
  try {
    linkSync(draft, file)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    if (code === 'EEXIST') throw fileExists(file)
    // File systems without second names (FAT, some network shares).
    if (existsSync(file)) throw fileExists(file)
    renameSync(draft, file)
  }
  syncFolder(dirname(file))
}

/** The name, too, has to be on the disk. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  fsyncSync(handle)
  closeSync(handle)
}

function fileExists(file: string): Refused {
  return new Refused(`${file} exists; name a new file.`)
}
