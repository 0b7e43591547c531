import { createRequire } from 'node:module'
import type pg from 'pg'

const load = createRequire(import.meta.url)

/** The driver, loaded with the first connection: servers on SQLite never need it. */
export function driver(): typeof pg {
  const loaded: typeof pg = load('pg')
  // int8 counters and times fit a double for the next 280,000 years of milliseconds.
  loaded.types.setTypeParser(loaded.types.builtins.INT8, Number)
  return loaded
}
