/**
 * Fills Node's compile cache with the server: types are then stripped by nobody, whose 20 MB a server would keep for good.
 * Run by `npm start` after an install and after a change of the sources, before the server itself.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const source = path.join(path.dirname(import.meta.dirname), 'server/src')
/** What does something when it is loaded. */
const programs = new Set(['main.ts', path.join('commands', 'muster-server.ts')])

// It loads all it needs, and then refuses to start.
spawnSync(process.execPath, [...process.execArgv, path.join(source, 'main.ts')], {
  stdio: 'ignore',
  env: { ...process.env, PORT: 'none' },
})
for (const file of globSync('**/*.ts', { cwd: source, exclude: ['**/*.test.ts', '**/testdata/**'] })) {
  // One that is made for a thread fails when it runs; it is compiled by then.
  if (!programs.has(file)) await import(pathToFileURL(path.join(source, file)).href).catch(() => {})
}
process.exit()
