import { inflateRawSync } from 'node:zlib'
import type { OptionsChange } from '../../sso-connections/connection-options.schema.ts'
import { createConnection } from '../../sso-connections/sso-connections.service.ts'
import type { SsoConnection } from '../../sso-connections/sso-connections.schema.ts'
import type { TestApp, TestTenant } from '../../../test/start-test-app.ts'
import type { Answer } from '../../../test/test-client.ts'
import { inTransaction } from '../../access/in-transaction.ts'
import { vaultFrom } from '../../secrets/vault.ts'
import { insertKeyOnce } from '../sp-keys.queries.ts'
import { makeKey } from './keys.ts'
import { TestIdp, type ResponseValues, type Signing } from './test-idp.ts'

interface Wish {
  readonly alias?: string
  readonly tenant?: TestTenant
  readonly idp?: TestIdp
  readonly options?: OptionsChange
  readonly isEnabled?: boolean
}

/** A sign-in under way in one browser. */
export interface Begun {
  readonly requestId: string
  readonly cookie: string
  readonly location: URL
}

/** A connection with an IdP of the test, and a browser that walks through it. */
export class SsoWorld {
  readonly t: TestApp
  readonly idp: TestIdp
  readonly connection: SsoConnection
  readonly tenant: TestTenant

  constructor(t: TestApp, parts: { idp: TestIdp; connection: SsoConnection; tenant: TestTenant }) {
    this.t = t
    this.idp = parts.idp
    this.connection = parts.connection
    this.tenant = parts.tenant
  }

  get base(): string {
    return this.tenant.host === 'acme.localhost'
      ? `http://127.0.0.1:${this.t.port}`
      : `http://${this.tenant.host}:${this.t.port}`
  }

  get acsUrl(): string {
    return `${this.base}/auth/saml/${this.connection.alias}/acs`
  }

  get audience(): string {
    return `${this.base}/auth/saml/metadata`
  }

  async begin({ next = '', cookie = '', test = '' } = {}): Promise<Begun> {
    const query = new URLSearchParams({ ...(next === '' ? {} : { next }), ...(test === '' ? {} : { test }) })
    const answer = await this.t.get(`/auth/saml/${this.connection.alias}/login?${query.toString()}`, {
      token: null,
      host: this.tenant.host,
      ...(cookie === '' ? {} : { headers: { cookie } }),
    })
    if (answer.status !== 303) throw new Error(`sign-in did not begin: ${answer.status} ${answer.text}`)
    const location = new URL(String(answer.headers.location))
    const xml = inflateRawSync(Buffer.from(location.searchParams.get('SAMLRequest') ?? '', 'base64')).toString()
    return {
      requestId: / ID="([^"]+)"/.exec(xml)?.[1] ?? '',
      cookie: String(answer.headers['set-cookie']).split(';')[0] ?? '',
      location,
    }
  }

  values(begun: Begun | null, more: Partial<ResponseValues> = {}): ResponseValues {
    return {
      acsUrl: this.acsUrl,
      audience: this.audience,
      now: this.t.clock.now(),
      inResponseTo: begun?.requestId ?? null,
      ...more,
    }
  }

  post(
    field: string,
    { cookie = '', relayState = '', host = this.tenant.host, alias = this.connection.alias } = {},
  ): Promise<Answer> {
    return this.t.request('POST', `/auth/saml/${alias}/acs`, {
      token: null,
      host,
      rawBody: new URLSearchParams({ SAMLResponse: field, RelayState: relayState }).toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: 'https://idp.example',
        'sec-fetch-site': 'cross-site',
        ...(cookie === '' ? {} : { cookie }),
      },
    })
  }

  /** The whole way: request, answer, session. */
  async signIn(more: Partial<ResponseValues> = {}, signing: Signing = {}): Promise<Answer> {
    const begun = await this.begin()
    return this.post(await this.idp.respond(this.values(begun, more), signing), { cookie: begun.cookie })
  }
}

const spKey = makeKey('muster')

/** Making a key takes long; one does for all workspaces of all tests. */
async function giveKey(t: TestApp, tenant: TestTenant): Promise<void> {
  await inTransaction(t.operator(tenant), (ctx) =>
    insertKeyOnce(ctx.db, {
      tenant_id: ctx.tenantId,
      private_key: vaultFrom('test').seal(spKey.privateKey, `saml-key ${ctx.tenantId}`),
      certificate: spKey.certificate,
      created_at: ctx.now.getTime(),
    }),
  )
}

export async function startSso(t: TestApp, wish: Wish = {}): Promise<SsoWorld> {
  const { alias = 'okta', tenant = t.acme, idp = new TestIdp(), isEnabled = true } = wish
  await giveKey(t, tenant)
  const connection = await createConnection(t.operator(tenant), {
    alias,
    isEnabled,
    idp: {
      entityId: idp.entityId,
      signOnUrl: idp.signOnUrl,
      logoutUrl: idp.logoutUrl,
      certificates: [idp.key.certificate],
    },
    ...(wish.options === undefined ? {} : { options: wish.options }),
  })
  return new SsoWorld(t, { idp, connection, tenant })
}
