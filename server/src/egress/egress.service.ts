import { lookup, type LookupAddress } from 'node:dns'
import { request } from 'node:https'
import { BlockList, isIP } from 'node:net'
import { isPublicAddress } from './public-address-rules.ts'

/** Names, addresses and ranges of this host's own network that requests may go to all the same. */
export type EgressAllowance = readonly string[]

/** A request that was not made, or whose answer was not taken: with a reason that can be shown. */
export class EgressRefusal extends Error {}

interface Fetch {
  readonly url: string
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly allow: EgressAllowance
}

/**
 * Reads a text from another server: https, no redirects, and only from public addresses, looked at in the very look-up
 * whose answer the connection uses, so that a name cannot mean one address now and another a moment later.
 *
 * @throws EgressRefusal
 * @source contract/security-and-reliability.md 8.3, V-W4
 */
export async function fetchText(wanted: Fetch): Promise<string> {
  const url = requireUrl(wanted)
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const outgoing = request(
    url,
    {
      lookup: guardedLookup(wanted.allow),
      timeout: wanted.timeoutMs,
      signal: AbortSignal.timeout(wanted.timeoutMs),
      headers: { accept: 'application/samlmetadata+xml, application/xml, text/xml' },
      agent: false,
    },
    (answer) => {
      const { statusCode = 0 } = answer
      if (statusCode !== 200) {
        answer.destroy()
        reject(
          new EgressRefusal(
            `the answer has the status ${statusCode}${statusCode >= 300 && statusCode < 400 ? '; redirects are not followed' : ''}`,
          ),
        )
        return
      }
      const chunks: Buffer[] = []
      let length = 0
      answer.on('data', (chunk: Buffer) => {
        length += chunk.length
        chunks.push(chunk)
        if (length <= wanted.maxBytes) return
        answer.destroy()
        reject(new EgressRefusal(`the answer has more than ${wanted.maxBytes / 1024} KiB`))
      })
      answer.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
      answer.on('error', reject)
    },
  )
  outgoing.on('error', reject)
  outgoing.end()
  try {
    return await promise
  } catch (error) {
    if (error instanceof EgressRefusal) throw error
    throw new EgressRefusal('the server cannot be reached', { cause: error })
  }
}

function requireUrl({ url: text, allow }: Fetch): URL {
  const url = URL.parse(text)
  if (url === null || url.protocol !== 'https:') throw new EgressRefusal('the address must begin with https://')
  if (url.username !== '' || url.password !== '')
    throw new EgressRefusal('the address must not hold a name or password')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const isAllowed = allow.includes(host.toLowerCase())
  if (url.port !== '' && !isAllowed) throw new EgressRefusal('the port must be 443')
  // Nothing is looked up for a literal address, so that it is looked at here.
  if (isIP(host) !== 0 && !mayReach(host, allow)) throw new EgressRefusal('the address is none of the public internet')
  return url
}

type Callback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void

function guardedLookup(allow: EgressAllowance) {
  return (hostname: string, options: { readonly all?: boolean | undefined }, done: Callback): void => {
    lookup(hostname, { all: true, verbatim: true }, (error, addresses) => {
      if (error !== null) return done(error, '')
      const isKnown = allow.includes(hostname.toLowerCase())
      const [first] = addresses
      // Every address of the answer: one good one among them does not make up for a bad one.
      if (first === undefined || !(isKnown || addresses.every(({ address }) => mayReach(address, allow))))
        return done(new EgressRefusal('the name leads to an address that is none of the public internet'), '')
      if (options.all === true) return done(null, addresses)
      return done(null, first.address, first.family)
    })
  }
}

function mayReach(address: string, allow: EgressAllowance): boolean {
  return isPublicAddress(address) || allow.some((entry) => entry === address || isInRange(address, entry))
}

function isInRange(address: string, entry: string): boolean {
  const [net = '', prefix] = entry.split('/')
  const version = isIP(net)
  if (prefix === undefined || version === 0 || isIP(address) !== version) return false
  const range = new BlockList()
  const family = version === 4 ? 'ipv4' : 'ipv6'
  range.addSubnet(net, Number(prefix), family)
  return range.check(address, family)
}
