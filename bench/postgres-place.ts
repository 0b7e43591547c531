import type { PostgresLocation } from '../server/src/db/location.ts'

/**
 * The PostgreSQL to measure on, as a server has it: DATABASE_URL with a role that owns nothing, DATABASE_OWNER_URL with one that
 * may create databases. Null where neither is set: then SQLite is measured.
 */
export function readPostgres(env: NodeJS.ProcessEnv): PostgresLocation | null {
  const { DATABASE_URL: url = '', DATABASE_OWNER_URL: ownerUrl = '' } = env
  if (url === '' && ownerUrl === '') return null
  if (url === '' || ownerUrl === '') throw new Error('DATABASE_URL and DATABASE_OWNER_URL must both be set')
  return { kind: 'postgres', url, ownerUrl }
}

/** Another database of the same server. */
export function atDatabase({ url, ownerUrl }: PostgresLocation, name: string) {
  return { kind: 'postgres', url: withDatabase(url, name), ownerUrl: withDatabase(ownerUrl ?? url, name) } as const
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}
