import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'

const root = path.dirname(import.meta.dirname)

/** Each row is a file of its own in a copy of the repository's settings; `rule` is what oxlint must say, and all it may say. */
const rows: { file: string; code: string; rule: string | null }[] = [
  {
    file: 'server/src/users/a1.ts',
    code: 'let count = 0\nexport const next = () => (count += 1)',
    rule: 'muster(no-module-state)',
  },
  {
    file: 'server/src/users/a2.ts',
    code: 'export const seen = new Map<string, number>()',
    rule: 'muster(no-module-state)',
  },
  { file: 'server/src/users/a3.ts', code: 'export const queue: string[] = []', rule: 'muster(no-module-state)' },
  {
    file: 'server/src/users/a4.ts',
    code: 'export const none: readonly string[] = []\nexport const some = new Set([1])',
    rule: null,
  },
  { file: 'server/src/users/a5.ts', code: 'export const done = new WeakMap<object, number>()', rule: null },
  { file: 'server/src/users/a6.test.ts', code: 'export const seen = new Map<string, number>()', rule: null },
  {
    file: 'server/src/users/b1.ts',
    code: 'export const f = (tokenHash: string, x: string) => x === tokenHash',
    rule: 'muster(no-secret-equality)',
  },
  {
    file: 'server/src/users/b2.ts',
    code: 'export const f = (row: { secret: string }, x: string) => row.secret !== x',
    rule: 'muster(no-secret-equality)',
  },
  {
    file: 'server/src/users/b3.ts',
    code: "export const f = (token?: string) => token === undefined || typeof token === 'string' || token === ''",
    rule: null,
  },
  {
    file: 'server/src/users/c1.ts',
    code: 'export const id = () => Math.random()',
    rule: 'eslint(no-restricted-properties)',
  },
  { file: 'server/src/users/d1.ts', code: 'export const f = (x: any) => x', rule: 'typescript(no-explicit-any)' },
  {
    file: 'server/src/users/e1.ts',
    code: 'const send = async () => {}\nexport const f = () => {\n  send()\n}',
    rule: 'typescript(no-floating-promises)',
  },
  {
    file: 'server/src/users/e2.test.ts',
    code: "import { test } from 'node:test'\ntest('a guarantee', async () => {})",
    rule: null,
  },
  { file: 'server/src/users/f1.ts', code: 'export default 1', rule: 'import(no-default-export)' },
  {
    file: 'server/src/users/g1.ts',
    code: 'const ctx = 1\nexport const f = (g: (ctx: number) => number) => g(ctx)\nexport const h = () => f((ctx) => ctx)',
    rule: null,
  },
  {
    file: 'server/src/users/h1.ts',
    code: '// oxlint-disable-next-line no-var\nexport const x = 1',
    rule: 'unused directive',
  },
]

describe('lint', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'muster-lint-'))
  after(() => rmSync(folder, { recursive: true }))
  const found = lint(folder)

  for (const { file, code, rule } of rows) {
    test(`${rule ?? 'nothing'} for ${code.replaceAll('\n', ' ')}`, () => {
      assert.deepEqual(found.get(file) ?? [], rule === null ? [] : [rule])
    })
  }

  test('V-S12 nowhere in the server is a secret compared or chance taken from Math.random with leave to do so', () => {
    const files = globSync('server/src/**/*.ts', { cwd: root })
    assert.ok(files.length > 100)
    const leave = /oxlint-disable.*(?:no-secret-equality|no-restricted-properties)/
    assert.deepEqual(
      files.filter((file) => leave.test(readFileSync(path.join(root, file), 'utf8'))),
      [],
    )
  })
})

interface Diagnostic {
  readonly code?: string
  readonly message: string
  readonly filename: string
}

function lint(folder: string): Map<string, string[]> {
  for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json', 'scripts/lint-rules.ts']) {
    cpSync(path.join(root, file), path.join(folder, file))
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  for (const { file, code } of rows) {
    mkdirSync(path.join(folder, path.dirname(file)), { recursive: true })
    writeFileSync(path.join(folder, file), `${code}\n`)
  }
  const oxlint = path.join(root, 'node_modules/oxlint/bin/oxlint')
  const { stdout } = spawnSync(process.execPath, [oxlint, '--format=json', 'server'], { cwd: folder, encoding: 'utf8' })
  const { diagnostics }: { diagnostics: Diagnostic[] } = JSON.parse(stdout)
  const found = new Map<string, string[]>()
  for (const { filename, code, message } of diagnostics) {
    const rule = code ?? (message.startsWith('Unused') ? 'unused directive' : message)
    found.set(filename, [...(found.get(filename) ?? []), rule])
  }
  return found
}
