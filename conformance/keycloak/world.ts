import type { BrowserContext, Page } from 'playwright-core'
import type { OwnServer } from '../own-server.ts'
import { password, type Realm, type ServiceProvider } from './realm.ts'

/** What every step works with. */
export interface World {
  readonly server: OwnServer
  readonly realm: Realm
  readonly sp: ServiceProvider
  readonly connectionId: string
  newBrowser(): Promise<BrowserContext>
  /** A call of Muster's API, as its first token unless another is given. */
  // The lane reads what it names.
  // oxlint-disable-next-line typescript/no-explicit-any
  api(method: string, address: string, body?: unknown, token?: string): Promise<any>
}

/** From Muster's page through the IdP's form, as a person does it; answers where the browser ends up. */
export async function signIn(world: World, context: BrowserContext, username: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${world.server.url}/auth/saml`)
  await page.getByRole('link', { name: 'Sign in with Keycloak' }).click()
  await passIdp(page, username)
  return page
}

/** Types name and password where the IdP asks for them; it does not where somebody is signed in there. */
export async function passIdp(page: Page, username: string): Promise<void> {
  await page.waitForLoadState()
  if ((await page.locator('#kc-login').count()) > 0) {
    if (await page.locator('#username').isEditable()) await page.locator('#username').fill(username)
    await page.locator('#password').fill(password)
    await page.locator('#kc-login').click()
  }
  await page.waitForURL((url) => url.href.startsWith('http://127.0.0.1') && !url.pathname.startsWith('/realms/'))
}

/** Who is signed in to Muster with this browser; null for nobody. */
export async function whoIs(
  world: World,
  context: BrowserContext,
): Promise<{ username: string; csrfToken: string } | null> {
  const answer = await context.request.get(`${world.server.url}/auth/session`)
  return answer.ok() ? answer.json() : null
}
