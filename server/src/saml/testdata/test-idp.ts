import { promisify } from 'node:util'
import { SignedXml } from 'xml-crypto'
import { encrypt } from 'xml-encryption'
import { makeKey, type TestKey } from './keys.ts'
import { moreDigests, moreSignatures } from './signing-algorithms.ts'

const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const enveloped = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'
const sha256 = 'http://www.w3.org/2001/04/xmlenc#sha256'
const rsaSha256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'

export interface ResponseValues {
  readonly acsUrl: string
  readonly audience: string
  readonly now: Date
  readonly inResponseTo: string | null
  readonly nameId?: string
  readonly nameIdFormat?: string
  readonly attributes?: Readonly<Record<string, readonly string[]>>
  readonly sessionIndex?: string
  /** Seconds from now, of the assertion and its confirmation. */
  readonly lifetimeSeconds?: number
  readonly assertionId?: string
}

export interface Signing {
  readonly key?: TestKey
  readonly response?: boolean
  readonly assertion?: boolean
  readonly signatureAlgorithm?: string
  readonly digestAlgorithm?: string
  readonly transforms?: readonly string[]
  readonly canonicalization?: string
  /** Namespaces that the canonical SignedInfo carries along. */
  readonly prefixes?: readonly string[]
  /** Certificate for which the assertion is encrypted, and how. */
  readonly encryptFor?: string
  readonly cipher?: string
  readonly keyTransport?: string
}

let counter = 0

/** An IdP that signs whatever a test wants signed. */
export class TestIdp {
  readonly entityId = 'https://idp.example/entity'
  readonly signOnUrl = 'https://idp.example/sso'
  readonly logoutUrl = 'https://idp.example/slo'
  readonly key: TestKey = makeKey('idp.example')

  /** As JSON for POST /api/muster/sso-connections. */
  settings(alias: string, more: object = {}): object {
    return {
      alias,
      entityId: this.entityId,
      signOnUrl: this.signOnUrl,
      logoutUrl: this.logoutUrl,
      certificates: [this.key.certificate],
      ...more,
    }
  }

  /** A response as base64 for the form. `edit` changes the text before anything is signed. */
  async respond(
    values: ResponseValues,
    signing: Signing = {},
    edit: (xml: string) => string = (xml) => xml,
  ): Promise<string> {
    return toField(await this.respondXml(values, signing, edit))
  }

  async respondXml(
    values: ResponseValues,
    signing: Signing = {},
    edit: (xml: string) => string = (xml) => xml,
  ): Promise<string> {
    let xml = edit(this.#template(values))
    if (signing.assertion !== false) xml = this.sign(xml, 'Assertion', signing)
    if (signing.encryptFor !== undefined) xml = await encryptAssertion(xml, signing)
    if (signing.response !== false) xml = this.sign(xml, 'Response', signing)
    return xml
  }

  sign(xml: string, name: string, signing: Signing = {}): string {
    const { key = this.key } = signing
    const signer = new SignedXml({
      privateKey: key.privateKey,
      publicCert: key.certificate,
      signatureAlgorithm: signing.signatureAlgorithm ?? rsaSha256,
      canonicalizationAlgorithm: signing.canonicalization ?? exclusive,
      inclusiveNamespacesPrefixList: [...(signing.prefixes ?? [])],
    })
    signer.SignatureAlgorithms = { ...signer.SignatureAlgorithms, ...moreSignatures }
    signer.HashAlgorithms = { ...signer.HashAlgorithms, ...moreDigests }
    signer.addReference({
      xpath: `//*[local-name(.)='${name}']`,
      digestAlgorithm: signing.digestAlgorithm ?? sha256,
      transforms: [...(signing.transforms ?? [enveloped, exclusive])],
    })
    signer.computeSignature(xml, {
      location: { reference: `//*[local-name(.)='${name}']/*[local-name(.)='Issuer']`, action: 'after' },
    })
    return signer.getSignedXml()
  }

  #template(values: ResponseValues): string {
    const {
      acsUrl,
      audience,
      now,
      inResponseTo,
      nameId = 'person-1',
      sessionIndex = 'session-1',
      lifetimeSeconds = 300,
    } = values
    counter += 1
    const id = `_${counter}-${Math.floor(now.getTime() / 1000)}`
    const format = values.nameIdFormat ?? 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'
    const instant = now.toISOString()
    const end = new Date(now.getTime() + lifetimeSeconds * 1000).toISOString()
    const answers = inResponseTo === null ? '' : ` InResponseTo="${inResponseTo}"`
    const attributes = Object.entries(values.attributes ?? { email: ['person1@example.com'] }).map(
      ([name, list]) =>
        `<saml:Attribute Name="${escape(name)}">${list.map((value) => `<saml:AttributeValue>${escape(value)}</saml:AttributeValue>`).join('')}</saml:Attribute>`,
    )
    return (
      `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="r${id}" Version="2.0" IssueInstant="${instant}" Destination="${escape(acsUrl)}"${answers}>` +
      `<saml:Issuer>${this.entityId}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` +
      `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${values.assertionId ?? `a${id}`}" Version="2.0" IssueInstant="${instant}"><saml:Issuer>${this.entityId}</saml:Issuer>` +
      `<saml:Subject><saml:NameID Format="${format}">${escape(nameId)}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="${end}" Recipient="${escape(acsUrl)}"${answers}/></saml:SubjectConfirmation></saml:Subject>` +
      `<saml:Conditions NotBefore="${instant}" NotOnOrAfter="${end}"><saml:AudienceRestriction><saml:Audience>${escape(audience)}</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
      `<saml:AuthnStatement AuthnInstant="${instant}" SessionIndex="${sessionIndex}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
      `<saml:AttributeStatement>${attributes.join('')}</saml:AttributeStatement></saml:Assertion></samlp:Response>`
    )
  }
}

export function toField(xml: string | Buffer): string {
  return Buffer.from(xml).toString('base64')
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

async function encryptAssertion(xml: string, signing: Signing): Promise<string> {
  const start = xml.indexOf('<saml:Assertion')
  const end = xml.indexOf('</saml:Assertion>') + '</saml:Assertion>'.length
  const encrypted = await encryptXml(xml.slice(start, end), signing)
  return `${xml.slice(0, start)}<saml:EncryptedAssertion>${encrypted}</saml:EncryptedAssertion>${xml.slice(end)}`
}

export function encryptXml(text: string, { encryptFor = '', cipher, keyTransport }: Signing): Promise<string> {
  return promisify(encrypt)(text, {
    rsa_pub: encryptFor,
    pem: encryptFor,
    encryptionAlgorithm: cipher ?? 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
    keyEncryptionAlgorithm: keyTransport ?? 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p',
  } as never)
}
