import { certificates } from './certificates.ts'

export const redirect = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect'
export const post = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST'
const soap = 'urn:oasis:names:tc:SAML:2.0:bindings:SOAP'
const saml2 = 'urn:oasis:names:tc:SAML:2.0:protocol'

export function bare(pem: string): string {
  return pem.replaceAll(/-----(BEGIN|END) CERTIFICATE-----|\n/g, '')
}

export function key(pem: string, use = 'signing'): string {
  return `<md:KeyDescriptor use="${use}"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>
    ${bare(pem)}
  </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
}

export function service(binding: string, location: string, kind = 'SingleSignOnService'): string {
  return `<md:${kind} Binding="${binding}" Location="${location}"/>`
}

interface Parts {
  readonly entityId?: string
  readonly protocol?: string
  readonly keys?: string
  readonly services?: string
}

/** What one IdP says of itself; each part can be another. */
export function idp({
  entityId = 'https://idp.example.com/metadata',
  protocol = saml2,
  keys = key(certificates.rsa),
  services = service(redirect, 'https://idp.example.com/sso'),
}: Parts = {}): string {
  return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityId}">
  <md:IDPSSODescriptor protocolSupportEnumeration="${protocol}">${keys}${services}</md:IDPSSODescriptor>
</md:EntityDescriptor>`
}

export function several(...entities: readonly string[]): string {
  return `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${entities.join('')}</md:EntitiesDescriptor>`
}

export const serviceProvider = `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp.example.com">
  <md:SPSSODescriptor protocolSupportEnumeration="${saml2}"/>
</md:EntityDescriptor>`

/** As Okta and Entra write it: with a logout address, both bindings, an encryption key and two for signing. */
export const rich = idp({
  keys: `${key(certificates.ec, 'encryption')}${key(certificates.rsa)}${key(certificates.next)}`,
  services: [
    service(soap, 'https://idp.example.com/soap-logout', 'SingleLogoutService'),
    service(post, 'https://idp.example.com/logout', 'SingleLogoutService'),
    service(post, 'https://idp.example.com/sso/post'),
    service(redirect, 'https://idp.example.com/sso/redirect'),
  ].join(''),
})
