import { erasePersonalData } from '../src/audit-chain/erasure.service.ts'
import { operatorCtx } from '../src/commands/operator.ts'
import type { EventName } from '../src/events/event-types.ts'
import { changePlan, createTenant, disableTenant } from '../src/tenants/tenants.service.ts'
import { ssoAlias } from './authz-matrix.ts'
import { makeObject, newText } from './authz-world.ts'
import { ofGroups, ofLinks } from './group-scenarios.ts'
import { ofBoundMembers, ofRoles } from './role-scenarios.ts'
import { newEmail, post, type Arrange, type Post, type Scenario } from './scenario.ts'
import { ofSignIn } from './scim-scenarios.ts'
import { password, type TestApp } from './start-test-app.ts'
import type { RequestOptions } from './test-client.ts'
import { ofSignIn as ofSigningIn } from './sign-in-scenarios.ts'
import { ofSso } from './sso-scenarios.ts'
import { ofUsers } from './user-scenarios.ts'

const users = '/api/service/users'

const ofTokens: readonly Scenario[] = [
  post(
    'POST /api/service/apikeys',
    'a new one',
    async () => ({ path: '/api/service/apikeys', body: { displayName: newText() } }),
    ['api_token.created'],
    ['api_token.created'],
  ),
  {
    by: 'POST /api/service/apikeys',
    what: 'the same one again, under one key',
    leaves: ['api_token.secret_redrawn'],
    again: ['api_token.secret_redrawn'],
    arrange: async (t) => {
      const create = (as: RequestOptions) => t.post('/api/service/apikeys', { displayName: 'again' }, as)
      const keyed = { headers: { 'idempotency-key': newText() } }
      await create(keyed)
      return (as = {}) => create({ ...keyed, ...as })
    },
  },
  post(
    'POST /api/service/apikeys/{id}',
    'a new name',
    async (t) => ({
      path: `/api/service/apikeys/${await makeObject(t, 'api-token')}`,
      body: { displayName: newText() },
    }),
    ['api_token.updated'],
    [],
  ),
  post(
    'DELETE /api/service/apikeys/{id}',
    'one in use',
    async (t) => ({ path: `/api/service/apikeys/${await makeObject(t, 'api-token')}` }),
    ['api_token.revoked'],
  ),
]

const clients = '/api/service/oauth-clients'

const ofClients: readonly Scenario[] = [
  post(
    `POST ${clients}`,
    'a new one',
    async () => ({ path: clients, body: { displayName: newText(), role: '$guest' } }),
    ['oauth_client.created'],
    ['oauth_client.created'],
  ),
  {
    by: `POST ${clients}`,
    what: 'the same one again, under one key',
    leaves: ['oauth_client.secret_redrawn'],
    again: ['oauth_client.secret_redrawn'],
    arrange: async (t) => {
      const create = (as: RequestOptions) => t.post(clients, { displayName: 'again', role: '$guest' }, as)
      const keyed = { headers: { 'idempotency-key': newText() } }
      await create(keyed)
      return (as = {}) => create({ ...keyed, ...as })
    },
  },
  ...['PUT', 'POST'].flatMap((method) => [
    post(
      `${method} ${clients}/{id}`,
      'a new name',
      async (t) => ({ path: `${clients}/${await makeObject(t, 'oauth-client')}`, body: { displayName: newText() } }),
      ['oauth_client.updated'],
      [],
    ),
    post(
      `${method} ${clients}/{id}`,
      'a new name and role',
      async (t) => ({
        path: `${clients}/${await makeObject(t, 'oauth-client')}`,
        body: { description: newText(), role: '$admin' },
      }),
      ['oauth_client.updated', 'oauth_client.role_changed'],
      [],
    ),
  ]),
  post(
    `DELETE ${clients}/{id}`,
    'one in use',
    async (t) => {
      const client = await t.addOAuthClient('$guest')
      await t.accessToken(client)
      return { path: `${clients}/${client.clientId}` }
    },
    ['oauth_client.deleted'],
  ),
  {
    by: `POST ${clients}/token`,
    what: 'with its secret',
    leaves: ['oauth_client.token_issued'],
    again: ['oauth_client.token_issued'],
    arrange: async (t) => {
      const { clientId, secret } = await t.addOAuthClient('$guest')
      const body = { clientId, clientSecret: secret }
      return (as = {}) => t.post(`${clients}/token`, body, { ...as, token: null })
    },
  },
]

const mappers = '/api/service/idp/{alias}/mappers'

function mappersOf(alias: string): string {
  return mappers.replace('{alias}', alias)
}

const ofMappers: readonly Scenario[] = [
  post(`POST ${mappers}`, 'a group mapper', async (t) => ({ path: mappersOf('azure'), body: await groupMapper(t) }), [
    'sso_mapper.created',
  ]),
  post(
    `POST ${mappers}`,
    'a user-attribute mapper',
    async () => ({
      path: mappersOf('azure'),
      body: {
        identityProviderMapper: 'saml-user-attribute-idp-mapper',
        config: { 'user.attribute': 'firstName', 'attribute.name': newText() },
      },
    }),
    ['sso_mapper.created'],
    ['sso_mapper.created'],
  ),
  post(
    `POST ${mappers}/{id}`,
    'another value',
    async (t) => ({
      path: `${mappersOf(ssoAlias)}/${await makeObject(t, 'sso-mapper')}`,
      body: { config: { 'attribute.value': newText() } },
    }),
    ['sso_mapper.updated'],
    [],
  ),
  post(
    `POST ${mappers}/{id}/delete`,
    'one in use',
    async (t) => ({ path: `${mappersOf(ssoAlias)}/${await makeObject(t, 'sso-mapper')}/delete` }),
    ['sso_mapper.deleted'],
  ),
  post(
    'POST /api/service/groups/{id}/delete',
    'with mappers of two connections',
    async (t) => {
      const body = await groupMapper(t)
      for (const alias of ['azure', 'okta']) await t.post(mappersOf(alias), body)
      const filter = encodeURIComponent(JSON.stringify({ name: body.config.group }))
      const { json } = await t.get(`/api/service/groups?filter=${filter}`)
      return { path: `/api/service/groups/${json.records[0].id}/delete` }
    },
    ['sso_mapper.deleted', 'sso_mapper.deleted', 'group.deleted'],
  ),
]

async function groupMapper(t: TestApp) {
  const group = newText()
  await t.addGroup(group)
  return { identityProviderMapper: 'saml-group-idp-mapper', config: { group, 'attribute.value': newText() } }
}

const ofMails: readonly Scenario[] = [
  onInvitation('resend', ['invitation.resent'], ['invitation.resent']),
  onInvitation('link', ['invitation.link_copied'], ['invitation.link_copied']),
  onInvitation('revoke', ['invitation.revoked'], []),
  post(
    'POST /api/muster/outbox/{id}/retry',
    'one that waits',
    async (t) => ({ path: `/api/muster/outbox/${await makeObject(t, 'outbox-item')}/retry` }),
    ['outbox_item.retried'],
    ['outbox_item.retried'],
  ),
  post(
    'POST /api/muster/outbox/{id}/discard',
    'one that waits',
    async (t) => ({ path: `/api/muster/outbox/${await makeObject(t, 'outbox-item')}/discard` }),
    ['outbox_item.discarded'],
  ),
  {
    by: 'POST /auth/accept-invite',
    what: 'with a name of one’s own',
    leaves: ['invitation.accepted'],
    arrange: async (t) => {
      const body = {
        token: await t.invitationToken(await t.invite(newEmail())),
        username: newText(),
        firstName: 'First',
        password,
      }
      return (as = {}) => t.post('/auth/accept-invite', body, { ...as, token: null })
    },
  },
]

function onInvitation(verb: string, leaves: readonly EventName[], again: readonly EventName[]): Scenario {
  return post(
    `POST /api/muster/invitations/{id}/${verb}`,
    'an open one',
    async (t) => ({ path: `/api/muster/invitations/${await makeObject(t, 'invitation')}/${verb}` }),
    leaves,
    again,
  )
}

const ofTheHost: readonly Scenario[] = [
  {
    by: 'muster-server tenants create',
    what: 'a new tenant',
    leaves: ['tenant.created'],
    arrange: async (t) => () =>
      createTenant(operatorCtx(t.serverDb, '', t.clock.now()), { slug: newText(), name: 'New', plan: 'standard' }),
  },
  {
    by: 'muster-server audit erase',
    what: 'of a user who was deleted',
    leaves: ['user.personal_data_erased'],
    again: [],
    arrange: async (t) => {
      const id = await makeObject(t, 'user')
      await t.post(`${users}/${id}/delete`)
      return () => erasePersonalData(t.operator(), t.sealing(), id)
    },
  },
  ofTenant('tenants set-plan', 'another plan', ['tenant.plan_changed'], (ctx) => changePlan(ctx, 'standard')),
  ofTenant('tenants disable', 'one that is served', ['tenant.disabled'], (ctx) => disableTenant(ctx)),
]

function ofTenant(
  verb: string,
  what: string,
  leaves: readonly EventName[],
  act: (ctx: ReturnType<typeof operatorCtx>) => Promise<void>,
): Scenario {
  const arrange: Arrange = async (t) => {
    const { id } = await createTenant(operatorCtx(t.serverDb, '', t.clock.now()), {
      slug: newText(),
      name: 'New',
      plan: 'enterprise',
    })
    return () => act(operatorCtx(t.serverDb, id, t.clock.now()))
  }
  return { by: `muster-server ${verb}`, what, arrange, leaves, again: [] }
}

export const scenarios: readonly Scenario[] = [
  ...ofUsers,
  ...ofSigningIn,
  ...ofSso,
  ...ofGroups,
  ...ofBoundMembers,
  ...ofLinks,
  ...ofRoles,
  ...ofTokens,
  ...ofClients,
  ...ofMappers,
  ...ofMails,
  ...ofSignIn,
  ...ofTheHost,
]

/** Requests that fail after something was written and recorded: all of it must be gone. */
export const rolledBack: readonly {
  readonly what: string
  readonly status: number
  readonly arrange: (t: TestApp) => Promise<Post>
}[] = [
  {
    what: 'a user disabled, with a group that does not exist',
    status: 404,
    arrange: async (t) => ({
      path: `${users}/${await makeObject(t, 'user')}`,
      body: { enabled: false, firstName: newText(), groups: ['no-such-group'] },
    }),
  },
  {
    what: 'a user renamed, with a persona that does not exist',
    status: 404,
    arrange: async (t) => ({
      path: `${users}/${await makeObject(t, 'user')}`,
      body: { firstName: newText(), groups: [await makeObject(t, 'group')], persona: ['no-such-persona'] },
    }),
  },
  {
    what: 'a user disabled, under the address of somebody else',
    status: 409,
    arrange: async (t) => {
      const taken = newEmail()
      await t.invite(taken)
      return { path: `${users}/${await makeObject(t, 'user')}`, body: { enabled: false, email: taken } }
    },
  },
  {
    what: 'the last admin renamed and made a member',
    status: 409,
    arrange: async (t) => ({
      path: `${users}/${(await t.addUser(newText(), '$admin')).id}`,
      body: { firstName: newText(), workspaceRole: '$member' },
    }),
  },
  {
    what: 'a user moved between groups, one of which does not exist',
    status: 404,
    arrange: async (t) => ({
      path: `${users}/${await makeObject(t, 'user')}/groups`,
      body: { groups: [await makeObject(t, 'group'), 'no-such-group'] },
    }),
  },
]
