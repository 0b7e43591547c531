import type { FastifyRequest } from 'fastify'

/**
 * Whether a request may come from one of our own pages, as far as the browser tells: it names another origin, or another
 * site, where it does not. Browsers send at least one of the two with every POST; programs need send neither.
 *
 * @source contract/security-and-reliability.md 7.2 and V-W1
 */
export function isSameOrigin(request: FastifyRequest): boolean {
  const site = request.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  const { origin } = request.headers
  if (origin === undefined) return true
  // Our pages tell nobody where one came from, so that Chromium and Firefox name no origin for their forms either; the
  // site they name by themselves, and no page can make them name another.
  if (origin === 'null') return site === 'same-origin'
  // The host is one that this workspace is served under, or nothing would have been looked up.
  const url = URL.parse(origin)
  return url !== null && url.host === hostOf(request)
}

function hostOf({ host, protocol }: FastifyRequest): string | undefined {
  return URL.parse(`${protocol}://${host}`)?.host
}
