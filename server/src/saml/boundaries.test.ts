import assert from 'node:assert/strict'
import { createSign } from 'node:crypto'
import { test } from 'node:test'
import { verifyQuery } from './algorithms.ts'
import type { Expectation } from './assertion.schema.ts'
import { checkNoDoctype, checkPlainXml } from './checks/saml-02-no-doctype.ts'
import { checkAlgorithms } from './checks/saml-08-algorithms.ts'
import { SamlRefusal } from './saml-refusal.ts'
import { expected, idp, now, reasonFor, sp, values } from './testdata/expectation.ts'
import { makeKey } from './testdata/keys.ts'
import { toField } from './testdata/test-idp.ts'
import { verifyResponse } from './verify-response.ts'
import { parseXml } from './xml.ts'

const accepted = 'accepted person-1'
const more = 'http://www.w3.org/2001/04/xmldsig-more#'

/** Signed by the IdP with whatever the edit makes of it. */
async function edited(edit: (xml: string) => string, more: Partial<Expectation> = {}): Promise<string> {
  const plain = await idp.respondXml(values, { response: false, assertion: false })
  assert.notEqual(edit(plain), plain)
  return reasonFor(await idp.respond(values, {}, edit), more)
}

function isPlainXml(text: string): boolean {
  try {
    checkPlainXml(text)
    return true
  } catch (error) {
    assert.ok(error instanceof SamlRefusal)
    return false
  }
}

test('SAML-01: 192 KiB are accepted in a form of 256 KiB, and line breaks with them; one more is not', async () => {
  const xml = await idp.respondXml(values)
  const full = xml + ' '.repeat(192 * 1024 - xml.length)
  const field = toField(full)
  assert.equal(field.length, 256 * 1024)
  assert.equal(await reasonFor(field), accepted)
  assert.equal(await reasonFor(`${field}\n`), 'SAML-01: the form is too large')
  assert.equal(await reasonFor(toField(xml).replaceAll(/.{76}/g, '$&\r\n')), accepted)
  assert.equal(await reasonFor(` ${toField(xml)}\t`), accepted)
  for (const wrong of ['AAA', 'AAAAA', 'AA=A', '=AAA', 'A===', 'AA_-', 'AA,A', 'AAAA\u00a0'])
    assert.equal(await reasonFor(wrong), 'SAML-01: not base64', wrong)
})

test('SAML-02: the declarations of UTF-8 are accepted, and no others', () => {
  const declarations = {
    '<?xml version="1.0"?>': true,
    '<?xml version="1.0" encoding="UTF-8"?>': true,
    '<?XML VERSION="1.0" encoding="utf-8" standalone="yes" ?>': true,
    '<?xml version="1.0" standalone="no"?>': true,
    '<?xml version="1.1"?>': false,
    '<?xml version="1x0"?>': false,
    '<?xml version="1.0" standalone="maybe"?>': false,
    '<?xml version="1.0" encoding="UTF-16"?>': false,
    ' <?xml version="1.0"?>': false,
    '<?xml version="1.0"?><?xml version="1.0"?>': false,
  }
  for (const [declaration, isAllowed] of Object.entries(declarations))
    assert.equal(isPlainXml(`${declaration}<a/>`), isAllowed, declaration)
})

test('SAML-02: characters and references to them are those of XML 1.0, to the last one', () => {
  const allowed = '9 a d 20 d7ff e000 fffd 10000 10ffff'.split(' ')
  const refused = '0 8 b c e 1f d800 dfff fffe ffff 110000 ffffff'.split(' ')
  for (const [codes, isAllowed] of [
    [allowed, true],
    [refused, false],
  ] as const)
    for (const code of codes) {
      const number = Number.parseInt(code, 16)
      for (const reference of [`&#x${code};`, `&#x${code.toUpperCase()};`, `&#${number};`])
        assert.equal(isPlainXml(`<a>${reference}</a>`), isAllowed, reference)
      if (number <= 0x10_ffff)
        assert.equal(isPlainXml(`<a>${String.fromCodePoint(number)}</a>`), isAllowed, `U+${code}`)
    }
  for (const name of ['amp', 'lt', 'gt', 'quot', 'apos']) assert.ok(isPlainXml(`<a b="&${name};"/>`), name)
  for (const reference of ['&b;', '&AMP;', '&;', '& ', '&#;', '&#x;', '&#X41;', '&#xg;', '&#4 1;', '&#0000000065;'])
    assert.ok(!isPlainXml(`<a>${reference}</a>`), reference)
  assert.equal(checkPlainXml('<a>\r\n\r\n\r</a>'), '<a>\n\n\n</a>')
})

test('SAML-02: bytes that are no UTF-8 are refused, and a byte order mark is no part of XML here', () => {
  const refused = (bytes: number[]) =>
    assert.throws(() => checkNoDoctype(Buffer.from(bytes)), { reason: 'SAML-02: not UTF-8' })
  refused([0x3c, 0x61, 0xff, 0x3e])
  refused([0xc0, 0x80])
  assert.equal(checkNoDoctype(Buffer.from('\ufeff<a/>')), '\ufeff<a/>')
})

test('SAML-04: 32 levels, ids of 256 characters, and content as each element may have it', async () => {
  const nested = (count: number) => (xml: string) =>
    xml.replace(
      /<samlp:StatusCode [^>]*\/>/,
      `${'<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success">'.repeat(count)}${'</samlp:StatusCode>'.repeat(count)}`,
    )
  assert.equal(await edited(nested(30)), 'SAML-11: success with another status inside')
  assert.equal(await edited(nested(31)), 'SAML-04: nested too deep')
  const identified = async (assertionId: string) => reasonFor(await idp.respond({ ...values, assertionId }))
  assert.equal(await identified(`a${'x'.repeat(255)}`), accepted)
  assert.equal(await identified('_.-'), accepted)
  for (const id of [`a${'x'.repeat(256)}`, '1a', '-a', 'a b', 'a:b', ''])
    assert.equal(await identified(id), 'SAML-04: an id that is no name', id)
  for (const name of ['ID', 'Id', 'id'])
    assert.equal(
      await edited((xml) => xml.replace(' Recipient=', ` xmlns:e="urn:e" e:${name}="x" Recipient=`)),
      'SAML-04: an id in a namespace',
    )
  assert.equal(
    await edited((xml) => xml.replace(' Recipient=', ' xmlns:e="urn:e" e:Recipient="x" Recipient=')),
    accepted,
    'what is not of SAML may stand where the schema lets it',
  )
  for (const [edit, outcome] of [
    [(xml: string) => xml.replace('</samlp:Status>', '<samlp:StatusMessage/></samlp:Status>'), accepted],
    [
      (xml: string) => xml.replace('</samlp:Status>', '<samlp:StatusMessage>x</samlp:StatusMessage></samlp:Status>'),
      accepted,
    ],
    [(xml: string) => xml.replaceAll('><', '>\n\t <'), accepted],
    [(xml: string) => xml.replace('<saml:Subject>', '<saml:Subject>\u00a0'), 'SAML-04: text between elements'],
    [
      (xml: string) => xml.replace(/<samlp:Status>.*<\/samlp:Status>/, '$&$&'),
      'SAML-04: an element in the wrong place',
    ],
    [(xml: string) => xml.replace(/<saml:Audience>.*?<\/saml:Audience>/, ''), 'SAML-04: an element is missing'],
    [
      (xml: string) =>
        xml.replace('</saml:Audience>', '</saml:Audience><saml:Audience>https://other.example</saml:Audience>'),
      accepted,
    ],
  ] as const)
    assert.equal(await edited(edit), outcome, edit.toString())
})

test('SAML-08: every hash and kind of key of the lists signs, each under its own name', async () => {
  for (const hash of ['256', '384', '512']) {
    const digestAlgorithm = hash === '384' ? `${more}sha384` : `http://www.w3.org/2001/04/xmlenc#sha${hash}`
    const field = await idp.respond(values, { digestAlgorithm, signatureAlgorithm: `${more}rsa-sha${hash}` })
    assert.equal(await reasonFor(field), accepted, hash)
    const ec = makeKey('ec.example', { curve: 'P-256' })
    const certificates = [ec.certificate]
    const name = `${more}ecdsa-sha${hash}`
    assert.equal(
      await reasonFor(await idp.respond(values, { key: ec, signatureAlgorithm: name }), { certificates }),
      accepted,
    )
    // An RSA key signs, and an elliptic curve is said to have.
    const mixed = (await idp.respondXml(values)).replaceAll(`${more}rsa-sha256`, name)
    assert.equal(await reasonFor(toField(mixed)), 'SAML-06: no pinned key made the signature')
    const text = 'SAMLRequest=x'
    const value = createSign(`sha${hash}`).update(text).sign(idp.key.privateKey, 'base64')
    const query = { certificate: idp.key.certificate, value }
    assert.ok(verifyQuery(`${more}rsa-sha${hash}`, text, query))
    assert.ok(!verifyQuery(`${more}rsa-sha${hash}`, `${text}x`, query))
    assert.ok(!verifyQuery(name, text, query))
    assert.ok(!verifyQuery('constructor', text, query))
  }
  const weak = makeKey('weak', { bits: 1_024 })
  const value = createSign('sha256').update('x').sign(weak.privateKey, 'base64')
  assert.ok(!verifyQuery(`${more}rsa-sha256`, 'x', { certificate: weak.certificate, value }))
  assert.ok(verifyQuery(`${more}rsa-sha256`, 'x', { certificate: sp.certificate, value: signedBySp('x') }))
})

function signedBySp(text: string): string {
  return createSign('sha256').update(text).sign(sp.privateKey, 'base64')
}

test('SAML-03: an attribute is there once, also by its namespace, which the parser does not see', async () => {
  const xml = await idp.respondXml(values)
  for (const [namespaces, outcome] of [
    ['xmlns:e="urn:e" xmlns:f="urn:e"', 'SAML-03: not well-formed'],
    [`xmlns:e='urn:e'  xmlns:f = "urn:e"`, 'SAML-03: not well-formed'],
    ['xmlns:e="urn:e" xmlns:f="urn:f"', 'SAML-06: no pinned key made the signature'],
    [`xmlns:e='urn:"e>' xmlns:f="urn:'/f"`, 'SAML-06: no pinned key made the signature'],
  ] as const) {
    const changed = xml.replace(' Recipient=', ` ${namespaces} e:x="1" f:x="2" Recipient=`)
    assert.equal(await reasonFor(toField(changed)), outcome, namespaces)
  }
})

test('SAML-04: attributes are known by namespace and name', async () => {
  const foreign = ' xmlns:e="urn:e" xmlns:f="urn:f" e:x="1" f:x="2"'
  assert.equal(await edited((xml) => xml.replace(' Recipient=', `${foreign} Recipient=`)), accepted)
  assert.equal(
    await edited((xml) => xml.replace('<saml:Assertion ', '<saml:Assertion xmlns:e="urn:e" e:Version="2.0" ')),
    'SAML-04: an attribute that is not known here',
  )
})

test('SAML-04: a list of prefixes is read as a list of XML, to its 256th character', async () => {
  const names = (count: number) => Array.from({ length: count }, (_, at) => `n${at}`.padEnd(15, 'x'))
  for (const [prefixes, outcome] of [
    [['', 'saml', '', 'xs', ''], accepted],
    [[...names(15), 'n'.padEnd(16, 'x')], accepted],
    [[...names(15), 'n'.padEnd(17, 'x')], 'SAML-04: a list of too many prefixes'],
    [['saml', '1'], 'SAML-04: a prefix that is no name'],
  ] as const)
    assert.equal(await reasonFor(await idp.respond(values, { prefixes })), outcome, prefixes.join(' '))
})

test('SAML-06: what a signature refers to, and how, is asked before anything is computed', async () => {
  const enveloped = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'
  const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#'
  const other = 'SAML-06: other transforms than enveloped signature and exclusive canonicalisation'
  for (const transforms of [
    [enveloped, exclusive, exclusive],
    [exclusive, exclusive],
    [enveloped, enveloped],
  ])
    assert.equal(await reasonFor(await idp.respond(values, { assertion: false, transforms })), other)
  const xml = await idp.respondXml(values)
  for (const edit of [
    (text: string) => text.replace(/URI="#r/, 'URI="#x'),
    (text: string) => text.replace(/URI="#r/, 'URI="r'),
    (text: string) => text.replace(/ ID="r[^"]*"/, ''),
    (text: string) => text.replace(/ ID="r[^"]*"/, '').replace(/URI="#r[^"]*"/, 'URI="#undefined"'),
  ])
    assert.equal(await reasonFor(toField(edit(xml))), 'SAML-06: the signature is of something else', edit.toString())
})

test('SAML-08: one weak key among the pinned ones is one too many, and the lists hold by themselves', async () => {
  const weak = makeKey('weak', { bits: 1_024 }).certificate
  const certificates = [idp.key.certificate, weak]
  assert.equal(await reasonFor(await idp.respond(values), { certificates }), 'SAML-08: a pinned key is too weak')
  const sha1 = 'http://www.w3.org/2000/09/xmldsig#'
  for (const [signing, reason] of [
    [{ signatureAlgorithm: `${sha1}rsa-sha1` }, 'SAML-08: a signature algorithm that is not allowed'],
    [{ digestAlgorithm: `${sha1}sha1` }, 'SAML-08: a digest that is not allowed'],
  ] as const) {
    const response = parseXml(await idp.respondXml(values, { ...signing, assertion: false }), 'test')
    assert.throws(() => checkAlgorithms([response], expected.certificates), { reason })
  }
})

test('SAML-14: two hours are accepted, no time at all is not, and a login may end', async () => {
  const at = (seconds: number) => new Date(now.getTime() + seconds * 1_000).toISOString()
  const until = (time: string) => (xml: string) =>
    xml.replace(/(<saml:Conditions[^>]*NotOnOrAfter)="[^"]*"/, `$1="${time}"`)
  assert.equal(await edited(until(at(7_200))), accepted)
  assert.equal(await edited(until(at(0))), 'SAML-14: valid for too long')
  const ending = (time: string) => (xml: string) =>
    xml.replace(' SessionIndex=', ` SessionNotOnOrAfter="${time}" SessionIndex=`)
  assert.equal(await edited(ending(at(-119))), accepted)
  assert.equal(await edited(ending('tomorrow')), 'SAML-14: SessionNotOnOrAfter is no UTC time')
  const { assertion } = await verifyResponse(await idp.respond(values, {}, ending(at(60))), expected)
  assert.equal(assertion.sessionNotOnOrAfter, now.getTime() + 60_000)
})

test('SAML-15: nobody needs to have asked where a connection allows that', async () => {
  const unasked = (xml: string) => xml.replaceAll(' InResponseTo="_request"', '')
  const findRequest = async () => assert.fail('there is no request to look for')
  assert.equal(await edited(unasked, { allowsIdpInitiated: true, findRequest }), accepted)
  assert.equal(await edited(unasked, { findRequest }), 'SAML-15: nobody asked for it')
})

test('identity: 1,024 characters of a name, 200 attributes and 2,000 values are read, and no more', async () => {
  const read = async (more: Partial<typeof values>) => reasonFor(await idp.respond({ ...values, ...more }))
  assert.equal(await read({ nameId: 'n'.repeat(1_024) }), `accepted ${'n'.repeat(1_024)}`)
  assert.equal(await read({ nameId: 'n'.repeat(1_025) }), 'identity: NameID is empty or too long')
  const attributes = (names: number, each: number) =>
    Object.fromEntries(Array.from({ length: names }, (_, at) => [`n${at}`, Array.from({ length: each }, () => 'v')]))
  assert.equal(await read({ attributes: attributes(200, 1) }), accepted)
  assert.equal(await read({ attributes: attributes(201, 1) }), 'identity: too many attributes')
  assert.equal(await read({ attributes: attributes(2, 1_000) }), accepted)
  assert.equal(await read({ attributes: { ...attributes(2, 1_000), more: ['v'] } }), 'identity: too many attributes')
  assert.equal(await edited((xml) => xml.replace('Name="email"', 'Name=""')), 'identity: an attribute without a name')
  assert.equal(await edited((xml) => xml.replace(' Name="email"', '')), 'identity: an attribute without a name')
})

test('identity: values that are elements are left out, and those of one name add up', async () => {
  const inner = '<saml:AttributeValue><saml:NameID>other</saml:NameID></saml:AttributeValue>'
  const more = `<saml:Attribute Name="email">${inner}<saml:AttributeValue>second</saml:AttributeValue></saml:Attribute>`
  const field = await idp.respond({ ...values, assertionId: '_own' }, {}, (xml) =>
    xml.replace('</saml:AttributeStatement>', `${more}</saml:AttributeStatement>`),
  )
  const { assertion } = await verifyResponse(field, expected)
  assert.deepEqual(assertion.attributes.get('email'), ['person1@example.com', 'second'])
  assert.deepEqual([assertion.id, assertion.issuer], ['_own', idp.entityId])
})
