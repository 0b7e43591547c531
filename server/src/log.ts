import { pino, type Logger } from 'pino'
import type { Mode } from './config.ts'

/** Structured lines on standard output; what could be a secret is cut out wherever it turns up. */
export function createLog(mode: Mode, level = process.env['LOG_LEVEL'] ?? 'info'): Logger {
  return pino(
    {
      level,
      base: { mode },
      // Whatever an error drags along; request lines carry nothing of the kind and go past this (http/request-log.ts).
      redact: {
        paths: ['err.config', 'err.options', '*.authorization', '*.cookie', '*.password', '*.accessToken', '*.token'],
        censor: '[secret]',
      },
    },
    pino.destination({ fd: 1, sync: false, minLength: mode === 'development' ? 0 : 4096 }),
  )
}
