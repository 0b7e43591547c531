/** One half of `npm run test:model`: started by scripts/model.ts with a database in its environment. */
import { parseArgs } from 'node:util'
import { startTestApp } from '../start-test-app.ts'
import { runSequences, sequencesPerSeed } from './run-sequences.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    sequences: { type: 'string', default: String(sequencesPerSeed) },
    path: { type: 'string' },
    'replay-path': { type: 'string' },
  },
})

await using t = await startTestApp()
const { sequences, commands, failures } = await runSequences(t, {
  sequences: Number(values.sequences),
  commandsMax: 30,
  seed: Number(values.seed),
  ...(values.path === undefined ? {} : { path: values.path }),
  ...(values['replay-path'] === undefined ? {} : { replayPath: values['replay-path'] }),
})
process.send?.({
  counts: { sequences, commands },
  failures: failures.map(({ seed, text }) => `npm run test:model -- --seed ${seed} --sequences 25\n${text}`),
})
