import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SignedXml } from 'xml-crypto'
import { expected, idp, reasonFor, values } from './testdata/expectation.ts'
import { makeKey } from './testdata/keys.ts'
import { toField } from './testdata/test-idp.ts'

const accepted = 'accepted person-1'

test('V-A14: an element declares eight namespaces at most: canonicalising costs their number for each element below', async () => {
  const declaring = (count: number) => (xml: string) => {
    const names = Array.from({ length: count }, (_, at) => ` xmlns:n${at}="urn:n${at}"`)
    return xml.replace('<saml:Subject', `<saml:Subject${names.join('')}`)
  }
  assert.equal(await reasonFor(await idp.respond(values, {}, declaring(8))), accepted)
  assert.equal(await reasonFor(await idp.respond(values, {}, declaring(9))), 'SAML-04: too many namespaces')
  const started = performance.now()
  const xml = declaring(5_000)(await idp.respondXml(values))
  assert.equal(await reasonFor(toField(xml)), 'SAML-04: too many namespaces')
  assert.ok(performance.now() - started < 500, `${performance.now() - started} ms`)
})

test('V-A14: a signature names sixteen prefixes at most, in 256 characters', async () => {
  const names = (count: number, length = 3) => Array.from({ length: count }, (_, at) => `n${at}`.padEnd(length, 'x'))
  for (const [prefixes, outcome] of [
    [['xs', '#default', 'saml'], accepted],
    [names(16, 15), accepted],
    [names(17), 'SAML-04: a list of too many prefixes'],
    [names(16, 16), 'SAML-04: a list of too many prefixes'],
    [['1'], 'SAML-04: a prefix that is no name'],
    [['a:b'], 'SAML-04: a prefix that is no name'],
    [['#other'], 'SAML-04: a prefix that is no name'],
  ] as const)
    assert.equal(await reasonFor(await idp.respond(values, { prefixes })), outcome, prefixes.join(' '))
})

test('V-A14: once a pinned key has verified a signature, no other is tried', async (context) => {
  const { mock } = context.mock.method(SignedXml.prototype, 'checkSignature')
  const next = makeKey('next')
  const certificates = [next, idp.key, makeKey('third'), makeKey('fourth')].map(({ certificate }) => certificate)
  const tried = async (field: string) => {
    mock.resetCalls()
    assert.equal(await reasonFor(field, { certificates }), accepted)
    return mock.callCount()
  }
  assert.equal(expected.signed, 'response_and_assertion')
  assert.equal(await tried(await idp.respond(values, { key: next })), 2)
  assert.equal(await tried(await idp.respond(values)), 4)
})
