/**
 * `npm run test:model`: random sequences of requests against a model in memory, half of them on each database.
 * A failure prints its seed; `--seed N --sequences 25 --database sqlite` runs those sequences again.
 */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { chosenDatabases, printLanes, runBeside, sumOf } from './both-databases.ts'

const { values } = parseArgs({
  options: {
    database: { type: 'string' },
    seed: { type: 'string' },
    sequences: { type: 'string', default: '2000' },
    path: { type: 'string' },
    'replay-path': { type: 'string' },
  },
})

const names = chosenDatabases(values.database)
const share = Math.ceil(Number(values.sequences) / names.length)
const seed = values.seed ?? String(randomInt(1, 2 ** 31 - 100_000))
console.log(`model: seed ${seed}`)
const lanes = await runBeside(names, 'server/test/model/main.ts', () => [
  `--seed=${seed}`,
  `--sequences=${share}`,
  ...(values.path === undefined ? [] : [`--path=${values.path}`]),
  ...(values['replay-path'] === undefined ? [] : [`--replay-path=${values['replay-path']}`]),
])
const { passed, failed } = printLanes(lanes)
const failures = lanes.reduce((sum, lane) => sum + lane.failures.length, 0)
console.log(`${sumOf(lanes, 'sequences')} sequences, ${sumOf(lanes, 'commands')} commands, ${failures} failures`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && sumOf(lanes, 'sequences') > 0 ? 0 : 1
