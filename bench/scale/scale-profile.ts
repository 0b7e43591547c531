import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseCpu } from '../database-cpu.ts'
import type { LoadDriver } from '../measure.ts'
import { summarise } from '../profile-summary.ts'
import type { RunningServer } from '../servers.ts'
import type { Settings } from '../settings.ts'
import type { ScaleOperationName } from './scale-operations.ts'

interface Profiled {
  readonly users: number
  readonly server: RunningServer
  readonly databaseCpu: DatabaseCpu
  readonly driver: LoadDriver
}

/** One more round, which counts nowhere. */
export async function profileOne(
  { profileFolder, roundSeconds }: Settings,
  subject: Profiled,
  operation: ScaleOperationName,
): Promise<void> {
  const folder = profileFolder ?? '.'
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${operation}.${subject.users}.cpuprofile`)
  await subject.server.startProfile()
  const { requests } = await subject.driver.round(subject, operation, { seconds: roundSeconds, seed: 0 })
  await subject.server.stopProfile(file)
  process.stderr.write(
    `\n${operation}, ${subject.users} users: ${requests} requests (${file})\n${summarise(file, requests)}\n`,
  )
}
