import type { Command } from 'commander'
import type { Ctx } from '../access/ctx.ts'
import { listDomains, verifyDomainByOperator } from '../domains/domains.service.ts'
import { ApiError } from '../errors/api-error.ts'
import { releaseSso } from '../saml/enforcement.service.ts'
import { listConnections } from '../sso-connections/sso-connections.service.ts'
import { print, readEnvironment, withTenant } from './with-database.ts'

interface TenantOption {
  readonly tenant?: string
}

export function addSsoCommands(program: Command): void {
  const sso = program.command('sso').description('single sign-on')
  const ofTenant = (command: Command) => command.option('--tenant <slug>', 'the default tenant unless given')
  ofTenant(
    sso.command('release').description('let people in with passwords again when the identity provider locks them out'),
  ).action(release)
  ofTenant(sso.command('list').description('connections, as people sign in through them')).action(list)
  const domains = program.command('domains').description('e-mail domains that belong to a tenant')
  ofTenant(domains.command('list').description('domains and whether they are verified')).action(listAll)
  ofTenant(
    domains.command('verify <domain>').description('take the operator’s word that a domain belongs to the tenant'),
  ).action(verify)
}

function inTenant<T>({ tenant }: TenantOption, work: (ctx: Ctx) => Promise<T>): Promise<T> {
  const slug = tenant ?? readEnvironment().config.defaultTenant
  if (slug === null)
    throw new ApiError('invalid_request', { detail: 'No default tenant is set; name one with --tenant.' })
  return withTenant(slug, work)
}

async function release(options: TenantOption, command: Command): Promise<void> {
  await inTenant(options, releaseSso)
  print(command, { enforced: false }, ['SSO is not enforced any more; passwords and invitations work again.'])
}

async function list(options: TenantOption, command: Command): Promise<void> {
  const connections = await inTenant(options, listConnections)
  print(
    command,
    connections.map(({ id, alias, entityId, isEnabled }) => ({ id, alias, entityId, enabled: isEnabled })),
    connections.map(({ alias, entityId, isEnabled }) => `${alias}\t${isEnabled ? 'on' : 'off'}\t${entityId}`),
  )
}

async function listAll(options: TenantOption, command: Command): Promise<void> {
  const domains = await inTenant(options, listDomains)
  print(
    command,
    domains.map(({ name, verifiedAt, verifiedBy }) => ({ name, verifiedAt, verifiedBy })),
    domains.map(
      ({ name, verifiedAt, verifiedBy }) => `${name}\t${verifiedAt > 0 ? `verified by ${verifiedBy}` : 'not verified'}`,
    ),
  )
}

async function verify(domain: string, options: TenantOption, command: Command): Promise<void> {
  const { name } = await inTenant(options, (ctx) => verifyDomainByOperator(ctx, domain))
  print(command, { name, verified: true }, [`${name} is verified.`])
}
