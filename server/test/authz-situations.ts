import { issueServiceToken } from '../src/api-tokens/api-tokens.service.ts'
import { operatorCtx } from '../src/commands/operator.ts'
import { createTenant } from '../src/tenants/tenants.service.ts'
import { roles, type Role } from './authz-matrix.ts'
import { makeObject, newText, workspaceRole, type Caller, type World } from './authz-world.ts'
import type { TestApp, TestTenant } from './start-test-app.ts'

/** Who asks, and what about: the situation of one cell, made anew for each request. */
export interface Situation {
  readonly token: string
  readonly host?: string
  /** What {id} names. */
  readonly id: string
  /** Values for placeholders of the body. */
  readonly extra?: Readonly<Record<string, () => string>>
}

/** Makes the situation for one role; undefined where a caller of this kind cannot be in it. */
type Setting = (caller: Caller) => Promise<Situation | undefined>

export async function makeSettings(world: World): Promise<Readonly<Record<string, Setting>>> {
  const { t } = world
  const lonely = await makeLonely(t)
  const idp = await makeIdp(t)
  const another = async ({ token }: Caller) => ({ token, id: await makeObject(t, 'user') })
  const bystander = await t.addUser('pending-bystander')
  const disabled = await makeObject(t, 'user')
  await t.post(`/api/service/users/${disabled}`, { enabled: false })
  return {
    invite: async ({ token }) => ({ token, id: '' }),
    'invited-already': async ({ token }) => ({ token, id: '', extra: { '$pending-email': await pendingEmail(t) } }),
    'hidden-sort': async ({ token }) => ({ token, id: '' }),
    'hidden-filter': async ({ token }) => ({ token, id: '' }),
    production: async ({ token }) => ({ token, id: '' }),
    self: async ({ token, userId }) => (userId === null ? undefined : { token, id: userId }),
    another: async (caller) => ({ ...(await another(caller)), extra: { '$disabled-user': () => disabled } }),
    group: async ({ token }) => ({ token, id: await makeObject(t, 'group') }),
    'token-of-another': async ({ token }) => ({ token, id: await makeObject(t, 'api-token', t.acme, bystander.id) }),
    'last-admin': async ({ role, kind }) =>
      kind === 'service' ? { token: lonely.tokens[role], ...lonely.target } : undefined,
    'only-admin-self': async ({ kind }) =>
      kind === 'personal' ? { token: lonely.admin.token, ...lonely.target } : undefined,
    'scim-managed': async (caller) => ({ ...idp.asCaller(caller), id: await idp.newUser() }),
    'scim-managed-self': async (caller) =>
      caller.kind === 'personal' ? { ...idp.asCaller(caller), id: idp.callers[caller.role].id } : undefined,
    'scim-managed-disabled': async (caller) => {
      const id = await idp.newUser()
      await t.post(`/api/service/users/${id}`, { enabled: false }, { token: idp.tenant.token, host: idp.tenant.host })
      return { ...idp.asCaller(caller), id }
    },
  }
}

async function pendingEmail(t: TestApp): Promise<() => string> {
  const email = `${newText()}@example.com`
  await t.invite(email)
  return () => email
}

/** A tenant with one admin who accepted, and service tokens, which are nobody's admin. */
async function makeLonely(t: TestApp) {
  const tenant = await makeTenant(t, 'lonely')
  const admin = await t.addUser('only-admin', '$admin', tenant)
  // Pending and disabled admins do not count.
  await t.invite('pending-admin@example.com', '$admin', tenant)
  const disabled = await t.invite('disabled-admin@example.com', '$admin', tenant)
  await t.post(`/api/service/users/${disabled}`, { enabled: false }, { token: tenant.token, host: tenant.host })
  const tokens = await perRole((role) => t.serviceToken(workspaceRole(role), tenant))
  const roleId = await t.roleId('$guest', tenant)
  const subRoleId = await t.roleId('$governance-admin', tenant)
  const extra = { $role: () => roleId, '$lonely-sub-role': () => subRoleId }
  return { admin, tokens, target: { host: tenant.host, id: admin.id, extra } }
}

/** A tenant with SCIM on. Its users are handed to SCIM in the database, because SCIM itself is not served yet. */
async function makeIdp(t: TestApp) {
  const tenant = await makeTenant(t, 'idp')
  const callers = await perRole((role) => t.addUser(`scim-${role}`, workspaceRole(role), tenant))
  const tokens = await perRole((role) => t.serviceToken(workspaceRole(role), tenant))
  const handOver = () =>
    t.db.engine.transact((trx) =>
      trx.updateTable('users').set({ source: 'scim' }).where('tenant_id', '=', tenant.id).execute(),
    )
  await t.db.engine.transact((trx) =>
    trx.updateTable('tenants').set({ settings: '{"scimIsOn":true}' }).where('id', '=', tenant.id).execute(),
  )
  await handOver()
  return {
    tenant,
    callers,
    asCaller: ({ role, kind }: Caller) => ({
      token: kind === 'personal' ? callers[role].token : tokens[role],
      host: tenant.host,
    }),
    async newUser() {
      const id = await makeObject(t, 'user', tenant)
      await handOver()
      return id
    },
  }
}

async function makeTenant(t: TestApp, slug: string): Promise<TestTenant> {
  const { id } = await createTenant(operatorCtx(t.serverDb, '', t.clock.now()), {
    slug,
    name: slug,
    plan: 'enterprise',
  })
  const issued = { displayName: 'test admin', role: '$admin', rights: [], lifetimeSeconds: null, secret: null } as const
  const { secret } = await issueServiceToken(operatorCtx(t.serverDb, id, t.clock.now()), issued)
  return { id, host: `${slug}.localhost`, token: secret }
}

async function perRole<T>(make: (role: Role) => Promise<T>): Promise<Record<Role, T>> {
  const [admin, member, guest] = roles
  return { admin: await make(admin), member: await make(member), guest: await make(guest) }
}
