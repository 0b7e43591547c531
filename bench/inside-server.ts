import { writeFileSync } from 'node:fs'
import type { Profiler, Session } from 'node:inspector/promises'

/** Loaded into a measured server before its own code (`node --import`): it tells the bench what only the process knows. */
export type Wish =
  | { readonly wish: 'usage' }
  | { readonly wish: 'start-profile' }
  | { readonly wish: 'stop-profile'; readonly file: string }

export interface Report {
  readonly cpuMs: number
  readonly rssBytes: number
}

export type CpuProfile = Profiler.Profile

const sampleEveryMicroseconds = 200

let session: Session | undefined

async function fulfil(wish: Wish): Promise<void> {
  if (wish.wish === 'start-profile') {
    // Loaded for a profile alone: it is 3 MB that the server itself does not hold.
    const inspector = process.getBuiltinModule('node:inspector/promises')
    session = new inspector.Session()
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: sampleEveryMicroseconds })
    await session.post('Profiler.start')
  }
  if (wish.wish === 'stop-profile' && session !== undefined) {
    const { profile } = await session.post('Profiler.stop')
    writeFileSync(wish.file, JSON.stringify(profile))
    session.disconnect()
    session = undefined
  }
  const { user, system } = process.cpuUsage()
  process.send?.({ cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage.rss() } satisfies Report)
}

process.on('message', (wish: Wish) => void fulfil(wish))
// The measured program decides when the process ends, and ends with the bench.
process.on('disconnect', () => process.exit(1))
process.channel?.unref()
