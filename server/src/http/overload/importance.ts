import type { FastifyContextConfig, FastifyRequest } from 'fastify'

/** In the order in which they are refused when there is too much to do. Security contract, 9.2. */
export const importances = ['count', 'list', 'read', 'write', 'reserved'] as const

export type Importance = (typeof importances)[number]

/** A list that has to count what its filter finds costs more than one that need not. */
export function importanceOf({ importance = 'read' }: FastifyContextConfig, { query }: FastifyRequest): Importance {
  if (importance !== 'list') return importance
  const { filter, count }: { filter?: unknown; count?: unknown } = query ?? {}
  const isCounted = filter !== undefined && filter !== '' && String(count).toLowerCase() !== 'false'
  return isCounted ? 'count' : 'list'
}
