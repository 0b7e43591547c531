import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Ctx } from '../access/ctx.ts'
import { workspaceRoles, type Right, type WorkspaceRole } from '../access/permissions.ts'
import { issueServiceToken, issueTokenFor } from '../api-tokens/api-tokens.service.ts'
import { lifetimeMaxSeconds } from '../api-tokens/api-tokens.schema.ts'
import { ApiError } from '../errors/api-error.ts'
import { isPending, type User } from '../users/users.schema.ts'
import { findUserByName } from '../users/users.service.ts'
import { print, readEnvironment, withTenant } from './with-database.ts'

const rights: readonly Right[] = ['sign-in-settings']

export function addTokenCommands(program: Command): void {
  const tokens = program.command('tokens').description('API tokens of the host operator')
  tokens
    .command('issue')
    .description('issue a service token, or a personal one with --owner; the secret is printed once')
    .option('--tenant <slug>', 'the default tenant unless given')
    .option('--name <name>', 'what lists show', 'operator')
    .addOption(new Option('--role <role>', 'role the service token keeps').choices(workspaceRoles).default('$admin'))
    .option('--owner <user>', 'username or e-mail address: the token has this user’s current role instead')
    .option(
      '--expires-in <seconds>',
      'life of the token in seconds; without it a service token does not expire',
      parseSeconds,
    )
    .addOption(new Option('--allow <right>', 'an extra right, for service tokens only').choices(rights))
    .action(issue)
}

interface IssueOptions {
  readonly tenant?: string
  readonly name: string
  readonly role: WorkspaceRole
  readonly owner?: string
  readonly expiresIn?: number
  readonly allow?: Right
}

async function issue(options: IssueOptions, command: Command): Promise<void> {
  if (options.owner !== undefined && options.allow !== undefined) {
    throw new ApiError('invalid_request', { detail: '--allow is for service tokens; leave out --owner.' })
  }
  const slug = options.tenant ?? readEnvironment().config.defaultTenant
  if (slug === null)
    throw new ApiError('invalid_request', { detail: 'No default tenant is set; name one with --tenant.' })
  const { token, secret } = await withTenant(slug, (ctx) =>
    options.owner === undefined ? issueService(ctx, options) : issuePersonal(ctx, options, options.owner),
  )
  print(command, { id: token.id, clientId: token.clientId, tenant: slug, token: secret }, [secret])
}

function issueService(ctx: Ctx, { name, role, allow, expiresIn }: IssueOptions) {
  return issueServiceToken(ctx, {
    displayName: name,
    role,
    rights: allow === undefined ? [] : [allow],
    lifetimeSeconds: expiresIn ?? null,
    secret: null,
  })
}

async function issuePersonal(ctx: Ctx, { name, expiresIn }: IssueOptions, owner: string) {
  const user = await findUserByName(ctx, owner)
  if (user === undefined)
    throw new ApiError('user_not_found', { detail: `Nobody in this tenant has the username or address "${owner}".` })
  const issued = await issueTokenFor(ctx, user.id, {
    displayName: name,
    description: 'Issued by the host operator',
    personas: [],
    lifetimeSeconds: expiresIn ?? null,
  })
  noteWhatItWaitsFor(user)
  return issued
}

/** The token of somebody who is not active is 401 like any wrong one: here alone can it be said why. */
function noteWhatItWaitsFor(user: User): void {
  const obstacle = !user.enabled ? 'is disabled' : isPending(user) ? 'has not accepted the invitation yet' : null
  if (obstacle !== null) {
    process.stderr.write(`muster-server: ${user.email} ${obstacle}; until that changes the token answers 401.\n`)
  }
}

function parseSeconds(text: string): number {
  const seconds = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0
  if (seconds < 1 || seconds > lifetimeMaxSeconds) throw new InvalidArgumentError(`must be 1 to ${lifetimeMaxSeconds}`)
  return seconds
}
