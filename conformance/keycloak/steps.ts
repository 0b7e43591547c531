import assert from 'node:assert/strict'
import { passIdp, signIn, whoIs, type World } from './world.ts'

interface Step {
  readonly name: string
  run(world: World): Promise<void>
}

const connections = '/api/muster/sso-connections'
const adminPassword = 'correct horse battery staple'

// oxlint-disable-next-line typescript/no-explicit-any
async function userBy(world: World, email: string): Promise<any> {
  const filter = encodeURIComponent(JSON.stringify({ email }))
  return (await world.api('GET', `/api/service/users?filter=${filter}`)).records[0]
}

async function groupsOf(world: World, email: string): Promise<string[]> {
  const { id } = await userBy(world, email)
  const { records } = await world.api('GET', `/api/service/users/${id}/groups`)
  return records.map((group: { name: string }) => group.name).toSorted()
}

async function mapGroup(world: World, group: string): Promise<void> {
  await world.api('POST', '/api/service/groups', { group: { name: group, attributes: { alias: [group] } } })
  await world.api('POST', '/api/service/idp/keycloak/mappers', {
    name: `${group}--1`,
    identityProviderMapper: 'saml-group-idp-mapper',
    identityProviderAlias: 'keycloak',
    config: { syncMode: 'FORCE', attributes: '[]', group, 'attribute.name': 'memberOf', 'attribute.value': group },
  })
}

/** In the order in which they are walked: each leaves what the next begins with. */
export const steps: readonly Step[] = [
  {
    name: 'somebody unknown signs in and gets an account with what Keycloak says',
    async run(world) {
      for (const group of ['science', 'sales']) await mapGroup(world, group)
      await world.realm.addPerson('worker', ['science'])
      const context = await world.newBrowser()
      await signIn(world, context, 'worker')
      assert.equal((await whoIs(world, context))?.username, 'worker')
      const user = await userBy(world, 'worker@example.com')
      assert.deepEqual([user.firstName, user.lastName, user.workspaceRole], ['First', 'worker', '$member'])
      assert.deepEqual(await groupsOf(world, 'worker@example.com'), ['science'])
      await context.close()
    },
  },
  {
    name: 'groups follow what Keycloak says at the next sign-in, and the account is the same',
    async run(world) {
      const before = await userBy(world, 'worker@example.com')
      const id = await world.realm.findPerson('worker')
      await world.realm.setGroups(id, ['sales'])
      const context = await world.newBrowser()
      await signIn(world, context, 'worker')
      assert.deepEqual(await groupsOf(world, 'worker@example.com'), ['sales'])
      assert.equal((await userBy(world, 'worker@example.com')).id, before.id)
      await context.close()
    },
  },
  {
    name: 'encrypted assertions are read',
    async run(world) {
      await world.realm.setEncryption(world.sp, true)
      const context = await world.newBrowser()
      await signIn(world, context, 'worker')
      assert.equal((await whoIs(world, context))?.username, 'worker')
      await world.realm.setEncryption(world.sp, false)
      await context.close()
    },
  },
  {
    name: 'a new key of Keycloak is refused until its certificate is here, and accepted beside the old one then',
    async run(world) {
      await world.realm.rollKey()
      const refused = await world.newBrowser()
      const page = await signIn(world, refused, 'worker')
      assert.match(await page.content(), /Sign-in did not work/)
      assert.equal(await whoIs(world, refused), null)
      await refused.close()
      const metadataXml = await world.realm.metadata()
      const { certificates } = await world.api('POST', `${connections}/${world.connectionId}`, { metadataXml })
      assert.equal(certificates.length, 2)
      const context = await world.newBrowser()
      await signIn(world, context, 'worker')
      assert.equal((await whoIs(world, context))?.username, 'worker')
      await context.close()
    },
  },
  {
    name: 'signing out here signs out at Keycloak',
    async run(world) {
      const context = await world.newBrowser()
      const page = await signIn(world, context, 'worker')
      const session = await whoIs(world, context)
      assert.ok(session !== null)
      await page.setContent(
        `<form method="post" action="${world.server.url}/auth/saml/sign-out"><input name="csrf" value="${session.csrfToken}"><button>Go</button></form>`,
      )
      await page.getByRole('button', { name: 'Go' }).click()
      await page.waitForURL(/\/auth\/saml\/keycloak\/logout/)
      assert.match(await page.content(), /You are signed out/)
      assert.equal(await whoIs(world, context), null)
      await page.goto(`${world.server.url}/auth/saml/keycloak/login`)
      assert.equal(await page.locator('#kc-login').count(), 1, 'Keycloak asks for the password again')
      await context.close()
    },
  },
  {
    name: 'signing out at Keycloak signs out here',
    async run(world) {
      const context = await world.newBrowser()
      const page = await signIn(world, context, 'worker')
      assert.ok((await whoIs(world, context)) !== null)
      await page.goto(world.realm.accountLogoutUrl)
      await page.locator('#kc-logout').click()
      await page.waitForURL((url) => !url.pathname.includes('logout-confirm'))
      await page.waitForLoadState('networkidle')
      assert.equal(await whoIs(world, context), null)
      await context.close()
    },
  },
  {
    name: 'somebody who was disabled is signed out and cannot come back',
    async run(world) {
      await world.realm.addPerson('leaver')
      const context = await world.newBrowser()
      await signIn(world, context, 'leaver')
      const { id } = await userBy(world, 'leaver@example.com')
      await world.api('POST', `/api/service/users/${id}`, { enabled: false })
      assert.equal(await whoIs(world, context), null)
      const page = await signIn(world, context, 'leaver')
      assert.match(await page.content(), /Sign-in did not work/)
      assert.equal(await whoIs(world, context), null)
      await context.close()
    },
  },
  {
    name: 'SSO is enforced by an admin who tried it, and ends invitations; the admin comes in through Keycloak',
    async run(world) {
      const { url } = world.server
      await world.realm.addPerson('boss')
      const token = /accept-invite\?token=(\S+)/.exec(world.server.printed())?.[1] ?? ''
      const context = await world.newBrowser()
      const accepted = await context.request.post(`${url}/auth/accept-invite`, {
        data: { token, username: 'boss', firstName: 'The', lastName: 'Boss', password: adminPassword },
      })
      assert.equal(accepted.status(), 200, await accepted.text())
      const page = await context.newPage()
      await page.goto(`${url}/auth/sign-in`)
      await page.locator('input[name=login]').fill('boss')
      await page.locator('input[name=password]').fill(adminPassword)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.waitForLoadState()
      const session = await whoIs(world, context)
      assert.equal(session?.username, 'boss')
      const traded = await context.request.post(`${url}/auth/session/token`, {
        headers: { 'x-muster-csrf': session?.csrfToken ?? '' },
      })
      const { accessToken } = await traded.json()
      const enforce = (enforced: boolean) =>
        world.api('POST', `${connections}/${world.connectionId}/enforce`, { enforced }, accessToken)
      await assert.rejects(enforce(true), /sso_untested/)
      await world.api('POST', '/api/muster/domains', { name: 'example.com' })
      world.server.operate(['domains', 'verify', 'example.com'])
      const test = await world.api('POST', `${connections}/${world.connectionId}/tests`, undefined, accessToken)
      await page.goto(test.url)
      await passIdp(page, 'boss')
      assert.match(await page.content(), /The test worked/)
      const shown = await world.api('GET', `/api/muster/sso-tests/${test.id}`)
      assert.deepEqual([shown.state, shown.outcome], ['passed', 'would sign in as boss'])
      assert.ok(
        shown.attributes.some(
          ({ name, meaning }: { name: string; meaning: string[] }) => name === 'email' && meaning[0] === 'email',
        ),
      )
      await enforce(true)
      await assert.rejects(
        world.api('POST', '/api/service/users', { emails: ['x@example.com'], roleName: '$member' }),
        /sso_enforced/,
      )
      const fresh = await world.newBrowser()
      await signIn(world, fresh, 'boss')
      assert.equal((await whoIs(world, fresh))?.username, 'boss')
      assert.equal((await userBy(world, 'boss@example.com')).workspaceRole, '$admin')
      world.server.operate(['sso', 'release'])
      await world.api('POST', '/api/service/users', { emails: ['x@example.com'], roleName: '$member' })
      await fresh.close()
      await context.close()
    },
  },
  {
    name: 'P27: every sign-in and refusal is in the login events',
    async run(world) {
      const events: { type: string }[] = await world.api('GET', '/api/service/events/login?max=1000')
      const types = new Set(events.map(({ type }) => type))
      for (const type of [
        'IDENTITY_PROVIDER_LOGIN',
        'IDENTITY_PROVIDER_LOGIN_ERROR',
        'FEDERATED_IDENTITY_LINK',
        'LOGIN',
        'LOGOUT',
      ])
        assert.ok(types.has(type), type)
    },
  },
]
