import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { profiles, ScimProfile, ScimRules } from './scim-rules.schema.ts'

const guide = readFileSync(path.join(import.meta.dirname, '../../../docs/scim.md'), 'utf8')

test('the table of profiles in docs/scim.md has every rule, with the value of every profile', () => {
  const names = ScimProfile.anyOf.map(({ const: name }) => name)
  assert.ok(guide.includes(`| rule | ${names.join(' | ')} | meaning |`))
  const rows = [...guide.matchAll(/^\| `(\w+)` \| (.+?) \|$/gm)].map(
    ([, rule = '', cells = '']) => [rule, cells] as const,
  )
  assert.deepEqual(
    rows.map(([rule]) => rule),
    Object.keys(ScimRules.properties),
  )
  for (const [rule, cells] of rows) {
    const values = names.map((name) => shown(Object.entries(profiles[name]).find(([key]) => key === rule)?.[1]))
    assert.deepEqual(cells.split(' | ').slice(0, names.length), values, rule)
  }
})

function shown(value: unknown): string {
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value)
}
