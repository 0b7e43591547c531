/**
 * `npm run test:fuzz`: requests drawn from openapi.json, as many on each database, every answer held against the page.
 * `--seed N --requests M --database postgres` draws the same again.
 */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { chosenDatabases, printLanes, runBeside, sumOf } from './both-databases.ts'

const { values } = parseArgs({
  options: {
    database: { type: 'string' },
    seed: { type: 'string' },
    requests: { type: 'string', default: '20000' },
  },
})

const seed = values.seed ?? String(randomInt(1, 2 ** 31 - 100_000))
console.log(`fuzz: seed ${seed}`)
const lanes = await runBeside(chosenDatabases(values.database), 'server/test/fuzz/main.ts', () => [
  `--seed=${seed}`,
  `--requests=${values.requests}`,
])
const { passed, failed } = printLanes(lanes)
console.log(`${sumOf(lanes, 'requests')} requests`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && sumOf(lanes, 'requests') > 0 ? 0 : 1
