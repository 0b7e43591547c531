import { Argument, type Command, Option } from 'commander'
import { inviteUsers } from '../invitations/invite.service.ts'
import { copyInvitationLink, listInvitations } from '../invitations/invitations.service.ts'
import { ApiError } from '../errors/api-error.ts'
import { tenantUrl } from '../tenants/tenant-url.service.ts'
import type { Plan, Tenant } from '../tenants/tenants.schema.ts'
import { requireEmailAddress } from '../text/email-address.ts'
import { changePlan, createTenant, disableTenant, listTenants } from '../tenants/tenants.service.ts'
import { operatorCtx } from './operator.ts'
import { print, withDatabase, withTenant, type Environment } from './with-database.ts'
import type { Ctx } from '../access/ctx.ts'

const plans: readonly Plan[] = ['enterprise', 'standard']

export function addTenantCommands(program: Command): void {
  const tenants = program.command('tenants').description('isolated workspaces of this host')
  tenants
    .command('create')
    .description('create a tenant and print the sign-up link of its first admin')
    .argument('<slug>', 'DNS label under which it is served')
    .option('--name <name>', 'what people read; the slug unless given')
    .addOption(new Option('--plan <plan>', 'enterprise opens SCIM').choices(plans).default('enterprise'))
    .requiredOption('--admin <email>', 'address of the first admin')
    .action(create)
  tenants.command('list').description('list all tenants').action(list)
  tenants
    .command('set-plan')
    .description('change what a tenant may use')
    .argument('<slug>')
    .addArgument(new Argument('<plan>').choices(plans))
    .action(setPlan)
  tenants.command('disable').description('stop serving a tenant; its data stays').argument('<slug>').action(disable)
}

interface CreateOptions {
  readonly name?: string
  readonly plan: Plan
  readonly admin: string
}

async function create(slug: string, { name, plan, admin }: CreateOptions, command: Command): Promise<void> {
  // Before anything is made: a tenant without an admin is of no use to anybody.
  requireEmailAddress(admin)
  await withDatabase(async (db, environment) => {
    const tenant = await createTenant(operatorCtx(db, ''), { slug, name: name ?? slug, plan })
    const link = await inviteAdmin(operatorCtx(db, tenant.id), tenant, admin, environment)
    print(command, { ...toJson(tenant), adminLink: link }, [
      `Tenant ${slug} (${plan}) is ready.`,
      `First admin, sign up here: ${link}`,
    ])
  })
}

async function inviteAdmin(ctx: Ctx, tenant: Tenant, address: string, { config }: Environment): Promise<string> {
  const { created, failed } = await inviteUsers(ctx, [{ address, roleName: '$admin' }])
  const [failure] = failed.values()
  if (failure !== undefined)
    throw new ApiError('invalid_email', { detail: `The tenant was created without an admin: ${failure.text}` })
  const [userId] = created.values()
  const filter = JSON.stringify({ userId: userId ?? '' })
  const everything = {
    limit: 1,
    offset: 0,
    sort: null,
    withTotals: false,
    columns: null,
    cursor: null,
    maxLoginEvents: 0,
    limits: ctx.limits,
  }
  const { items } = await listInvitations(ctx, { ...everything, filter })
  const { token } = await copyInvitationLink(ctx, items[0]?.id ?? '')
  return `${tenantUrl(config, config.port, tenant.slug)}/auth/accept-invite?token=${token}`
}

async function list(_options: unknown, command: Command): Promise<void> {
  const tenants = await withDatabase((db) => listTenants(db))
  print(
    command,
    tenants.map(toJson),
    tenants.map(({ slug, plan, state, name }) => `${slug}\t${plan}\t${state}\t${name}`),
  )
}

async function setPlan(slug: string, plan: Plan, _options: unknown, command: Command): Promise<void> {
  await withTenant(slug, (ctx) => changePlan(ctx, plan))
  print(command, { slug, plan }, [`Tenant ${slug} has the plan ${plan} now.`])
}

async function disable(slug: string, _options: unknown, command: Command): Promise<void> {
  await withTenant(slug, (ctx) => disableTenant(ctx))
  print(command, { slug, state: 'disabled' }, [`Tenant ${slug} is not served any more.`])
}

function toJson({ id, slug, name, plan, state, createdAt }: Tenant) {
  return { id, slug, name, plan, state, createdAt }
}
