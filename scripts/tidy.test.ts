import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { lookAt, refuse } from './tidy.ts'

const refused: { file: string; line: string }[] = [
  { file: 'server/src/groups/groups.test.ts', line: "test.on¦ly('a guarantee', () => {})" },
  { file: 'server/src/groups/groups.test.ts', line: "  t.sk¦ip('not today')" },
  { file: 'server/src/groups/groups.test.ts', line: "describe.to¦do('later')" },
  { file: 'server/src/groups/groups.test.ts', line: "test('a guarantee', { sk¦ip: true }, () => {})" },
  { file: 'server/src/groups/groups.test.ts', line: 'await sle¦ep(100)' },
  { file: 'server/src/groups/groups.test.ts', line: 'setTime¦out(done, 100)' },
  { file: 'docs/how-to.md', line: 'Open /wo¦rk/main/README.md' },
  { file: 'server/src/main.ts', line: "const folder = '/ro¦ot/data'" },
  { file: '.npmrc', line: 'regi¦stry=example.com' },
  { file: 'docs/how-to.md', line: 'http¦s://registry.npmjs.org/muster' },
  { file: 'package-lock.json', line: '      "resolved": "http://elsewhere.example/x.tgz",' },
].map(whole)

const fine: { file: string; line: string }[] = [
  { file: 'server/src/groups/groups.test.ts', line: "test('groups: skip nobody', () => {})" },
  { file: 'server/src/outbox/dispatcher.ts', line: 'setTime¦out(wake, 100)' },
  { file: 'server/src/app.ts', line: "app.get('/api/service/users/home/', list)" },
  { file: 'package-lock.json', line: '      "resolved": "http¦s://registry.npmjs.org/pg/-/pg-8.23.1.tgz",' },
  { file: 'package-lock.json', line: '      "resolved": "server",' },
].map(whole)

/** The bar keeps this file from being refused itself. */
function whole({ file, line }: { file: string; line: string }): { file: string; line: string } {
  return { file, line: line.replace('¦', '') }
}

describe('tidy', () => {
  for (const { file, line } of refused) {
    test(`refuses in ${file}: ${line}`, () => {
      assert.deepEqual(
        refuse(file, `fine\n${line}\n`).map((found) => found.line),
        [2],
      )
    })
  }

  for (const { file, line } of fine) {
    test(`says nothing in ${file} about: ${line}`, () => assert.deepEqual(refuse(file, line), []))
  }

  test('counts casts, assertions and tries in code, not in strings or comments', () => {
    const text = `// as, any, try\nconst word = 'as any'\nconst row = value as Row\nconst all = [] as const\nlet x: any = y!\ntry { x() } catch {}\n`
    assert.deepEqual(lookAt('a.ts', text).counts, { lines: 6, any: 1, cast: 1, nonNull: 1, try: 1 })
  })

  test('finds a long function by its name', () => {
    const { longFunctions } = lookAt(
      'a.ts',
      `const short = () => 1\nexport function long() {\n${'  work()\n'.repeat(50)}}\n`,
    )
    assert.deepEqual(longFunctions, ['52 lines  a.ts:2 long'])
  })
})
