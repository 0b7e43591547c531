/** One process of the test run: runs the files it was given one after the other and tells its parent what came out. */
import path from 'node:path'
import { run } from 'node:test'
import { inspect } from 'node:util'

export type TestMessage =
  | { kind: 'test'; file: string; title: string; outcome: Outcome; error: string | null }
  | { kind: 'file'; file: string; seconds: number }
  | { kind: 'problem'; text: string }
  | { kind: 'done' }

export type Outcome = 'passed' | 'failed' | 'skipped' | 'todo' | 'expected to fail'

/** What node:test says about a finished test; the part that all our Node 24 versions agree on. */
interface Finished {
  name: string
  nesting: number
  skip?: string | boolean
  todo?: string | boolean
  expectFailure?: unknown
  details: { duration_ms: number; type?: string | undefined; error?: { failureType?: string; cause?: unknown } }
}

const testMaxMs = 120_000
const idleMaxMs = 5_000

const titles: string[] = []
const unfinished: string[] = []
let lastEventAt = Date.now()

process.on('disconnect', () => process.exit(1))
process.channel?.unref()
setInterval(endWhenStuck, 1_000).unref()

for await (const event of run({ files: [path.join(import.meta.dirname, 'test-files.ts')], isolation: 'none' })) {
  lastEventAt = Date.now()
  if (event.type === 'test:enqueue') unfinished.push(event.data.name)
  if (event.type === 'test:complete') unfinished.splice(unfinished.indexOf(event.data.name), 1)
  if (event.type === 'test:start') titles.splice(event.data.nesting, Infinity, event.data.name)
  if (event.type === 'test:pass' || event.type === 'test:fail') reportFinished(event.data, event.type === 'test:pass')
  if (event.type === 'test:diagnostic' && /^(Error|Warning):/.test(event.data.message)) {
    tell({ kind: 'problem', text: event.data.message })
  }
}
tell({ kind: 'done' })

function reportFinished(test: Finished, passed: boolean): void {
  const [file = '', ...path] = titles.slice(0, test.nesting + 1)
  const failureType = test.details.error?.failureType
  if (test.details.type === 'suite' && test.nesting === 0)
    tell({ kind: 'file', file, seconds: test.details.duration_ms / 1000 })
  // Suites that hold a failed test fail too; only the test itself is news.
  if (failureType === 'subtestsFailed' || (passed && test.details.type === 'suite' && !test.skip && !test.todo)) return
  const error = passed ? null : inspect(test.details.error?.cause ?? test.details.error)
  tell({ kind: 'test', file, title: path.join(' › ') || 'the file itself', outcome: outcomeOf(test, passed), error })
}

function outcomeOf(test: Finished, passed: boolean): Outcome {
  if (test.skip) return 'skipped'
  if (test.todo) return 'todo'
  if (test.expectFailure) return 'expected to fail'
  return passed ? 'passed' : 'failed'
}

/** The run ends when nothing is left to wait for: a server that no test closed, or a test that hangs, would keep it for ever. */
function endWhenStuck(): void {
  const quietMs = Date.now() - lastEventAt
  if (quietMs < (unfinished.length === 0 ? idleMaxMs : testMaxMs)) return
  const open = process.getActiveResourcesInfo().filter((resource) => resource !== 'PipeWrap' && resource !== 'TTYWrap')
  const text =
    unfinished.length === 0
      ? `after the last test something is still open: ${open.join(', ')}`
      : `no test ended for ${testMaxMs / 1000} s; not finished: ${unfinished.slice(0, 5).join(' › ')}`
  tell({ kind: 'problem', text }, () => process.exit(1))
}

function tell(message: TestMessage, then: () => void = () => {}): void {
  if (process.send === undefined) throw new Error('scripts/test-shard.ts is started by scripts/test.ts')
  process.send(message, then)
}
