/** Run by test-shard.ts: each test file becomes a suite of its own, so that its tests and hooks are known to be its. */
import { describe } from 'node:test'
import { pathToFileURL } from 'node:url'

for (const file of process.argv.slice(2)) {
  describe(file, async () => {
    await import(pathToFileURL(file).href)
  })
}
