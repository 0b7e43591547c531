import type { TestApp, TestTenant } from './start-test-app.ts'
import { password } from './start-test-app.ts'
import type { Answer } from './test-client.ts'

type Fields = Readonly<Record<string, string>>

/** What a browser without JavaScript does: keeps cookies, follows redirects, sends the forms it was shown. */
export class TestBrowser {
  readonly #app: TestApp
  readonly #tenant: TestTenant | null
  readonly cookies = new Map<string, string>()
  /** The page shown last. */
  page = ''
  /** Its address. */
  path = ''

  constructor(app: TestApp, tenant: TestTenant | null = null) {
    this.#app = app
    this.#tenant = tenant
  }

  async request(method: string, path: string, headers: Fields = {}, rawBody?: string): Promise<Answer> {
    const answer = await this.#app.request(method, path, {
      token: null,
      headers: { ...(this.cookies.size === 0 ? {} : { cookie: this.cookieHeader() }), ...headers },
      ...(this.#tenant === null ? {} : { host: this.#tenant.host }),
      ...(rawBody === undefined ? {} : { rawBody }),
    })
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return answer
  }

  cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** Opens an address and what it redirects to. */
  async open(path: string): Promise<Answer> {
    let answer = await this.request('GET', path)
    this.path = path
    for (let hops = 0; answer.status === 303 && hops < 5; hops += 1) {
      this.path = answer.headers.location ?? ''
      answer = await this.request('GET', this.path)
    }
    this.page = answer.text
    return answer
  }

  /** Sends a form of the page shown, with its hidden fields; without following a redirect. */
  async submit(action: string, fields: Fields = {}, headers: Fields = {}): Promise<Answer> {
    const form = [...this.page.matchAll(/<form[^>]*action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g)].find(
      ([text, , body]) =>
        text.includes(`action="${action}"`) &&
        Object.entries(fields).every(
          ([name, value]) => !body?.includes(`type="hidden" name="${name}"`) || body.includes(`value="${value}"`),
        ),
    )
    const hidden = (form?.[2] ?? '').matchAll(/<input[^>]*type="hidden"[^>]*name="([^"]*)"[^>]*value="([^"]*)"/g)
    const values = Object.fromEntries([...hidden].map(([, name = '', value = '']) => [name, value]))
    const answer = await this.send(action, { ...values, ...fields }, headers)
    if (answer.status !== 303) this.page = answer.text
    return answer
  }

  /** Sends fields, whatever page is shown. */
  send(path: string, fields: Fields, headers: Fields = {}): Promise<Answer> {
    return this.request(
      'POST',
      path,
      { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      new URLSearchParams(fields).toString(),
    )
  }

  /** Signs in on the page for it; answers where that led. */
  async signIn(login: string, secret: string = password): Promise<Answer> {
    await this.open('/auth/sign-in')
    return this.submit('/auth/sign-in', { login, password: secret })
  }

  /** The bearer that a console gets for this session. */
  async bearer(): Promise<string> {
    const { json } = await this.request('GET', '/auth/session')
    const answer = await this.request('POST', '/auth/session/token', { 'x-muster-csrf': json.csrfToken })
    return answer.json.accessToken
  }
}

/** A browser in which this user is signed in. */
export async function signedInBrowser(
  t: TestApp,
  login: string,
  tenant: TestTenant | null = null,
): Promise<TestBrowser> {
  const browser = new TestBrowser(t, tenant)
  const { status, text } = await browser.signIn(login)
  if (status !== 303) throw new Error(`sign-in of ${login} failed: ${status} ${text}`)
  return browser
}
