import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'

/** The version that the lane is about; published on Maven Central as a distribution of the server. */
const keycloakVersion = '26.0.8'
const oldestJava = 17
/** Its Byte Buddy reads no newer classes. */
const newestJava = 23

/** What this machine lacks and cannot be given. */
class MissingProgram extends Error {}

/** A folder with the unpacked server; fetched and unpacked once per machine. */
export function findKeycloak(): string {
  const parent = path.join(tmpdir(), 'muster-keycloak')
  const folder = path.join(parent, `keycloak-${keycloakVersion}`)
  if (existsSync(path.join(folder, 'version.txt'))) return folder
  const artifact = 'keycloak-quarkus-dist'
  const archive = path.join(
    homedir(),
    '.m2/repository/org/keycloak',
    artifact,
    keycloakVersion,
    `${artifact}-${keycloakVersion}.tar.gz`,
  )
  if (!existsSync(archive)) {
    requireProgram('mvn', 'maven')
    const coordinates = `-Dartifact=org.keycloak:${artifact}:${keycloakVersion}:tar.gz`
    run('mvn', ['--batch-mode', '-q', 'dependency:get', coordinates, '-Dtransitive=false'])
  }
  mkdirSync(parent, { recursive: true })
  run('tar', ['xzf', archive, '-C', parent])
  return folder
}

/** The newest Java here that this Keycloak runs on. */
export function findJava(): string {
  const parent = '/usr/lib/jvm'
  const homes = existsSync(parent) ? readdirSync(parent).map((name) => path.join(parent, name)) : []
  const configured = process.env['JAVA_HOME']
  const found = [...(configured === undefined ? [] : [configured]), ...homes]
    .flatMap((home) => {
      const release = path.join(home, 'release')
      const version = existsSync(release) ? /^JAVA_VERSION="(\d+)/m.exec(readFileSync(release, 'utf8'))?.[1] : undefined
      return version === undefined ? [] : [{ home, version: Number(version) }]
    })
    .filter(({ version }) => version >= oldestJava && version <= newestJava)
    .toSorted((a, b) => b.version - a.version)
  const [best] = found
  if (best === undefined)
    throw new MissingProgram(`Keycloak ${keycloakVersion} needs Java ${oldestJava} or newer below ${parent}`)
  return best.home
}

/** Debian's own; browsers that test tools bring along are not fetched. */
export function findChromium(): string {
  const known = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  const present = () => known.find((file) => existsSync(file))
  const found = present()
  if (found !== undefined) return found
  installOnDebian('chromium')
  const installed = present()
  if (installed === undefined) throw new MissingProgram('chromium was installed and is not there')
  return installed
}

function requireProgram(name: string, debianPackage: string): void {
  if (spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0) return
  installOnDebian(debianPackage)
}

function installOnDebian(name: string): void {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    throw new MissingProgram(`${name} is not installed; install it, or run this as root on Debian`)
  process.stderr.write(`sso: installing ${name} …\n`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  run('apt-get', ['update', '-qq'], env)
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], env)
}

function run(program: string, args: readonly string[], env = process.env): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', env, maxBuffer: 64 * 1024 * 1024 })
  if (status !== 0)
    throw new MissingProgram(`${program} ${args.join(' ')} failed: ${error?.message ?? stderr.slice(-2_000)}`)
}
