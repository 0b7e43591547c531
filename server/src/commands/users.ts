import type { Command } from 'commander'
import { issuePasswordReset } from '../account/password-reset.service.ts'
import { ApiError } from '../errors/api-error.ts'
import { tenantUrl } from '../tenants/tenant-url.service.ts'
import { findUserByName } from '../users/users.service.ts'
import { print, readEnvironment, withTenant } from './with-database.ts'

export function addUserCommands(program: Command): void {
  const users = program.command('users').description('people, where no page helps them')
  users
    .command('reset-link')
    .description('print a link with which somebody sets a new password: it works once, for 30 minutes')
    .argument('<user>', 'username or e-mail address')
    .option('--tenant <slug>', 'the default tenant unless given')
    .action(resetLink)
}

async function resetLink(name: string, options: { readonly tenant?: string }, command: Command): Promise<void> {
  const slug = options.tenant ?? readEnvironment().config.defaultTenant
  if (slug === null)
    throw new ApiError('invalid_request', { detail: 'No default tenant is set; name one with --tenant.' })
  const link = await withTenant(slug, async (ctx, tenant, { config }) => {
    const user = await findUserByName(ctx, name)
    if (user === undefined)
      throw new ApiError('user_not_found', { detail: `Nobody in this tenant has the username or address "${name}".` })
    const token = await issuePasswordReset(ctx, user.id)
    return `${tenantUrl(config, config.port, tenant.slug)}/auth/reset-password?token=${token}`
  })
  print(command, { user: name, tenant: slug, link }, [link])
}
