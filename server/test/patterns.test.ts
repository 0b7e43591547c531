import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { isSafe } from 'redos-detector'
import ts from 'typescript'

const root = path.join(import.meta.dirname, '../..')

/** Patterns that the detector does not clear, with what bounds them; each is timed on the worst text of that size. */
const bounded: readonly { readonly pattern: string; readonly because: string; readonly worst: string }[] = [
  { pattern: '/<([^<>]*)>\\s*$/', because: 'reads a setting, once', worst: `<>${' '.repeat(1_000)}x` },
  { pattern: '/;\\s*\\n/', because: 'reads migrations of our own', worst: `;${' '.repeat(1_000)}x` },
  { pattern: '/([^/]+)\\/:([a-zA-Z]+)/g', because: 'reads addresses of our own routes', worst: 'x'.repeat(300) },
  {
    pattern: String.raw`/"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y`,
    because: 'its branches begin with different characters, so there is one way through any text',
    worst: `"${'\\u0041'.repeat(160)}\\`,
  },
  { pattern: '/<([^<>]+)>\\s*$/', because: 'reads a setting, once', worst: `<x>${' '.repeat(1_000)}x` },
  { pattern: '/, ([^,]*)$/', because: 'reads the choices of a setting, once', worst: ', '.repeat(100) },
  {
    pattern: '/^(.+?)--[0-9]+$/',
    because: 'is asked about names of at most 1,000 characters',
    worst: `${'--1'.repeat(333)}x`,
  },
  { pattern: '/%.*$/', because: 'is asked about addresses as Node tells them', worst: `${'%'.repeat(60)}\n` },
  {
    pattern: '/"[^"]*"/g',
    because: 'each quote begins or ends one piece; filters are at most 8 KiB',
    worst: '"x'.repeat(4_000),
  },
  {
    pattern: '/^ +| +$/g',
    because: 'is asked about addresses of at most 254 characters',
    worst: `x${' '.repeat(252)}x`,
  },
  { pattern: '/.{64}/g', because: 'reads a certificate of our own', worst: 'x'.repeat(2_000) },
  {
    pattern: String.raw`/<SingleLogoutService [^>]*\/>/`,
    because: 'reads a document of our own',
    worst: `<SingleLogoutService ${'/'.repeat(1_000)}`,
  },
  {
    pattern: String.raw`/(\.\d{3})\d+Z$/`,
    because: 'is asked about what is a time already',
    worst: `2026-01-01T00:00:00.${'0'.repeat(30)}z`,
  },
]

interface Found {
  readonly file: string
  readonly text: string
  readonly pattern: RegExp
}

function patternsOf(file: string): Found[] {
  const source = ts.createSourceFile(file, readFileSync(path.join(root, file), 'utf8'), ts.ScriptTarget.Latest, true)
  const found: Found[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const text = node.getText(source)
      const end = text.lastIndexOf('/')
      found.push({ file, text, pattern: new RegExp(text.slice(1, end), text.slice(end + 1)) })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

const files = globSync('server/src/**/*.ts', { cwd: root }).filter((file) => !/\.test\.ts$|\/testdata\//.test(file))
const patterns = files.flatMap(patternsOf)

test('every pattern of the server takes linear time, or is bounded as this file says (V-D8)', () => {
  const unsafe = patterns.filter(
    ({ text, pattern }) =>
      !bounded.some((row) => row.pattern === text) && !isSafe(pattern, { maxScore: 200, timeout: 5_000 }).safe,
  )
  console.log(`patterns: ${patterns.length} in ${files.length} files, ${bounded.length} of them bounded by their input`)
  assert.ok(patterns.length > 50)
  assert.deepEqual(
    unsafe.map(({ file, text }) => `${file} ${text}`),
    [],
  )
  const stale = bounded.filter((row) => !patterns.some(({ text }) => text === row.pattern))
  assert.deepEqual(stale, [])
})

test('a bounded pattern takes at most a millisecond for the worst text it is asked about (V-D8)', () => {
  for (const { pattern: text, worst } of bounded) {
    const found = patterns.find((candidate) => candidate.text === text)
    assert.ok(found !== undefined, text)
    // The best of several: the machine may be busy with something else.
    const times = Array.from({ length: 20 }, () => timeOf(found.pattern, worst))
    assert.ok(Math.min(...times) < 1, `${text} took ${Math.min(...times)} ms`)
  }
})

function timeOf(pattern: RegExp, text: string): number {
  const started = performance.now()
  pattern.lastIndex = 0
  pattern.test(text)
  return performance.now() - started
}
