import type { Element } from '@xmldom/xmldom'
import { ds, saml, samlp, xenc } from './xml.ts'

/** What an element may hold. */
export interface Shape {
  readonly attributes: readonly string[]
  /** Attributes in a namespace, such as xsi:type, carry nothing that is read. */
  readonly takesForeignAttributes: boolean
  /** In order; the names of a group in any order. */
  readonly groups: readonly Group[]
  /** `one`: exactly one text node and nothing else. */
  readonly text: 'none' | 'one' | 'optional'
}

interface Group {
  /** `<namespace> <local name>` */
  readonly names: readonly string[]
  readonly min: number
  readonly max: number
}

const many = 1_000
const namespaces: Readonly<Record<string, string>> = {
  samlp,
  saml,
  ds,
  xenc,
  xenc11: 'http://www.w3.org/2009/xmlenc11#',
  ec: 'http://www.w3.org/2001/10/xml-exc-c14n#',
}

/** `saml:Issuer`, with `?`, `*` or `+`; alternatives with `|`. */
function group(text: string): Group {
  const [, names = '', mark = ''] = /^([^?*+]+)([?*+]?)$/.exec(text) ?? []
  return {
    names: names.split('|').map(expanded),
    min: mark === '' || mark === '+' ? 1 : 0,
    max: mark === '' || mark === '?' ? 1 : many,
  }
}

function expanded(name: string): string {
  const [prefix = '', local = ''] = name.split(':')
  return `${namespaces[prefix] ?? prefix} ${local}`
}

function element(attributes: string, ...groups: readonly string[]): Shape {
  return {
    attributes: attributes.split(' ').filter((name) => name !== ''),
    takesForeignAttributes: false,
    groups: groups.map(group),
    text: 'none',
  }
}

function text(attributes = '', kind: 'one' | 'optional' = 'one'): Shape {
  return { ...element(attributes), text: kind }
}

function withForeign(shape: Shape): Shape {
  return { ...shape, takesForeignAttributes: true }
}

const nameIdentifier = text('NameQualifier SPNameQualifier Format SPProvidedID')

/**
 * The part of SAML 2.0, XML Signature and XML Encryption that signing in and out needs. Extensions, Advice, Object, manifests and
 * references to keys elsewhere are not in it: nothing here reads them, and wrapping attacks live there.
 *
 * @source SAML core 2.0; contract/security-and-reliability.md SAML-04
 */
const shapes: Readonly<Record<string, Shape>> = {
  'samlp:Response': element(
    'ID Version IssueInstant Destination Consent InResponseTo',
    'saml:Issuer?',
    'ds:Signature?',
    'samlp:Status',
    'saml:Assertion|saml:EncryptedAssertion*',
  ),
  'samlp:LogoutRequest': element(
    'ID Version IssueInstant Destination Consent NotOnOrAfter Reason',
    'saml:Issuer',
    'ds:Signature?',
    'saml:NameID',
    'samlp:SessionIndex*',
  ),
  'samlp:SessionIndex': text(),
  'samlp:Status': element('', 'samlp:StatusCode', 'samlp:StatusMessage?'),
  'samlp:StatusCode': element('Value', 'samlp:StatusCode?'),
  'samlp:StatusMessage': text('', 'optional'),
  'saml:EncryptedAssertion': element('', 'xenc:EncryptedData', 'xenc:EncryptedKey*'),
  'saml:Assertion': element(
    'ID Version IssueInstant',
    'saml:Issuer',
    'ds:Signature?',
    'saml:Subject?',
    'saml:Conditions*',
    'saml:AuthnStatement|saml:AttributeStatement*',
  ),
  'saml:Issuer': nameIdentifier,
  'saml:Subject': element('', 'saml:NameID', 'saml:SubjectConfirmation*'),
  'saml:NameID': nameIdentifier,
  'saml:SubjectConfirmation': element('Method', 'saml:SubjectConfirmationData?'),
  'saml:SubjectConfirmationData': withForeign(element('NotBefore NotOnOrAfter Recipient InResponseTo Address')),
  'saml:Conditions': element(
    'NotBefore NotOnOrAfter',
    'saml:AudienceRestriction|saml:OneTimeUse|saml:ProxyRestriction*',
  ),
  'saml:AudienceRestriction': element('', 'saml:Audience+'),
  'saml:Audience': text(),
  'saml:OneTimeUse': element(''),
  'saml:ProxyRestriction': element('Count', 'saml:Audience*'),
  'saml:AuthnStatement': element(
    'AuthnInstant SessionIndex SessionNotOnOrAfter',
    'saml:SubjectLocality?',
    'saml:AuthnContext',
  ),
  'saml:SubjectLocality': element('Address DNSName'),
  'saml:AuthnContext': element(
    '',
    'saml:AuthnContextClassRef?',
    'saml:AuthnContextDeclRef?',
    'saml:AuthenticatingAuthority*',
  ),
  'saml:AuthnContextClassRef': text(),
  'saml:AuthnContextDeclRef': text(),
  'saml:AuthenticatingAuthority': text(),
  'saml:AttributeStatement': element('', 'saml:Attribute+'),
  'saml:Attribute': withForeign(element('Name NameFormat FriendlyName', 'saml:AttributeValue*')),
  'saml:AttributeValue': { ...withForeign(element('', 'saml:NameID?')), text: 'optional' },
  'ds:Signature': element('Id', 'ds:SignedInfo', 'ds:SignatureValue', 'ds:KeyInfo?'),
  'ds:SignedInfo': element('Id', 'ds:CanonicalizationMethod', 'ds:SignatureMethod', 'ds:Reference'),
  'ds:CanonicalizationMethod': element('Algorithm', 'ec:InclusiveNamespaces?'),
  'ds:SignatureMethod': element('Algorithm'),
  'ds:Reference': element('Id URI Type', 'ds:Transforms', 'ds:DigestMethod', 'ds:DigestValue'),
  'ds:Transforms': element('', 'ds:Transform+'),
  'ds:Transform': element('Algorithm', 'ec:InclusiveNamespaces?'),
  'ec:InclusiveNamespaces': element('PrefixList'),
  'ds:DigestMethod': element('Algorithm'),
  'ds:DigestValue': text(),
  'ds:SignatureValue': text('Id'),
  // What a signature says of its own key is read by nobody: keys are pinned.
  'ds:KeyInfo': element('Id', 'ds:X509Data|ds:KeyName|ds:KeyValue|xenc:EncryptedKey|ds:RetrievalMethod*'),
  'ds:KeyName': text('', 'optional'),
  'ds:X509Data': element('', 'ds:X509Certificate|ds:X509SubjectName|ds:X509IssuerSerial|ds:X509SKI*'),
  'ds:X509Certificate': text(),
  'ds:X509SubjectName': text(),
  'ds:X509SKI': text(),
  'ds:X509IssuerSerial': element('', 'ds:X509IssuerName', 'ds:X509SerialNumber'),
  'ds:X509IssuerName': text(),
  'ds:X509SerialNumber': text(),
  'ds:KeyValue': element('', 'ds:RSAKeyValue?'),
  'ds:RSAKeyValue': element('', 'ds:Modulus', 'ds:Exponent'),
  'ds:Modulus': text(),
  'ds:Exponent': text(),
  'ds:RetrievalMethod': element('Type URI'),
  'xenc:EncryptedData': element('Id Type MimeType Encoding', 'xenc:EncryptionMethod', 'ds:KeyInfo?', 'xenc:CipherData'),
  'xenc:EncryptedKey': element(
    'Id Type MimeType Encoding Recipient',
    'xenc:EncryptionMethod',
    'ds:KeyInfo?',
    'xenc:CipherData',
    'xenc:ReferenceList?',
    'xenc:CarriedKeyName?',
  ),
  'xenc:EncryptionMethod': element('Algorithm', 'xenc:KeySize?', 'ds:DigestMethod|xenc11:MGF*'),
  'xenc:KeySize': text(),
  'xenc11:MGF': element('Algorithm'),
  'xenc:CipherData': element('', 'xenc:CipherValue'),
  'xenc:CipherValue': text(),
  'xenc:ReferenceList': element('', 'xenc:DataReference+'),
  'xenc:DataReference': element('URI'),
  'xenc:CarriedKeyName': text(),
}

const byName = new Map(Object.entries(shapes).map(([name, shape]) => [expanded(name), shape]))

/** Undefined for an element that has no place in a sign-in. */
export function shapeOf({ namespaceURI, localName }: Element): Shape | undefined {
  return byName.get(`${namespaceURI ?? ''} ${localName ?? ''}`)
}
