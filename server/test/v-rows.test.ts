import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

const root = path.join(import.meta.dirname, '../..')

/** The attack rows of the security contract, section 3, by how much of them is a test whose title ends with the id. */
interface VRows {
  readonly tested: readonly string[]
  /** Tested as far as what they speak of exists; the text says what is left. */
  readonly inPart: Readonly<Record<string, string>>
  /** Nothing of what they speak of exists; the text says with what it comes. */
  readonly later: Readonly<Record<string, string>>
}

const withConsole = 'comes with the console'

const vRows: VRows = {
  tested: [
    'V-I1',
    'V-I2',
    'V-I5',
    'V-I6',
    'V-I7',
    'V-I9',
    'V-I10',
    'V-I12',
    'V-I13',
    'V-I14',
    'V-T1',
    'V-T2',
    'V-T3',
    'V-T5',
    'V-T6',
    'V-S1',
    'V-S2',
    'V-S4',
    'V-S5',
    'V-S8',
    'V-S9',
    'V-S10',
    'V-S11',
    'V-S12',
    'V-S13',
    'V-S14',
    'V-A1',
    'V-A4',
    'V-A5',
    'V-A6',
    'V-A7',
    'V-A8',
    'V-A9',
    'V-A11',
    'V-A12',
    'V-A13',
    'V-A15',
    'V-W1',
    'V-D4',
    'V-K4',
    'V-K5',
    'V-K6',
    'V-K9',
    'V-K11',
    'V-R2',
    'V-R3',
    'V-R4',
    'V-D1',
    'V-D2',
    'V-D3',
    'V-D5',
    'V-D6',
    'V-D7',
    'V-D8',
    'V-D9',
    'V-D11',
  ],
  inPart: {
    'V-I3': 'every acceptance pays for a password: 40 rounds of 10 on two servers in test:races, not 200 of 100',
    'V-T4': 'the console comes later',
    'V-K1': 'measured times belong to the long lanes; that nothing depends on the prefix is tested',
    'V-K3': 'the console comes later',
    'V-K7': 'webhooks come later',
    'V-I11': 'by the statements and hashes of a request, not by times',
    'V-S3': 'what a person is told when their session ends comes with the console',
    'V-S7': 'groups that carry a role are none here',
    'V-A2': '100,000 documents by hand, a thousand in every run',
    'V-A14': 'with room for a busy machine: half a second and 100 MiB',
    'V-W4': 'webhooks come later',
    'V-K8': 'webhook secrets come with webhooks',
    'V-R1': 'import comes later',
    'V-W5': 'next= and the pages of the console',
    'V-D12': 'of the audit log; the export of 100,000 users comes with the console',
  },
  later: {
    'V-A16': 'the list is docs/reviews/saml.md, walked at each release',
    'V-W2': withConsole,
    'V-W3': `${withConsole}: export`,
  },
}

/** Titles as they stand in the code, templates with their `${…}`. */
function listTitles(): string[] {
  const files = globSync(['server/{src,test}/**/*.test.ts', 'scripts/*.test.ts'], { cwd: root })
  return files.flatMap((file) => {
    const text = readFileSync(path.join(root, file), 'utf8')
    return [...text.matchAll(/\btest\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g)].map((match) => match[2] ?? '')
  })
}

test('every attack row of the security contract is a test with its id, or says when it becomes one', () => {
  const titles = listTitles()
  const tested = Map.groupBy(
    titles.flatMap((title) => [...title.matchAll(/\bV-[A-Z]\d+\b/g)].map(([id]) => id)),
    (id) => id,
  )
  const wanted = [...vRows.tested, ...Object.keys(vRows.inPart)]
  const later = Object.keys(vRows.later)
  assert.deepEqual(
    wanted.filter((id) => !tested.has(id)),
    [],
    'no title ends with these ids',
  )
  assert.deepEqual(
    later.filter((id) => tested.has(id)),
    [],
    'these are tested now: move them out of "later"',
  )
  const known = [...wanted, ...later]
  assert.deepEqual(
    [...tested.keys()].filter((id) => !known.includes(id)),
    [],
    'the security contract has no such rows',
  )
  assert.equal(new Set(known).size, known.length, 'a row stands twice')
  const tests = [...tested.values()].reduce((sum, ids) => sum + ids.length, 0)
  console.log(
    `attack rows: ${known.length}, of which ${vRows.tested.length} tested, ${Object.keys(vRows.inPart).length} in part, ${later.length} later; ${tests} tests name one`,
  )
})
