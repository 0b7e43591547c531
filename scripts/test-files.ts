/** Run by test-shard.ts: each test file becomes a suite of its own, so that its tests and hooks are known to be its. */
import { describe } from 'node:test'
import { pathToFileURL } from 'node:url'

for (const file of process.argv.slice(2)) {
  const loaded = Promise.withResolvers<void>()
  describe(file, async () => {
    await import(pathToFileURL(file).href).finally(loaded.resolve)
  })
  // One after the other: of two that are loaded at once, what they share may run in the name of the other one.
  await loaded.promise
}
