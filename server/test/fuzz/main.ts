/** One half of `npm run test:fuzz`: started by scripts/fuzz.ts with a database in its environment. */
import { parseArgs } from 'node:util'
import { startTestApp } from '../start-test-app.ts'
import { runFuzz } from './run-fuzz.ts'

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, requests: { type: 'string', default: '2000' } },
})

await using t = await startTestApp()
const plan = { requests: Number(values.requests), seed: Number(values.seed), extraMax: 1_000 }
const { requests, operations, statuses, unseen, failures } = await runFuzz(t, plan)
// What chance did not bring about this time is told, and fails nothing: whether it was there depends on the seed.
for (const row of unseen) console.log(`· ${row} is declared and was not seen this time`)
process.send?.({
  counts: {
    requests,
    operations: operations.length,
    'statuses seen': statuses.seen,
    'statuses declared': statuses.declared,
    'statuses missed': unseen.length,
  },
  failures,
})
