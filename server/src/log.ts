import { pino, type Logger } from 'pino'
import type { Mode } from './config.ts'

/** Structured lines on standard output; what could be a secret is cut out wherever it turns up. */
export function createLog(mode: Mode, level = process.env['LOG_LEVEL'] ?? 'info'): Logger {
  return pino(
    {
      level,
      base: { mode },
      redact: { paths: ['req.headers.authorization', 'req.headers.cookie', '*.password', '*.accessToken', '*.token'], censor: '[secret]' },
    },
    pino.destination({ fd: 1, sync: false, minLength: mode === 'development' ? 0 : 4096 }),
  )
}
