import { BlockList, isIPv6, type Server, type Socket } from 'node:net'
import type { Limits } from '../limits/limits.ts'
import { addressKey } from './address-key.ts'

interface Options {
  readonly limits: Pick<Limits, 'connectionsMax' | 'connectionsPerAddressMax'>
  readonly trustedProxies: readonly string[]
}

/** Refuses connections beyond the limits, before anything is read from them; answers how many it refused, by reason. */
export function limitConnections(server: Server, { limits, trustedProxies }: Options): ReadonlyMap<string, number> {
  const { connectionsMax, connectionsPerAddressMax } = limits
  const refusals = new Map<string, number>()
  const refused = (reason: string) => refusals.set(reason, (refusals.get(reason) ?? 0) + 1)
  if (connectionsMax > 0) {
    server.maxConnections = connectionsMax
    server.on('drop', () => refused('node'))
  }
  if (connectionsPerAddressMax === 0) return refusals
  const open = new Map<string, number>()
  const proxies = blockList(trustedProxies)
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress
    // Everybody behind a proxy comes from its address.
    if (address === undefined || proxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) return
    const key = addressKey(address)
    const count = (open.get(key) ?? 0) + 1
    if (count > connectionsPerAddressMax) {
      refused('address')
      socket.destroy()
      return
    }
    open.set(key, count)
    socket.once('close', () => {
      const left = (open.get(key) ?? 1) - 1
      if (left === 0) open.delete(key)
      else open.set(key, left)
    })
  })
  return refusals
}

/** The list was checked at start. */
function blockList(proxies: readonly string[]): BlockList {
  const list = new BlockList()
  for (const proxy of proxies) {
    const [address = '', prefix] = proxy.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}
