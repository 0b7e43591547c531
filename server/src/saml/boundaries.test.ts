import assert from 'node:assert/strict'
import { createSign } from 'node:crypto'
import { test } from 'node:test'
import { verifyQuery } from './algorithms.ts'
import { checkNoDoctype, checkPlainXml } from './checks/saml-02-no-doctype.ts'
import { SamlRefusal } from './saml-refusal.ts'
import { idp, reasonFor, sp, values } from './testdata/expectation.ts'
import { makeKey } from './testdata/keys.ts'
import { toField, type Signing } from './testdata/test-idp.ts'

const accepted = 'accepted person-1'
const more = 'http://www.w3.org/2001/04/xmldsig-more#'

/** Signed by the IdP with whatever the edit makes of it. */
async function edited(edit: (xml: string) => string, signing: Signing = {}): Promise<string> {
  const plain = await idp.respondXml(values, { response: false, assertion: false })
  assert.notEqual(edit(plain), plain)
  return reasonFor(await idp.respond(values, signing, edit))
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
    [(xml: string) => xml.replace('</samlp:Status>', '<samlp:StatusMessage>x</samlp:StatusMessage></samlp:Status>'), accepted],
    [(xml: string) => xml.replaceAll('><', '>\n\t <'), accepted],
    [(xml: string) => xml.replace('<saml:Subject>', '<saml:Subject>\u00a0'), 'SAML-04: text between elements'],
    [(xml: string) => xml.replace(/<samlp:Status>.*<\/samlp:Status>/, '$&$&'), 'SAML-04: an element in the wrong place'],
    [(xml: string) => xml.replace(/<saml:Audience>.*?<\/saml:Audience>/, ''), 'SAML-04: an element is missing'],
    [(xml: string) => xml.replace('</saml:Audience>', '</saml:Audience><saml:Audience>https://other.example</saml:Audience>'), accepted],
  ] as const)
    assert.equal(await edited(edit), outcome, edit.toString())
})

test('SAML-08: every hash and kind of key of the lists signs, each under its own name', async () => {
  for (const hash of ['256', '384', '512']) {
    const digestAlgorithm =
      hash === '384' ? `${more}sha384` : `http://www.w3.org/2001/04/xmlenc#sha${hash}`
    const field = await idp.respond(values, { digestAlgorithm, signatureAlgorithm: `${more}rsa-sha${hash}` })
    assert.equal(await reasonFor(field), accepted, hash)
    const ec = makeKey('ec.example', { curve: 'P-256' })
    const certificates = [ec.certificate]
    const name = `${more}ecdsa-sha${hash}`
    assert.equal(await reasonFor(await idp.respond(values, { key: ec, signatureAlgorithm: name }), { certificates }), accepted)
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
