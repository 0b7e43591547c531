import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Expectation } from './assertion.schema.ts'
import { expected, idp, now, reasonFor, sp, values } from './testdata/expectation.ts'
import { makeKey } from './testdata/keys.ts'
import { toField, type Signing } from './testdata/test-idp.ts'
import { verifyResponse } from './verify-response.ts'

const accepted = 'accepted person-1'

async function reasonForEdit(
  edit: (xml: string) => string,
  signing: Signing = {},
  more: Partial<Expectation> = {},
): Promise<string> {
  const unchanged = await idp.respondXml(values, { ...signing, response: false, assertion: false })
  assert.notEqual(edit(unchanged), unchanged, `the edit ${edit.toString()} changes nothing`)
  return reasonFor(await idp.respond(values, signing, edit), more)
}

test('a genuine response is accepted, and read as it was said', async () => {
  const { assertion, request } = await verifyResponse(await idp.respond(values), expected)
  assert.equal(request?.id, values.inResponseTo)
  assert.deepEqual([assertion.nameId, assertion.sessionIndex], ['person-1', 'session-1'])
  assert.deepEqual(
    [...assertion.attributes],
    [
      ['email', ['person1@example.com']],
      ['memberOf', ['a', 'b']],
    ],
  )
  assert.equal(assertion.notOnOrAfter, now.getTime() + 300_000)
})

test('a genuine encrypted response is accepted', async () => {
  assert.equal(await reasonFor(await idp.respond(values, { encryptFor: sp.certificate })), accepted)
  const assertionOnly = { signed: 'assertion' } as const
  const field = await idp.respond(values, { encryptFor: sp.certificate, response: false })
  assert.equal(await reasonFor(field, assertionOnly), accepted)
})

test('either of two pinned certificates will do, so that an IdP can change its key', async () => {
  const next = makeKey('next')
  const certificates = [idp.key.certificate, next.certificate]
  assert.equal(await reasonFor(await idp.respond(values, { key: next }), { certificates }), accepted)
  assert.equal(await reasonFor(await idp.respond(values), { certificates }), accepted)
})

/** One thing wrong in each, and signed by the IdP with it: V-A8. */
const rsaSha1 = 'http://www.w3.org/2000/09/xmldsig#rsa-sha1'
const wrong: readonly (readonly [string, string, (xml: string) => string])[] = [
  ['SAML-02', 'a document type', (xml) => `<!DOCTYPE a [<!ENTITY b "c">]>${xml}`],
  ['SAML-02', 'a processing instruction', (xml) => xml.replace('<samlp:Status>', '<?x y?><samlp:Status>')],
  ['SAML-02', 'a comment in the identity', (xml) => xml.replace('person-1', 'person-1<!-- -->.evil')],
  ['SAML-02', 'CDATA in the identity', (xml) => xml.replace('person-1', '<![CDATA[person-1]]>')],
  ['SAML-02', 'an entity', (xml) => xml.replace('person-1', 'person&b;')],
  ['SAML-02', 'another encoding', (xml) => `<?xml version="1.0" encoding="ISO-8859-1"?>${xml}`],
  ['SAML-02', 'a character that is none', (xml) => xml.replace('person-1', 'person&#0;')],
  ['SAML-03', 'two roots', (xml) => `${xml}<a/>`],
  ['SAML-03', 'an attribute twice', (xml) => xml.replace(' Version="2.0"', ' Version="2.0" Version="2.0"')],
  ['SAML-03', 'another root', (xml) => xml.replaceAll('samlp:Response', 'samlp:ArtifactResponse')],
  ['SAML-03', 'another namespace', (xml) => xml.replace('SAML:2.0:protocol', 'SAML:1.1:protocol')],
  [
    'SAML-04',
    'Extensions',
    (xml) => xml.replace('<samlp:Status>', '<samlp:Extensions><a/></samlp:Extensions><samlp:Status>'),
  ],
  ['SAML-04', 'Advice', (xml) => xml.replace('<saml:AuthnStatement', '<saml:Advice/><saml:AuthnStatement')],
  ['SAML-04', 'an unknown attribute', (xml) => xml.replace('<saml:Subject>', '<saml:Subject a="b">')],
  ['SAML-04', 'text between elements', (xml) => xml.replace('<saml:Subject>', 'text<saml:Subject>')],
  [
    'SAML-04',
    'an element inside the identity',
    (xml) => xml.replace('person-1', 'person-1<saml:NameID>x</saml:NameID>'),
  ],
  ['SAML-04', 'an empty identity', (xml) => xml.replace('person-1', '')],
  ['SAML-04', 'two subjects', (xml) => xml.replace(/<saml:Subject>.*<\/saml:Subject>/, '$&$&')],
  ['SAML-04', 'two identities', (xml) => xml.replace(/<saml:NameID.*<\/saml:NameID>/, '$&$&')],
  ['SAML-04', 'no status', (xml) => xml.replace(/<samlp:Status>.*<\/samlp:Status>/, '')],
  ['SAML-04', 'an id twice', (xml) => xml.replace(/ ID="r([^"]+)"/, ' ID="a$1"')],
  [
    'SAML-04',
    'no issuer in the assertion',
    (xml) => xml.replace(/(<saml:Assertion[^>]*>)<saml:Issuer>[^<]*<\/saml:Issuer>/, '$1'),
  ],
  ['SAML-05', 'no assertion', (xml) => xml.replace(/<saml:Assertion.*<\/saml:Assertion>/, '')],
  [
    'SAML-05',
    'two assertions',
    (xml) => xml.replace(/<saml:Assertion.*<\/saml:Assertion>/, (one) => one + one.replace(' ID="a', ' ID="b')),
  ],
  ['SAML-09', 'another issuer of the response', (xml) => xml.replace('idp.example/entity', 'evil.example/entity')],
  [
    'SAML-09',
    'another issuer of the assertion',
    (xml) => xml.replace(/(<saml:Assertion.*?)idp\.example\/entity/, '$1evil.example/entity'),
  ],
  ['SAML-09', 'an issuer with a blank', (xml) => xml.replace('idp.example/entity<', 'idp.example/entity <')],
  ['SAML-09', 'an issuer that is no entity', (xml) => xml.replace('<saml:Issuer>', '<saml:Issuer Format="urn:x">')],
  [
    'SAML-10',
    'another destination',
    (xml) => xml.replace(/Destination="[^"]*"/, 'Destination="https://evil.example/acs"'),
  ],
  ['SAML-10', 'a destination with a slash more', (xml) => xml.replace(/Destination="([^"]*)"/, 'Destination="$1/"')],
  ['SAML-10', 'no destination', (xml) => xml.replace(/ Destination="[^"]*"/, '')],
  ['SAML-11', 'a failure', (xml) => xml.replace('status:Success', 'status:Responder')],
  [
    'SAML-11',
    'success with a failure inside',
    (xml) =>
      xml.replace(
        'status:Success"/>',
        'status:Success"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"/></samlp:StatusCode>',
      ),
  ],
  ['SAML-11', 'a status without value', (xml) => xml.replace(/ Value="[^"]*"/, '')],
  ['SAML-12', 'another version of the response', (xml) => xml.replace('Version="2.0"', 'Version="1.1"')],
  [
    'SAML-12',
    'another version of the assertion',
    (xml) => xml.replace(/(<saml:Assertion.*?)Version="2\.0"/, '$1Version="1.1"'),
  ],
  ['SAML-12', 'no version', (xml) => xml.replace(' Version="2.0"', '')],
  [
    'SAML-13',
    'another audience',
    (xml) => xml.replace(/<saml:Audience>[^<]*/, '<saml:Audience>https://other.example.com/auth/saml/metadata'),
  ],
  [
    'SAML-13',
    'no audience restriction',
    (xml) => xml.replace(/<saml:AudienceRestriction>.*<\/saml:AudienceRestriction>/, ''),
  ],
  [
    'SAML-13',
    'two audience restrictions',
    (xml) => xml.replace(/<saml:AudienceRestriction>.*<\/saml:AudienceRestriction>/, '$&$&'),
  ],
  ['SAML-13', 'the audience twice', (xml) => xml.replace(/<saml:Audience>.*<\/saml:Audience>/, '$&$&')],
  ['SAML-13', 'no conditions', (xml) => xml.replace(/<saml:Conditions.*<\/saml:Conditions>/, '')],
  ['SAML-13', 'conditions twice', (xml) => xml.replace(/<saml:Conditions.*<\/saml:Conditions>/, '$&$&')],
  ['SAML-14', 'no NotBefore', (xml) => xml.replace(/ NotBefore="[^"]*"/, '')],
  ['SAML-14', 'no NotOnOrAfter', (xml) => xml.replace(/(<saml:Conditions[^>]*) NotOnOrAfter="[^"]*"/, '$1')],
  ['SAML-14', 'a time that is none', (xml) => xml.replace(/NotBefore="[^"]*"/, 'NotBefore="yesterday"')],
  ['SAML-14', 'a time of a place', (xml) => xml.replace(/NotBefore="([^"]*)Z"/, 'NotBefore="$1+01:00"')],
  ['SAML-14', 'not valid yet', (xml) => xml.replace(/NotBefore="[^"]*"/, `NotBefore="${at(121)}"`)],
  [
    'SAML-14',
    'expired',
    (xml) =>
      xml
        .replace(/(<saml:Conditions[^>]*NotOnOrAfter)="[^"]*"/, `$1="${at(-120)}"`)
        .replace(/NotBefore="[^"]*"/, `NotBefore="${at(-200)}"`),
  ],
  [
    'SAML-14',
    'valid for more than two hours',
    (xml) => xml.replace(/(<saml:Conditions[^>]*NotOnOrAfter)="[^"]*"/, `$1="${at(7_201)}"`),
  ],
  [
    'SAML-14',
    'valid backwards',
    (xml) => xml.replace(/(<saml:Conditions[^>]*NotOnOrAfter)="[^"]*"/, `$1="${at(-10)}"`),
  ],
  ['SAML-14', 'no login', (xml) => xml.replace(/<saml:AuthnStatement.*<\/saml:AuthnStatement>/, '')],
  ['SAML-14', 'two logins', (xml) => xml.replace(/<saml:AuthnStatement.*<\/saml:AuthnStatement>/, '$&$&')],
  [
    'SAML-14',
    'a login that has ended',
    (xml) => xml.replace('SessionIndex=', `SessionNotOnOrAfter="${at(-120)}" SessionIndex=`),
  ],
  ['SAML-15', 'sender-vouches', (xml) => xml.replace('cm:bearer', 'cm:sender-vouches')],
  ['SAML-15', 'no method', (xml) => xml.replace(/ Method="[^"]*"/, '')],
  ['SAML-15', 'another recipient', (xml) => xml.replace(/Recipient="[^"]*"/, 'Recipient="https://evil.example/acs"')],
  ['SAML-15', 'no recipient', (xml) => xml.replace(/ Recipient="[^"]*"/, '')],
  ['SAML-15', 'a confirmation that begins', (xml) => xml.replace(' Recipient=', ` NotBefore="${at(-10)}" Recipient=`)],
  [
    'SAML-15',
    'a confirmation without end',
    (xml) => xml.replace(/(<saml:SubjectConfirmationData) NotOnOrAfter="[^"]*"/, '$1'),
  ],
  [
    'SAML-15',
    'a confirmation that has expired',
    (xml) => xml.replace(/(<saml:SubjectConfirmationData) NotOnOrAfter="[^"]*"/, `$1 NotOnOrAfter="${at(-120)}"`),
  ],
  ['SAML-15', 'no confirmation', (xml) => xml.replace(/<saml:SubjectConfirmation .*<\/saml:SubjectConfirmation>/, '')],
  [
    'SAML-15',
    'two confirmations',
    (xml) => xml.replace(/<saml:SubjectConfirmation .*<\/saml:SubjectConfirmation>/, '$&$&'),
  ],
  ['SAML-15', 'a confirmation without data', (xml) => xml.replace(/<saml:SubjectConfirmationData[^>]*>/, '')],
  [
    'SAML-15',
    'an answer to another request',
    (xml) => xml.replaceAll('InResponseTo="_request"', 'InResponseTo="_another"'),
  ],
  [
    'SAML-15',
    'a response to another request',
    (xml) => xml.replace('InResponseTo="_request"', 'InResponseTo="_another"'),
  ],
  ['SAML-15', 'a response to no request', (xml) => xml.replace(' InResponseTo="_request"', '')],
  ['SAML-15', 'no request at all', (xml) => xml.replaceAll(' InResponseTo="_request"', '')],
  ['identity', 'a transient name', (xml) => xml.replace('nameid-format:persistent', 'nameid-format:transient')],
  ['identity', 'a name of blanks', (xml) => xml.replace('person-1', '   ')],
]

function at(seconds: number): string {
  return new Date(now.getTime() + seconds * 1_000).toISOString()
}

test(`V-A2, V-A8: ${wrong.length} responses, each signed and wrong in one thing, are refused for that thing`, async () => {
  assert.ok(wrong.length >= 40)
  for (const [rule, what, edit] of wrong) {
    const reason = await reasonForWrong(edit)
    assert.ok(reason.startsWith(`${rule}: `), `${what}: ${reason}`)
  }
})

/** Where the test's own IdP cannot sign what is wrong, the edit comes after signing: those are refused before. */
async function reasonForWrong(edit: (xml: string) => string): Promise<string> {
  const xml = await idp.respondXml(values, { assertion: false, response: false }, edit)
  const isPlain = !/<!|<\?|&b;|&#0;/.test(xml) && (xml.match(/<saml:Assertion /g) ?? []).length === 1
  try {
    return isPlain ? await reasonForEdit(edit) : await reasonFor(toField(edit(await idp.respondXml(values))))
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error
    return reasonFor(toField(edit(await idp.respondXml(values))))
  }
}

test('the clocks may be two minutes apart, to the millisecond', async () => {
  const field = await idp.respond(values)
  const skew = 120_000
  for (const [moment, outcome] of [
    [now.getTime() - skew, accepted],
    [now.getTime() - skew - 1, 'SAML-14: not valid yet'],
    [now.getTime() + 300_000 + skew - 1, accepted],
    [now.getTime() + 300_000 + skew, 'SAML-14: expired'],
  ] as const)
    assert.equal(await reasonFor(field, { now: moment }), outcome)
})

test('V-A6: keys that are not pinned, weak keys, SHA-1 and other canonicalisations are refused', async () => {
  const stranger = makeKey('stranger')
  const weak = makeKey('weak', { bits: 1_024 })
  assert.equal(
    await reasonFor(await idp.respond(values, { key: stranger })),
    'SAML-06: no pinned key made the signature',
  )
  assert.equal(
    await reasonFor(await idp.respond(values, { key: weak }), { certificates: [weak.certificate] }),
    'SAML-08: a pinned key is too weak',
  )
  for (const signing of [
    { signatureAlgorithm: rsaSha1 },
    { digestAlgorithm: 'http://www.w3.org/2000/09/xmldsig#sha1' },
    { canonicalization: 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315' },
    { transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature'] },
    { transforms: ['http://www.w3.org/2001/10/xml-exc-c14n#'] },
    {
      transforms: [
        'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
        'http://www.w3.org/2001/10/xml-exc-c14n#WithComments',
      ],
    },
  ])
    assert.match(await reasonFor(await idp.respond(values, signing)), /^SAML-06: /, JSON.stringify(signing))
})

test('SAML-06, SAML-07: response and assertion are signed; where a connection says so the assertion alone', async () => {
  const onlyResponse = await idp.respond(values, { assertion: false })
  const onlyAssertion = await idp.respond(values, { response: false })
  const assertion = { signed: 'assertion' } as const
  assert.equal(await reasonFor(onlyResponse), 'SAML-07: no Signature')
  assert.equal(await reasonFor(onlyAssertion), 'SAML-06: no Signature')
  assert.equal(await reasonFor(onlyAssertion, assertion), accepted)
  assert.equal(await reasonFor(onlyResponse, assertion), 'SAML-07: no Signature')
  const broken = Buffer.from(await idp.respond(values), 'base64')
    .toString()
    .replace(' ID="r', ' Consent="urn:x" ID="r')
  assert.match(await reasonFor(toField(broken), assertion), /^SAML-06: /)
})

test('V-A4: who somebody is stands in the bytes that the signature covers, whatever is said around them', async () => {
  const xml = await idp.respondXml(values, { response: false })
  const end = xml.indexOf('<saml:Assertion')
  const around = xml.slice(0, end)
  const nameId = /<saml:NameID.*?<\/saml:NameID>/s.exec(xml)?.[0].replace('person-1', 'admin') ?? ''
  assert.match(nameId, /admin/)
  const claims =
    '<saml:AttributeStatement><saml:Attribute Name="email"><saml:AttributeValue>admin@example.com</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>'
  const said = new Set<string>()
  for (const text of [nameId, `<saml:Subject>${nameId}</saml:Subject>`, claims])
    for (const gap of [...around.matchAll(/(?=<)/g)].map(({ index }) => index).concat(end))
      said.add(await reasonFor(toField(xml.slice(0, gap) + text + xml.slice(gap)), { signed: 'assertion' }))
  for (const [, attribute = ''] of around.matchAll(/ (\w+="[^"]*")/g))
    said.add(await reasonFor(toField(xml.replace(attribute, attribute.replace(/"$/, 'x"'))), { signed: 'assertion' }))
  assert.deepEqual(
    [...said].filter((reason) => reason !== accepted && !/^SAML-\d\d: /.test(reason)),
    [],
  )
  assert.ok(said.size > 3)
})

test('V-A5: what is encrypted is signed inside, with a cipher that shows changes or under a verified signature', async () => {
  const cbc = 'http://www.w3.org/2001/04/xmlenc#aes256-cbc'
  const encryptFor = sp.certificate
  const assertion = { signed: 'assertion' } as const
  const refused = async (signing: Signing, more: Partial<Expectation> = {}) =>
    reasonFor(await idp.respond(values, { encryptFor, ...signing }), more)
  assert.match(await refused({ assertion: false }), /^SAML-07: no Signature/)
  assert.match(await refused({ assertion: false, response: false }, assertion), /^SAML-07: no Signature/)
  assert.equal(await refused({ cipher: cbc }), accepted)
  assert.match(await refused({ cipher: cbc, response: false }, assertion), /^SAML-08: a cipher/)
  assert.match(
    await refused({ keyTransport: 'http://www.w3.org/2001/04/xmlenc#rsa-1_5' }),
    /^SAML-08: another key transport/,
  )
  const other = makeKey('other')
  assert.equal(await refused({ encryptFor: other.certificate }), 'SAML-07: the assertion cannot be decrypted')
})
