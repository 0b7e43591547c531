import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newSealKey, seal, unseal } from './sealed.ts'

test('a sealed text comes out as it went in, needs no escaping in an address, and looks different each time', () => {
  const key = newSealKey()
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, bound) => {
      const sealed = seal(key, bound, text)
      assert.match(sealed, /^[A-Za-z0-9_-]+$/)
      assert.notEqual(sealed, seal(key, bound, text))
      assert.equal(unseal(key, bound, sealed), text)
    }),
  )
})

test('what was changed in one letter, or is for another key or bound, is not opened', () => {
  const key = newSealKey()
  const sealed = seal(key, 'bound', 'text')
  assert.equal(unseal(newSealKey(), 'bound', sealed), undefined)
  assert.equal(unseal(key, 'another', sealed), undefined)
  const letters = ['A', 'B', 'g', '_']
  for (let at = 0; at < sealed.length; at += 1) {
    for (const letter of letters.filter((other) => other !== sealed[at])) {
      assert.equal(unseal(key, 'bound', `${sealed.slice(0, at)}${letter}${sealed.slice(at + 1)}`), undefined)
    }
  }
  const others = [
    '',
    'A',
    sealed.slice(1),
    sealed.slice(0, -1),
    `${sealed}A`,
    `${sealed}=`,
    `${sealed} `,
    ` ${sealed}`,
    '%%%',
  ]
  for (const other of others) assert.equal(unseal(key, 'bound', other), undefined, other)
})
