import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Ctx } from '../access/ctx.ts'
import { ApiError } from '../errors/api-error.ts'
import { ScimProfile } from '../scim-tokens/scim-rules.schema.ts'
import { updateSettings } from '../scim-tokens/scim-settings.service.ts'
import { lifetimeMaxSeconds, lifetimeMinSeconds, tokenState } from '../scim-tokens/scim-tokens.schema.ts'
import { createToken, listTokens, revokeToken, rotateToken } from '../scim-tokens/scim-tokens.service.ts'
import { listLog, type LogEntry } from '../scim/inspector/scim-log.service.ts'
import { findUserByName } from '../users/users.service.ts'
import { print, readEnvironment, withTenant } from './with-database.ts'

const profiles = ScimProfile.anyOf.map(({ const: name }) => name)
const overlaps = { now: 0, hour: 3_600, day: 86_400, week: 604_800 } as const

interface TenantOption {
  readonly tenant?: string
}

export function addScimCommands(program: Command): void {
  const scim = program.command('scim').description('provisioning by an identity provider')
  const ofTenant = (command: Command) => command.option('--tenant <slug>', 'the default tenant unless given')
  ofTenant(scim.command('enable').description('switch SCIM on'))
    .addOption(new Option('--profile <profile>', 'how SCIM is read').choices(profiles))
    .action(enable)
  ofTenant(scim.command('disable').description('switch SCIM off; users stay')).action(disable)
  addTokenCommands(scim, ofTenant)
  ofTenant(scim.command('log').description('SCIM requests and what became of them, newest first'))
    .option('--limit <number>', 'entries', readLimit, 20)
    .addOption(new Option('--outcome <outcome>', 'only these').choices(['changed', 'skipped', 'matched', 'refused']))
    .action(log)
  ofTenant(scim.command('trace <user>').description('what SCIM did to one user, by username, address or id'))
    .option('--limit <number>', 'entries', readLimit, 50)
    .action(trace)
}

function addTokenCommands(scim: Command, ofTenant: (command: Command) => Command): void {
  const token = scim.command('token').description('SCIM tokens')
  ofTenant(token.command('create').description('make a token; the secret is printed once, and SCIM is switched on'))
    .option('--label <label>', 'what lists show', 'operator')
    .addOption(new Option('--access <access>', 'all, or read').choices(['all', 'read']).default('all'))
    .addOption(new Option('--profile <profile>', 'of this token; the tenant’s unless given').choices(profiles))
    .option('--expires-in <seconds>', 'a year unless given', readLifetime)
    .action(create)
  ofTenant(token.command('list').description('tokens, newest first')).action(list)
  ofTenant(token.command('rotate <id>').description('a new token; the old one ends after the overlap'))
    .addOption(
      new Option('--overlap <time>', 'how long the old one is still good')
        .choices(Object.keys(overlaps))
        .default('day'),
    )
    .action(rotate)
  ofTenant(token.command('revoke <id>').description('end a token at once')).action(revoke)
}

function inTenant<T>({ tenant }: TenantOption, work: (ctx: Ctx) => Promise<T>): Promise<T> {
  const slug = tenant ?? readEnvironment().config.defaultTenant
  if (slug === null)
    throw new ApiError('invalid_request', { detail: 'No default tenant is set; name one with --tenant.' })
  return withTenant(slug, work)
}

async function enable(options: TenantOption & { readonly profile?: ScimProfile }, command: Command): Promise<void> {
  const { profile } = options
  const settings = await inTenant(options, (ctx) =>
    updateSettings(ctx, { isOn: true, ...(profile === undefined ? {} : { profile }) }),
  )
  print(command, { enabled: settings.isOn, profile: settings.profile }, [`SCIM is on, profile ${settings.profile}`])
}

async function disable(options: TenantOption, command: Command): Promise<void> {
  await inTenant(options, (ctx) => updateSettings(ctx, { isOn: false }))
  print(command, { enabled: false }, ['SCIM is off'])
}

interface CreateOptions extends TenantOption {
  readonly label: string
  readonly access: 'all' | 'read'
  readonly profile?: ScimProfile
  readonly expiresIn?: number
}

async function create(options: CreateOptions, command: Command): Promise<void> {
  const { label, access, profile, expiresIn } = options
  const { token, secret } = await inTenant(options, (ctx) =>
    createToken(ctx, { label, access, profile: profile ?? null, lifetimeSeconds: expiresIn ?? null }),
  )
  print(command, { id: token.id, label, expiresAt: token.expiresAt, token: secret }, [secret])
}

async function list(options: TenantOption, command: Command): Promise<void> {
  const tokens = await inTenant(options, listTokens)
  const now = Date.now()
  const rows = tokens.map((token) => ({ ...token, state: tokenState(token, now) }))
  print(
    command,
    rows,
    rows.map(({ id, label, hint, state }) => `${id}  ${hint}  ${state}  ${label}`),
  )
}

async function rotate(
  id: string,
  options: TenantOption & { readonly overlap: keyof typeof overlaps },
  command: Command,
): Promise<void> {
  const { token, secret } = await inTenant(options, (ctx) => rotateToken(ctx, id, overlaps[options.overlap]))
  print(command, { id: token.id, token: secret }, [secret])
}

async function revoke(id: string, options: TenantOption, command: Command): Promise<void> {
  await inTenant(options, (ctx) => revokeToken(ctx, id))
  print(command, { id, revoked: true }, [`revoked ${id}`])
}

const everything = {
  subjectId: undefined,
  externalId: undefined,
  requestId: undefined,
  status: undefined,
  from: 0,
  to: Number.MAX_SAFE_INTEGER,
  before: undefined,
}

async function log(
  options: TenantOption & { readonly limit: number; readonly outcome?: string },
  command: Command,
): Promise<void> {
  const entries = await inTenant(options, (ctx) =>
    listLog(ctx, { ...everything, outcome: options.outcome, limit: options.limit }),
  )
  print(command, entries, entries.flatMap(toLines))
}

async function trace(
  user: string,
  options: TenantOption & { readonly limit: number },
  command: Command,
): Promise<void> {
  const entries = await inTenant(options, async (ctx) => {
    const found = await findUserByName(ctx, user)
    return listLog(ctx, { ...everything, outcome: undefined, subjectId: found?.id ?? user, limit: options.limit })
  })
  print(command, entries, entries.flatMap(toLines))
}

function toLines(entry: LogEntry): string[] {
  const head = `${new Date(entry.at).toISOString()}  ${entry.method} ${entry.path} → ${entry.status}  ${entry.cause || entry.detail}`
  const steps = entry.steps.map(
    ({ outcome, operation, attribute, note, before, after }) =>
      `    ${[outcome, operation, attribute, before === '' && after === '' ? '' : `${before} → ${after}`, note].filter((part) => part !== '').join('  ')}`,
  )
  return [head.trimEnd(), ...steps]
}

function readLimit(text: string): number {
  if (!/^[1-9][0-9]{0,2}$/.test(text) || Number(text) > 100) throw new InvalidArgumentError('must be 1 to 100')
  return Number(text)
}

function readLifetime(text: string): number {
  const seconds = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0
  if (seconds < lifetimeMinSeconds || seconds > lifetimeMaxSeconds)
    throw new InvalidArgumentError(`must be ${lifetimeMinSeconds} (a day) to ${lifetimeMaxSeconds} (five years)`)
  return seconds
}
