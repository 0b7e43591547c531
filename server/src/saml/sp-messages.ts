import type { SAML } from '@node-saml/node-saml'
import type { SsoConnection } from '../sso-connections/sso-connections.schema.ts'
import type { SpAddresses } from '../sso-connections/sp-address-rules.ts'
import type { SpKey } from './sp-keys.service.ts'

/** How a browser carries a message to the IdP. */
export type Outgoing =
  | { readonly binding: 'redirect'; readonly url: string }
  | { readonly binding: 'post'; readonly url: string; readonly fields: Readonly<Record<string, string>> }

/** Loaded when somebody first signs in by SAML: it takes 12 MB. */
const nodeSaml = () => import('@node-saml/node-saml')

interface Parties {
  readonly connection: Pick<SsoConnection, 'signOnUrl' | 'signOnBinding' | 'logoutUrl' | 'certificates'>
  readonly sp: SpAddresses
  readonly key: SpKey
}

/** The question to the IdP who sits at this browser; signed. */
export async function authnRequest(
  parties: Parties,
  { id, relayState, asksAgain }: { readonly id: string; readonly relayState: string; readonly asksAgain: boolean },
): Promise<Outgoing> {
  const { signOnUrl, signOnBinding } = parties.connection
  if (signOnBinding === 'redirect') {
    const maker = await messages(parties, { id, forceAuthn: asksAgain })
    const url = await maker.getAuthorizeUrlAsync(relayState, undefined, {})
    return { binding: 'redirect', url }
  }
  const maker = await messages(parties, { id, forceAuthn: asksAgain, skipRequestCompression: true })
  const fields = await maker.getAuthorizeMessageAsync(relayState)
  return {
    binding: 'post',
    url: signOnUrl,
    fields: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value ?? '')])),
  }
}

interface LoggedIn {
  readonly nameId: string
  /** As the IdP said it; empty when it did not. */
  readonly nameIdFormat: string
  readonly sessionIndex: string
}

const unspecified = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified'

/** Tells the IdP that somebody signs out here. */
export async function logoutRequestUrl(
  parties: Parties,
  {
    id,
    relayState,
    nameId,
    nameIdFormat,
    sessionIndex,
  }: LoggedIn & { readonly id: string; readonly relayState: string },
): Promise<string> {
  const user = {
    issuer: '',
    nameID: nameId,
    nameIDFormat: nameIdFormat === '' ? unspecified : nameIdFormat,
    ...(sessionIndex === '' ? {} : { sessionIndex }),
  }
  return (await messages(parties, { id })).getLogoutUrlAsync(user, relayState, {})
}

/** The answer to an IdP that signed somebody out. */
export async function logoutResponseUrl(
  parties: Parties,
  { id, inResponseTo, relayState }: { readonly id: string; readonly inResponseTo: string; readonly relayState: string },
): Promise<string> {
  const request = { issuer: '', nameID: '', nameIDFormat: '', ID: inResponseTo }
  return (await messages(parties, { id })).getLogoutResponseUrlAsync(request, relayState, {}, true)
}

/** What an administrator gives to the IdP. */
export async function spMetadata({ sp, key }: Omit<Parties, 'connection'>): Promise<string> {
  const { generateServiceProviderMetadata } = await nodeSaml()
  const metadata = generateServiceProviderMetadata({
    issuer: sp.entityId,
    callbackUrl: sp.acsUrl,
    logoutCallbackUrl: sp.logoutUrl,
    identifierFormat: null,
    wantAssertionsSigned: true,
    decryptionCert: key.certificate,
    publicCerts: key.certificate,
    decryptionPvk: key.privateKey,
    privateKey: key.privateKey,
    signatureAlgorithm: 'sha256',
    digestAlgorithm: 'sha256',
  })
  // The library names the POST binding alone; requests to sign out are read from both.
  return metadata.replace(
    /<SingleLogoutService [^>]*\/>/,
    (post) => `${post.replace('HTTP-POST', 'HTTP-Redirect')}\n    ${post}`,
  )
}

/** node-saml as it makes messages; it verifies none (docs/decisions/0040). */
async function messages(
  { connection, sp, key }: Parties,
  { id, ...more }: { readonly id: string; readonly forceAuthn?: boolean; readonly skipRequestCompression?: boolean },
): Promise<SAML> {
  const { SAML } = await nodeSaml()
  return new SAML({
    callbackUrl: sp.acsUrl,
    issuer: sp.entityId,
    entryPoint: connection.signOnUrl,
    logoutUrl: connection.logoutUrl === '' ? connection.signOnUrl : connection.logoutUrl,
    idpCert: connection.certificates.map(({ pem }) => pem),
    privateKey: key.privateKey,
    signatureAlgorithm: 'sha256',
    digestAlgorithm: 'sha256',
    identifierFormat: null,
    disableRequestedAuthnContext: true,
    generateUniqueId: () => id,
    ...more,
  })
}
