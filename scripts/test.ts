/**
 * Runs the tests, one process per core at a time: `node scripts/test.ts [part of a file name…]`.
 * The last line says how many passed; a run in which a test was left out in any way is a failed one.
 */
import { spawn } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { withPostgres } from './postgres.ts'
import type { TestMessage } from './test-shard.ts'

const root = path.dirname(import.meta.dirname)
const secondsFile = path.join(root, 'node_modules/.cache/muster/test-seconds.json')
const shardsMax = 2
/** How long files take is a guess on a fresh clone: with several piles each, no process is left with the last one for minutes. */
const pilesPerShard = 4

interface Tally {
  passed: number
  failed: number
  readonly perFile: Map<string, number>
  readonly seconds: Map<string, number>
}

process.exitCode = await runTests(readDatabase(), process.argv.slice(2))

type TestDatabase = { name: 'sqlite' | 'postgres'; url: string | null }

function readDatabase(): TestDatabase {
  const name = process.env['MUSTER_TEST_DATABASE'] ?? 'sqlite'
  if (name === 'sqlite') return { name, url: null }
  if (name === 'postgres') return { name, url: process.env['MUSTER_TEST_DATABASE_URL'] || null }
  throw new Error(`MUSTER_TEST_DATABASE is "${name}"; it must be sqlite or postgres`)
}

async function runTests(database: TestDatabase, filters: readonly string[]): Promise<number> {
  stopOnSignals()
  const files = findTests(database, filters)
  const tally: Tally = { passed: 0, failed: 0, perFile: new Map(), seconds: new Map() }
  for (const file of files) refuseFocus(tally, file)
  if (tally.failed === 0) {
    // A database somebody lent us may not bear two runs at once.
    const shards = database.url === null ? Math.min(shardsMax, availableParallelism(), files.length) : 1
    const piles = splitFiles(files, Math.min(shards * pilesPerShard, files.length))
    await Promise.all(Array.from({ length: shards }, () => runPiles(database, piles, tally)))
    for (const file of files) {
      if (!tally.perFile.has(file)) fail(tally, `${file} contributed no test`)
    }
    if (filters.length === 0) keepSeconds(tally)
  }
  if (tally.passed + tally.failed === 0)
    fail(tally, `no test ran${filters.length > 0 ? `: no file matches ${filters.join(', ')}` : ''}`)
  console.log(`${database.name}: ${tally.passed} passed, ${tally.failed} failed, ${files.length} files`)
  return tally.failed === 0 ? 0 : 1
}

function findTests(database: TestDatabase, filters: readonly string[]): string[] {
  // The tests of the scripts touch no database: once is enough.
  const folders = database.name === 'sqlite' ? ['server', 'scripts'] : ['server']
  const patterns = folders.map((folder) => `${folder}/**/*.test.ts`)
  const files = globSync(patterns, { cwd: root, exclude: ['**/node_modules'] })
    .filter((file) => !file.endsWith(database.name === 'sqlite' ? '.postgres.test.ts' : '.sqlite.test.ts'))
    .toSorted()
  return filters.length === 0 ? files : files.filter((file) => filters.some((filter) => file.includes(filter)))
}

/** Under --test-isolation=none one `.only` silences every other file, so it is refused before anything runs. */
function refuseFocus(tally: Tally, file: string): void {
  if (/\.only\(|\bonly: true/.test(readFileSync(path.join(root, file), 'utf8')))
    fail(tally, `${file} has a focused test (.only)`)
}

/** Hands the longest files out first, each to the process that has least to do; unknown files count by their size. */
function splitFiles(files: readonly string[], shards: number): string[][] {
  const known = readSeconds()
  const weigh = (file: string): number => known[file] ?? guessSeconds(path.join(root, file))
  const piles = Array.from({ length: shards }, () => ({ weight: 0, files: [] as string[] })) // as: an empty list has no type yet
  for (const file of files.toSorted((a, b) => weigh(b) - weigh(a))) {
    const pile = piles.reduce((lightest, candidate) => (candidate.weight < lightest.weight ? candidate : lightest))
    pile.weight += weigh(file)
    pile.files.push(file)
  }
  return piles.map((pile) => pile.files)
}

/** Most files take as long as they are; starting a server or a command takes a second each. */
function guessSeconds(file: string): number {
  const text = readFileSync(file, 'utf8')
  return (
    text.length / 50_000 +
    (text.match(/\b(startServer|launchServer|runServer|runCommand|Nodes\.start)\(/g) ?? []).length
  )
}

function readSeconds(): Record<string, number> {
  try {
    const seconds: Record<string, number> = JSON.parse(readFileSync(secondsFile, 'utf8'))
    return seconds
  } catch {
    return {} // only a guess at which file takes long; the first run has none
  }
}

function keepSeconds(tally: Tally): void {
  mkdirSync(path.dirname(secondsFile), { recursive: true })
  writeFileSync(secondsFile, JSON.stringify(Object.fromEntries(tally.seconds)))
}

/** Runs one pile after the other until none is left; on PostgreSQL all of them on one server. */
async function runPiles(database: TestDatabase, piles: string[][], tally: Tally): Promise<void> {
  const runAll = async (onDatabase: TestDatabase): Promise<void> => {
    for (let pile = piles.shift(); pile !== undefined; pile = piles.shift()) await runShard(onDatabase, pile, tally)
  }
  if (database.name === 'postgres' && database.url === null) {
    await withPostgres(({ ownerUrl: url }) => runAll({ ...database, url }))
  } else {
    await runAll(database)
  }
}

function runShard(database: TestDatabase, files: readonly string[], tally: Tally): Promise<void> {
  const env: NodeJS.ProcessEnv = { ...process.env, MUSTER_TEST_DATABASE: database.name }
  if (database.url === null) delete env['MUSTER_TEST_DATABASE_URL']
  else env['MUSTER_TEST_DATABASE_URL'] = database.url
  const shard = spawn(process.execPath, [path.join(import.meta.dirname, 'test-shard.ts'), ...files], {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const stop = (): boolean => shard.kill()
  process.on('exit', stop)
  let isDone = false
  shard.on('message', (message: TestMessage) => {
    if (message.kind === 'done') isDone = true
    else record(tally, message)
  })
  return new Promise((resolve, reject) => {
    shard.on('error', reject)
    shard.on('exit', (code, signal) => {
      process.off('exit', stop)
      if (!isDone) fail(tally, `a test process ended before its tests did (${signal ?? `exit code ${code}`})`)
      else if (code !== 0 && tally.failed === 0) fail(tally, `a test process ended with exit code ${code}`)
      resolve()
    })
  })
}

function record(tally: Tally, message: Exclude<TestMessage, { kind: 'done' }>): void {
  if (message.kind === 'problem') return fail(tally, message.text)
  if (message.kind === 'file') {
    const tests = tally.perFile.get(message.file) ?? 0
    tally.seconds.set(message.file, message.seconds)
    console.log(`${String(tests).padStart(5)} tests ${message.seconds.toFixed(2).padStart(7)} s  ${message.file}`)
    return
  }
  tally.perFile.set(message.file, (tally.perFile.get(message.file) ?? 0) + 1)
  if (message.outcome === 'passed') tally.passed += 1
  else
    fail(
      tally,
      `${message.file}: ${message.title} (${message.outcome})${message.error === null ? '' : `\n${indent(message.error)}`}`,
    )
}

function fail(tally: Tally, text: string): void {
  tally.failed += 1
  console.log(`✗ ${text}`)
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ')
}

function stopOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))
}
