import type { Config } from '../config.ts'

/** Where people reach a tenant: from configuration alone, never from a request. Without a final slash. */
export function tenantUrl(config: Config, port: number, slug: string): string {
  const base = config.publicUrl ?? new URL(`http://127.0.0.1:${port}`)
  if (slug === config.defaultTenant) return base.origin
  const suffix = base.port === '' ? '' : `:${base.port}`
  return `${base.protocol}//${slug}.${config.baseDomain}${suffix}`
}
