import assert from 'node:assert/strict'
import { test } from 'node:test'
import { vaultFrom } from './vault.ts'

const vault = vaultFrom('one key')

test('what was sealed opens with the same key for the same purpose, and is another text each time', () => {
  for (const text of ['', 'a', 'äöü €', 'x'.repeat(10_000)]) {
    const sealed = vault.seal(text, 'saml-key a')
    assert.notEqual(vault.seal(text, 'saml-key a'), sealed)
    assert.ok(text.length < 10 || !sealed.includes(text.slice(0, 10)))
    assert.equal(vaultFrom('one key').open(sealed, 'saml-key a'), text)
  }
})

test('another key, another purpose, and one changed character open nothing', () => {
  const sealed = vault.seal('a private key', 'saml-key a')
  assert.throws(() => vaultFrom('another key').open(sealed, 'saml-key a'))
  assert.throws(() => vault.open(sealed, 'saml-key b'))
  for (const at of [3, Math.floor(sealed.length / 2), sealed.length - 2]) {
    const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1)
    assert.throws(() => vault.open(changed, 'saml-key a'), changed)
  }
  for (const text of ['', 'v1.', 'v1.AAAA', sealed.replace('v1.', 'v2.'), sealed.slice(0, 30)])
    assert.throws(() => vault.open(text, 'saml-key a'))
})
