import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newSeed, runSequences } from './model/run-sequences.ts'
import { startTestApp, type TestApp } from './start-test-app.ts'

const parts = [1, 2, 3, 4]
const sequencesEach = 50

let t: TestApp
let commandsRun = 0

before(async () => {
  t = await startTestApp()
})

after(async () => {
  console.log(`model: ${parts.length * sequencesEach} sequences, ${commandsRun} commands`)
  await t[Symbol.asyncDispose]()
  assert.ok(commandsRun > 500)
})

for (const part of parts) {
  test(`two tenants with the same names, asked at random, are each what a model in memory says (V-T6, F-21, part ${part})`, async () => {
    const { commands, failures } = await runSequences(t, {
      sequences: sequencesEach,
      commandsMax: 12,
      seed: newSeed(),
    })
    commandsRun += commands
    const texts = failures.map(({ seed, text }) => `npm run test:model -- --seed ${seed}\n${text}`)
    assert.equal(texts.join('\n'), '')
  })
}
