/** A real certificate, so that the examples are accepted as they stand; nobody has its private key any more. */
const pem = `-----BEGIN CERTIFICATE-----
MIIBODCB4KADAgECAhR+rAx8EKmCaif9dA+V9TSLzZ6NEjAKBggqhkjOPQQDAjAd
MRswGQYDVQQDDBJlYy5pZHAuZXhhbXBsZS5jb20wHhcNMjUwMTAxMDAwMDAwWhcN
NDUwMTAxMDAwMDAwWjAdMRswGQYDVQQDDBJlYy5pZHAuZXhhbXBsZS5jb20wWTAT
BgcqhkjOPQIBBggqhkjOPQMBBwNCAATQ+dIBXoUboD909FrcJolVc242pu5TUYxT
re1Diu4yFaySDmx3kZZ8yiyafCK8eZ49amVCftpJrXaZikmuG9JiMAoGCCqGSM49
BAMCA0cAMEQCIAqteEw14KqG8OytEcSkEJYdx4kGfWGz5fgGjZLKIKZzAiAOtRHz
0kRo2AzYxPIe2Us9TD+yATXNfHx3m/aiBvPUbg==
-----END CERTIFICATE-----
`

const body = pem.replaceAll(/-----(BEGIN|END) CERTIFICATE-----|\n/g, '')

const metadataExample = `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com/metadata">
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing">
      <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${body}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>
    </md:KeyDescriptor>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.com/sso"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>`

export const createExamples = [
  { alias: 'okta', displayName: 'Okta', metadataXml: metadataExample },
  {
    alias: 'entra',
    displayName: 'Microsoft Entra ID',
    entityId: 'https://idp.example.com/metadata',
    signOnUrl: 'https://idp.example.com/sso',
    certificates: [pem],
  },
]

export const connectionExample = {
  id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f18',
  alias: 'okta',
  displayName: 'Okta',
  enabled: true,
  entityId: 'https://idp.example.com/metadata',
  signOnUrl: 'https://idp.example.com/sso',
  signOnBinding: 'redirect',
  logoutUrl: '',
  certificates: [
    {
      fingerprint: '5F:52:0B:A9:BF:16:67:A2:B2:E1:6E:27:C6:76:03:93:7B:1D:8A:68:F7:24:8E:6B:99:82:9F:99:28:B3:03:E2',
      subject: 'CN=ec.idp.example.com',
      notBefore: 1_735_689_600_000,
      notAfter: 2_366_841_600_000,
      pem,
    },
  ],
  warnings: [],
  serviceProvider: {
    entityId: 'https://acme.example.com/auth/saml/metadata',
    acsUrl: 'https://acme.example.com/auth/saml/okta/acs',
    logoutUrl: 'https://acme.example.com/auth/saml/okta/logout',
    metadataUrl: 'https://acme.example.com/auth/saml/okta/metadata',
  },
  preset: 'okta',
  signed: 'response_and_assertion',
  allowsIdpInitiated: false,
  createsUsers: true,
  defaultRole: null,
  emailAttribute: '',
  firstNameAttribute: '',
  lastNameAttribute: '',
  roleAttribute: '',
  roleRules: [],
  createdAt: 1_767_323_045_000,
  createdBy: 'admin01',
  updatedAt: null,
  updatedBy: '',
}
