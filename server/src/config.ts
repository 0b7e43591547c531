import { readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { foreignVariables, logLevels, settings, type LogLevel, type Setting, type SettingName } from './settings.ts'
import type { LimitRow } from './limits/limit-row.ts'
import { limitRows, limitsFrom, type Limits } from './limits/limits.ts'
import { parseEmailAddress } from './text/email-address.ts'

export type Mode = 'production' | 'development'
export type Plan = 'enterprise' | 'standard'

export interface Config {
  readonly port: number
  readonly host: string
  readonly mode: Mode
  readonly logLevel: LogLevel
  readonly dataDir: string
  readonly baseDomain: string
  readonly publicUrl: URL | null
  /** Slug of the tenant for bare addresses; null when switched off. */
  readonly defaultTenant: string | null
  readonly mailFrom: string
  readonly trustedProxies: readonly string[]
  /** Names and addresses inside that may be fetched from. */
  readonly egressAllow: readonly string[]
  readonly accessTokenSeconds: number
  readonly drainMs: number
  readonly exportStallMs: number
  readonly limits: Limits
  readonly bootstrap: { readonly tenant: string; readonly plan: Plan; readonly adminEmail: string }
}

export interface Secrets {
  readonly databaseUrl: string | null
  readonly databaseOwnerUrl: string | null
  readonly smtpUrl: string | null
  readonly metricsToken: string | null
  readonly secretKey: string | null
  readonly bootstrapToken: string | null
}

/** A setting that cannot be used; the server refuses to start with its sentence and exit code 78. */
export class ConfigError extends Error {}

type Environment = Readonly<Record<string, string | undefined>>

export const slugPattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const domainPattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/
const secretKeyMin = 32
/** Of its characters: a word repeated is no key. */
const secretKeyDifferentMin = 10
const tokenPattern = /^mst_[A-Za-z0-9_-]{43}$/

/** Reads and checks the environment once; both results are frozen. */
export function readConfig(env: Environment): { config: Config; secrets: Secrets } {
  refuseUnknownNames(env)
  const read = (name: SettingName) => readSetting(env, name)
  const host = requireHost(read('HOST'), 'HOST')
  const mode = read('MUSTER_MODE') === 'development' ? 'development' : 'production'
  if (mode === 'development' && !isLoopback(host)) {
    throw new ConfigError(
      `HOST is ${host}; development mode listens on loopback only: use 127.0.0.1, or MUSTER_MODE=production.`,
    )
  }
  const tenant = requireSlug(read('MUSTER_BOOTSTRAP_TENANT'), 'MUSTER_BOOTSTRAP_TENANT')
  const defaultTenant = read('MUSTER_DEFAULT_TENANT') ?? tenant
  const config: Config = {
    port: Number(read('PORT')),
    host,
    mode,
    logLevel: logLevels.find((level) => level === read('LOG_LEVEL')) ?? 'info',
    dataDir: resolve(requireText(read('MUSTER_DATA_DIR'), 'MUSTER_DATA_DIR')),
    baseDomain: requireDomain(read('MUSTER_BASE_DOMAIN'), 'MUSTER_BASE_DOMAIN'),
    publicUrl: readPublicUrl(read('MUSTER_PUBLIC_URL')),
    defaultTenant: defaultTenant === '' ? null : requireSlug(defaultTenant, 'MUSTER_DEFAULT_TENANT'),
    mailFrom: requireSender(read('MUSTER_MAIL_FROM'), 'MUSTER_MAIL_FROM'),
    trustedProxies: readProxies(read('MUSTER_TRUSTED_PROXIES') ?? ''),
    egressAllow: readAllowance(read('MUSTER_EGRESS_ALLOW') ?? ''),
    accessTokenSeconds: Number(read('MUSTER_ACCESS_TOKEN_SECONDS')),
    drainMs: Number(read('MUSTER_DRAIN_MS')),
    exportStallMs: Number(read('MUSTER_EXPORT_STALL_MS')),
    limits: readLimits(env),
    bootstrap: {
      tenant,
      plan: read('MUSTER_BOOTSTRAP_PLAN') === 'standard' ? 'standard' : 'enterprise',
      adminEmail: requireAddress(read('MUSTER_BOOTSTRAP_ADMIN_EMAIL'), 'MUSTER_BOOTSTRAP_ADMIN_EMAIL'),
    },
  }
  return { config: Object.freeze(config), secrets: Object.freeze(readSecrets(read)) }
}

function readSecrets(read: (name: SettingName) => string | null): Secrets {
  const databaseUrl = readDatabaseUrl(read, 'DATABASE_URL')
  const databaseOwnerUrl = readDatabaseUrl(read, 'DATABASE_OWNER_URL')
  if (databaseOwnerUrl !== null && databaseUrl === null) {
    throw new ConfigError(
      'DATABASE_OWNER_URL is set and DATABASE_URL is not; set both for PostgreSQL, none for SQLite.',
    )
  }
  const smtpUrl = orNull(read('SMTP_URL'))
  if (smtpUrl !== null && !(/^smtps?:\/\/./.test(smtpUrl) && URL.canParse(smtpUrl))) {
    throw new ConfigError('SMTP_URL must look like smtp://user:password@host:port, or smtps:// in front.')
  }
  const bootstrapToken = orNull(read('MUSTER_BOOTSTRAP_TOKEN'))
  if (bootstrapToken !== null && !tokenPattern.test(bootstrapToken)) {
    throw new ConfigError('MUSTER_BOOTSTRAP_TOKEN must be mst_ followed by 43 base64url characters (256 random bits).')
  }
  const secretKey = orNull(read('MUSTER_SECRET_KEY'))
  if (secretKey !== null && (secretKey.length < secretKeyMin || new Set(secretKey).size < secretKeyDifferentMin)) {
    throw new ConfigError(
      `MUSTER_SECRET_KEY is too easy to guess; it needs ${secretKeyMin} random characters or more: take the output of openssl rand -base64 32.`,
    )
  }
  const metricsToken = orNull(read('MUSTER_METRICS_TOKEN'))
  return { databaseUrl, databaseOwnerUrl, secretKey, smtpUrl, metricsToken, bootstrapToken }
}

function readDatabaseUrl(
  read: (name: SettingName) => string | null,
  name: 'DATABASE_URL' | 'DATABASE_OWNER_URL',
): string | null {
  const url = orNull(read(name))
  if (url === null || (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url))) return url
  throw new ConfigError(
    `${name} must look like postgres://user:password@host:port/database; leave it unset for SQLite.`,
  )
}

function readLimits(env: Environment): Limits {
  const limits = limitsFrom((row) => {
    const value = env[row.variable]
    return value === undefined ? row.fallback : readLimit(row, value)
  })
  refuseOver(limits, ['pageSizeDefault', 'pageSizeMax'])
  refuseOver(limits, ['headersTimeoutMs', 'requestTimeoutMs'])
  return Object.freeze(limits)
}

function readLimit({ variable, min, max, canBeOff }: LimitRow, value: string): number {
  const number = /^[0-9]{1,10}$/.test(value) ? Number(value) : Number.NaN
  if ((number >= min && number <= max) || (number === 0 && canBeOff === true)) return number
  const off = canBeOff === true ? ', or 0 for none' : ''
  throw new ConfigError(`${variable} is "${value}"; it must be a whole number from ${min} to ${max}${off}.`)
}

/** The first of the two lies within the second, or means nothing. */
function refuseOver(limits: Limits, [smaller, larger]: readonly [keyof Limits, keyof Limits]): void {
  if (limits[smaller] <= limits[larger]) return
  const variableOf = (name: keyof Limits) => limitRows.find((row) => row.name === name)?.variable
  throw new ConfigError(
    `${variableOf(smaller)} is ${limits[smaller]}, more than ${variableOf(larger)}, which is ${limits[larger]}; lower the one or raise the other.`,
  )
}

function refuseUnknownNames(env: Environment): void {
  const known = new Set<string>([...foreignVariables, ...limitRows.map((row) => row.variable)])
  for (const setting of settings) {
    known.add(setting.name)
    if (isSecret(setting)) known.add(`${setting.name}_FILE`)
  }
  for (const name of Object.keys(env)) {
    if (name.startsWith('MUSTER_') && !known.has(name)) {
      throw new ConfigError(
        `${name} is not a setting of Muster; docs/reference/settings.md and limits.md list them all.`,
      )
    }
  }
}

function isSecret(setting: Setting): boolean {
  return setting.secret === true
}

function readSetting(env: Environment, name: SettingName): string | null {
  const setting: Setting | undefined = settings.find((candidate) => candidate.name === name)
  if (setting === undefined) throw new Error(`setting ${name} has no row`)
  const value = (isSecret(setting) ? readSecretFile(env, name) : undefined) ?? env[name]
  if (value === undefined) return setting.fallback
  checkValue(setting, value)
  return value
}

function readSecretFile(env: Environment, name: string): string | undefined {
  const path = env[`${name}_FILE`]
  if (path === undefined) return undefined
  if (env[name] !== undefined) throw new ConfigError(`${name} and ${name}_FILE are both set; keep one of them.`)
  try {
    if (process.platform !== 'win32' && (statSync(path).mode & 0o007) !== 0) {
      throw new ConfigError(
        `${name}_FILE: everybody may read ${path}; take the rights of others away (chmod o= ${path}).`,
      )
    }
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new ConfigError(`${name}_FILE: ${path} cannot be read.`, { cause: error })
  }
}

function checkValue(setting: Setting, value: string): void {
  if (setting.kind === 'choice' && !setting.choices?.includes(value)) {
    throw new ConfigError(`${setting.name} is "${value}"; it must be ${listed(setting.choices ?? [])}.`)
  }
  if (setting.kind !== 'integer') return
  const number = /^[0-9]{1,9}$/.test(value) ? Number(value) : Number.NaN
  const { min = 0, max = 2 ** 31 - 1 } = setting
  if (!(number >= min && number <= max)) {
    throw new ConfigError(`${setting.name} is "${value}"; it must be a whole number from ${min} to ${max}.`)
  }
}

function listed(choices: readonly string[]): string {
  return choices.join(', ').replace(/, ([^,]*)$/, ' or $1')
}

function requireText(value: string | null, name: string): string {
  if (value === null || value.trim() === '')
    throw new ConfigError(`${name} is empty; give it a value or leave it unset.`)
  return value
}

/** What a socket can be bound to. */
function requireHost(value: string | null, name: string): string {
  const host = requireText(value, name)
  if (isIP(host) === 0 && !domainPattern.test(host.toLowerCase()))
    throw new ConfigError(`${name} is "${host}"; it must be an address or a host name, without port.`)
  return host
}

function requireDomain(value: string | null, name: string): string {
  const domain = requireText(value, name).toLowerCase()
  if (!domainPattern.test(domain) || isIP(domain) !== 0)
    throw new ConfigError(`${name} is "${domain}"; it must be a domain such as muster.example.com.`)
  return domain
}

function requireAddress(value: string | null, name: string): string {
  const address = requireText(value, name)
  if (parseEmailAddress(address) === undefined)
    throw new ConfigError(`${name} is "${address}"; it must be an e-mail address such as name@example.com.`)
  return address
}

/** `Name <address>` or a bare address. */
function requireSender(value: string | null, name: string): string {
  const sender = requireText(value, name)
  requireAddress(/<([^<>]*)>\s*$/.exec(sender)?.[1] ?? sender, name)
  if (/[\u0000-\u001f\u007f]/.test(sender))
    throw new ConfigError(`${name} has a line break or another control character.`)
  return sender
}

function requireSlug(value: string | null, name: string): string {
  if (value === null || !slugPattern.test(value)) {
    throw new ConfigError(
      `${name} is "${value ?? ''}"; a tenant's slug is a DNS label: a-z, 0-9 and -, at most 63 characters.`,
    )
  }
  return value
}

function readPublicUrl(value: string | null): URL | null {
  if (value === null || value === '') return null
  const url = URL.parse(value)
  if (url === null || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
    throw new ConfigError(
      `MUSTER_PUBLIC_URL is "${value}"; it must look like https://muster.example.com, without a path.`,
    )
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new ConfigError(`MUSTER_PUBLIC_URL is "${value}"; only loopback and *.localhost may go without https.`)
  }
  return url
}

/** Loopback addresses, localhost and every name below it. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase()
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '::1' ||
    (isIP(name) === 4 && name.startsWith('127.'))
  )
}

function readProxies(value: string): string[] {
  const proxies = value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  for (const proxy of proxies) {
    const [address = '', prefix, ...more] = proxy.split('/')
    const version = isIP(address)
    const canonical = version === 6 ? URL.parse(`http://[${address}]`)?.hostname : address
    if (
      version === 0 ||
      canonical === undefined ||
      more.length > 0 ||
      (prefix !== undefined && !/^[0-9]{1,3}$/.test(prefix))
    ) {
      throw new ConfigError(`MUSTER_TRUSTED_PROXIES: "${proxy}" is neither an address nor a CIDR range.`)
    }
    // A range this wide lets anybody choose the address they are taken for; and ::ffff:0:0/96 is all of IPv4, so its /104 is what /8 is there.
    const narrowest = version === 4 ? 8 : /^\[(::|0:)/.test(canonical) ? 104 : 32
    const widest = version === 4 ? 32 : 128
    if (prefix !== undefined && (Number(prefix) < narrowest || Number(prefix) > widest)) {
      throw new ConfigError(
        `MUSTER_TRUSTED_PROXIES: "${proxy}" is too wide; use a prefix of ${narrowest} to ${widest}.`,
      )
    }
  }
  return proxies
}

function readAllowance(value: string): string[] {
  const entries = value
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
  for (const entry of entries) {
    const [address = '', prefix, ...more] = entry.split('/')
    const isRange = prefix !== undefined && isIP(address) !== 0 && /^[0-9]{1,3}$/.test(prefix) && more.length === 0
    const isPlain = prefix === undefined && (isIP(address) !== 0 || domainPattern.test(address))
    const widest = isIP(address) === 4 ? 32 : 128
    if (isPlain || (isRange && Number(prefix) >= 8 && Number(prefix) <= widest)) continue
    throw new ConfigError(`MUSTER_EGRESS_ALLOW: "${entry}" is no host name, address or CIDR range of /8 and narrower.`)
  }
  return entries
}

function orNull(value: string | null): string | null {
  return value === null || value === '' ? null : value
}
