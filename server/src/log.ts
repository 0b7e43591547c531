import { setTimeout as wait } from 'node:timers/promises'
import { pino, type Logger } from 'pino'
import type { Config } from './config.ts'

/** So that a quiet server, too, shows what it did. */
const flushEveryMs = 1_000
const flushMaxMs = 500

export interface OpenLog {
  readonly log: Logger
  /** Before the process ends: writes what waits, unless nobody takes it. */
  readonly closeLog: () => Promise<void>
}

/** Structured lines on standard output; what could be a secret is cut out wherever it turns up. */
export function openLog({ mode, logLevel }: Pick<Config, 'mode' | 'logLevel'>): OpenLog {
  const destination = pino.destination({
    fd: 1,
    sync: false,
    minLength: mode === 'development' ? 0 : 4096,
    periodicFlush: flushEveryMs,
  })
  const log = pino(
    {
      level: logLevel,
      base: { mode },
      // Whatever an error drags along; request lines carry nothing of the kind and go past this (http/request-log.ts).
      redact: {
        paths: ['err.config', 'err.options', '*.authorization', '*.cookie', '*.password', '*.accessToken', '*.token'],
        censor: '[secret]',
      },
    },
    destination,
  )
  const closeLog = async () => {
    const isWritten = new Promise<boolean>((resolve) =>
      destination.flush((error) => resolve(error === undefined || error === null || isNoFile(error))),
    )
    // At exit pino writes what is left, again and again until it can: with a reader that is gone, for ever.
    if (!(await Promise.race([isWritten, wait(flushMaxMs, false)]))) destination.destroy()
  }
  return { log, closeLog }
}

/** A pipe was written to, but cannot be synced. */
function isNoFile(error: Error): boolean {
  return 'code' in error && error.code === 'EINVAL'
}
