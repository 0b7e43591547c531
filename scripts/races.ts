/**
 * `npm run test:races`: what many do at once, at full size and on both databases; on PostgreSQL with two server processes.
 * `npm test` runs the same files at a size that takes seconds. The last line says how many tests passed.
 */
import { spawn } from 'node:child_process'
import path from 'node:path'

const databases = ['sqlite', 'postgres'] as const
const folder = 'server/test/races'

process.exitCode = await runRaces()

async function runRaces(): Promise<number> {
  let passed = 0
  let failed = 0
  for (const database of databases) {
    const result = await runOn(database)
    passed += result.passed
    failed += result.failed
  }
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 && passed > 0 ? 0 : 1
}

/** Hands its output through, and reads from it how many passed. */
function runOn(database: (typeof databases)[number]): Promise<{ passed: number; failed: number }> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'test.ts'), folder], {
    env: { ...process.env, MUSTER_TEST_DATABASE: database, MUSTER_TEST_RACES: 'full' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const stop = (): boolean => child.kill()
  process.on('exit', stop)
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8')
    process.stdout.write(chunk)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      process.off('exit', stop)
      const [, passed = '0', failed = '1'] =
        new RegExp(`^${database}: (\\d+) passed, (\\d+) failed`, 'm').exec(output) ?? []
      resolve({ passed: Number(passed), failed: Math.max(Number(failed), code === 0 ? 0 : 1) })
    })
  })
}
