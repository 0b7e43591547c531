import { operations, type OperationName } from './operations.ts'
import type { Material } from './requests.ts'
import { send } from './send.ts'
import type { RunningServer } from './servers.ts'

interface Pair {
  readonly muster: RunningServer
  readonly limit: RunningServer
  readonly token: string
}

const samples = 100

/**
 * Asks both servers the same and compares what they answer, byte for byte; ids of new users are drawn anew by each.
 * A comparison of servers that do not answer the same would mean nothing, so a difference ends the run.
 */
export async function requireSameBytes(pair: Pair, names: readonly OperationName[], material: Material): Promise<void> {
  for (const name of names) {
    for (let sample = 0; sample < samples; sample += 1) {
      const request = operations[name](material)
      const [muster, limit] = [
        await send(pair.muster.port, pair.token, request),
        await send(pair.limit.port, pair.token, request),
      ]
      const isSame = name === 'create' ? withoutIds(muster) === withoutIds(limit) : muster === limit
      if (!isSame)
        throw new Error(
          `${name}: ${request.method} ${request.path} is answered differently: ${difference(muster, limit)}`,
        )
    }
  }
}

/** The surroundings of the first byte that differs. */
function difference(muster: string, limit: string): string {
  const end = Math.min(muster.length, limit.length)
  let at = 0
  while (at < end && muster[at] === limit[at]) at += 1
  const around = (text: string) => text.slice(Math.max(0, at - 60), at + 60)
  return `${muster.length} and ${limit.length} characters, from character ${at} on\n  Muster: …${around(muster)}…\n  limit:  …${around(limit)}…`
}

function withoutIds(text: string): string {
  return text.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '00000000-0000-0000-0000-000000000000')
}
