/**
 * `npm run tidy`: prints what deserves a second look (lengths, casts, `any`, `try`, open promises) and never fails for it.
 * It fails for what no reader should ever find: tests that are left out or sleep, paths of one machine, registry hosts.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'

const root = path.dirname(import.meta.dirname)
const fileLinesMax = 200
const testLinesMax = 300
const functionLinesMax = 40

interface Refusal {
  readonly what: string
  readonly where: RegExp
  readonly pattern: RegExp
}

const refusals: readonly Refusal[] = [
  {
    what: 'a test that is left out, or leaves the others out: mend it or delete it',
    where: /\.test\.ts$/,
    pattern: /\b(test|it|describe|suite|t)\.(only|skip|todo)\(|\b(only|skip|todo): (true|['"`])/,
  },
  {
    what: 'a test that sleeps: move the clock of startTestApp, or wait for what happens',
    where: /\.test\.ts$/,
    pattern: /\b(setTimeout|setInterval|sleep|Atomics\.wait)\(|node:timers\/promises/,
  },
  {
    what: 'a path of one machine',
    where: /./,
    pattern: /(?<![\w.~-])\/(work|root|home)\/[\w.-]|\/tmp\/bash_jobs/,
  },
  {
    what: 'a registry host: .npmrc and the machine decide where packages come from',
    where: /^(?!(.*\/)?package-lock\.json$)/,
    pattern:
      /https?:\/\/(registry|npm|pypi|proxy)\.|https?:\/\/[\w.-]*(artifactory|nexus|verdaccio)|\bindex-url\b|^registry *=/i,
  },
  {
    what: 'a package from elsewhere than the public registry of npm',
    where: /package-lock\.json$/,
    pattern: /"resolved": "(?!https:\/\/registry\.npmjs\.org\/|(server|sdk|cli|console)")/,
  },
]

interface Refused {
  readonly file: string
  readonly line: number
  readonly what: string
  readonly text: string
}

interface Counts {
  lines: number
  any: number
  cast: number
  nonNull: number
  try: number
}

interface Look {
  readonly counts: Counts
  readonly longFunctions: readonly string[]
}

if (import.meta.main) process.exitCode = printTidiness()

export function refuse(file: string, text: string): Refused[] {
  const rows = refusals.filter(({ where }) => where.test(file))
  if (rows.length === 0) return []
  return text
    .split('\n')
    .flatMap((line, index) =>
      rows
        .filter(({ pattern }) => pattern.test(line))
        .map(({ what }) => ({ file, line: index + 1, what, text: line.trim().slice(0, 120) })),
    )
}

/** Counts what is worth a thought in one file, and finds its long functions. */
export function lookAt(file: string, text: string): Look {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const counts: Counts = { lines: text.split('\n').length - 1, any: 0, cast: 0, nonNull: 0, try: 0 }
  const longFunctions: string[] = []
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) counts.any += 1
    if (ts.isAsExpression(node) && node.type.getText(source) !== 'const') counts.cast += 1
    if (ts.isNonNullExpression(node)) counts.nonNull += 1
    if (ts.isTryStatement(node)) counts.try += 1
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const lines = lineOf(source, node.end) - lineOf(source, node.getStart(source)) + 1
      if (lines > functionLinesMax)
        longFunctions.push(`${lines} lines  ${file}:${lineOf(source, node.getStart(source))} ${nameOf(node)}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return { counts, longFunctions }
}

function lineOf(source: ts.SourceFile, position: number): number {
  return source.getLineAndCharacterOfPosition(position).line + 1
}

function nameOf(node: ts.SignatureDeclaration): string {
  if (node.name !== undefined) return node.name.getText()
  const { parent } = node
  return ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name.getText() : '(callback)'
}

function printTidiness(): number {
  const files = trackedFiles()
  const refused = files.flatMap((file) => refuse(file, readFileSync(path.join(root, file), 'utf8')))
  const sources = files.filter((file) => /\.(ts|tsx|mjs)$/.test(file) && !file.includes('generated'))
  const looks = new Map(sources.map((file) => [file, lookAt(file, readFileSync(path.join(root, file), 'utf8'))]))
  printLooks(looks)
  printNotes(sources)
  for (const { file, line, what, text } of refused) console.log(`✗ ${file}:${line} ${what}\n    ${text}`)
  console.log(`tidy: ${files.length} files read, ${sources.length} of them source; ${refused.length} refused`)
  return refused.length === 0 && sources.length > 0 ? 0 : 1
}

/** What is committed, and what would be with the next `git add`. */
function trackedFiles(): string[] {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  const deleted = execFileSync('git', ['ls-files', '-z', '--deleted'], { cwd: root, encoding: 'utf8' }).split('\0')
  return list
    .split('\0')
    .filter((file) => file !== '' && !deleted.includes(file) && !/\.(png|ico|woff2|gz|db)$/.test(file))
}

function printLooks(looks: ReadonlyMap<string, Look>): void {
  const isTest = (file: string): boolean => file.endsWith('.test.ts') || file.includes('/test/')
  const long = [...looks].filter(([file, { counts }]) => counts.lines > (isTest(file) ? testLinesMax : fileLinesMax))
  printList(
    `files over ${fileLinesMax} lines (tests ${testLinesMax}): is it one thing?`,
    long
      .toSorted(([, a], [, b]) => b.counts.lines - a.counts.lines)
      .map(([file, { counts }]) => `${counts.lines} lines  ${file}`),
  )
  printList(
    `functions over ${functionLinesMax} lines: which paragraph has a name?`,
    [...looks].filter(([file]) => !isTest(file)).flatMap(([, { longFunctions }]) => longFunctions),
  )
  const kinds = ['any', 'cast', 'nonNull', 'try'] as const
  const names = { any: '`any`', cast: '`as`', nonNull: '`!`', try: '`try`' }
  for (const [area, members] of Map.groupBy(looks, ([file]) => (isTest(file) ? 'tests' : (file.split('/')[0] ?? '')))) {
    const total = (kind: keyof Counts): number => members.reduce((sum, [, { counts }]) => sum + counts[kind], 0)
    const rates = kinds.map((kind) => `${names[kind]} ${((1000 * total(kind)) / total('lines')).toFixed(1)}`)
    console.log(`${area}: ${members.length} files, ${total('lines')} lines; per 1,000 lines: ${rates.join(', ')}`)
  }
}

function printNotes(sources: readonly string[]): void {
  const pattern = /(\/\/|\*) .*\b(TODO|FIXME)\b/
  const notes = sources.flatMap((file) =>
    readFileSync(path.join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1} ${line.trim()}`] : [])),
  )
  printList('promises left in the code: an issue number, or now?', notes)
}

function printList(title: string, lines: readonly string[]): void {
  if (lines.length > 0) console.log(`${title}\n${lines.map((line) => `    ${line}`).join('\n')}`)
}
