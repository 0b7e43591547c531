import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toKey } from '../db/normal-key.ts'
import { parseEmailAddress } from './email-address.ts'
import { canonicalForms, refusedAddresses } from './testdata/addresses.ts'

test('an address has one canonical form, which is its own canonical form (V-I10)', () => {
  for (const [typed, stored] of canonicalForms) {
    assert.equal(parseEmailAddress(typed), stored, typed)
    assert.equal(parseEmailAddress(stored), stored, stored)
  }
})

test('spellings that mail servers deliver to one mailbox have one key, look-alikes have another (V-I10)', () => {
  const keys = ['USER@example.com', 'user@EXAMPLE.com', '\uff35ser@example.com'].map((typed) =>
    toKey(parseEmailAddress(typed) ?? ''),
  )
  assert.deepEqual(keys, ['user@example.com', 'user@example.com', 'user@example.com'])
  // The Kelvin sign is K, the dotless i is not i: it is no ASCII letter, so it is no address either.
  assert.equal(toKey(parseEmailAddress('\u212aim@example.com') ?? ''), 'kim@example.com')
  assert.equal(parseEmailAddress('adm\u0131n@example.com'), undefined)
})

test('texts that mail libraries disagree about are no addresses (V-I9)', () => {
  const refused = refusedAddresses()
  assert.ok(refused.length >= 200)
  for (const [why, text] of refused)
    assert.equal(parseEmailAddress(text), undefined, `${why}: ${JSON.stringify(text.slice(0, 80))}`)
})

test('the longest hostile input is judged within a millisecond (V-D8)', () => {
  const inputs = [
    `${'a.'.repeat(5_000)}@example.com`,
    `${' '.repeat(253)}a`,
    `${'a'.repeat(126)}@${'-'.repeat(126)}`,
    'a@'.repeat(127),
    '\ufdfa'.repeat(254),
  ]
  for (const text of inputs) {
    parseEmailAddress(text)
    const start = performance.now()
    for (let round = 0; round < 20; round += 1) parseEmailAddress(text)
    assert.ok((performance.now() - start) / 20 < 1, JSON.stringify(text.slice(0, 20)))
  }
})
