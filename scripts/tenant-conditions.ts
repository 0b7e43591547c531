/** Finds every place where the server's code says "of this tenant only", and how the code looks without it. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'

/** One condition taken out of one file. */
export interface Mutant {
  /** Stays the same while other lines move: file, function, condition, and which of several alike. */
  readonly key: string
  readonly file: string
  readonly changes: readonly Change[]
}

interface Change {
  readonly start: number
  readonly end: number
  readonly text: string
}

interface Found {
  readonly what: string
  readonly changes: readonly Change[]
}

/** Of each SQL comparison: columns, placeholders, `${values}`. */
const side = String.raw`(?:\$\{[^}]*\}|[\w.])+`
const comparison = new RegExp(String.raw`${side} = (?:\(select \?\)|\?|${side})`, 'g')
const queryMethods = new Set(['where', 'whereRef', 'onRef'])

export function listMutants(root: string): Mutant[] {
  const files = globSync('server/src/**/*.ts', { cwd: root }).filter(
    (file) => !/\.test\.ts$|\/testdata\/|\/migrations\//.test(file),
  )
  return files.toSorted().flatMap((file) => mutantsOf(file, readFileSync(path.join(root, file), 'utf8')))
}

export function mutantsOf(file: string, text: string): Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const counts = new Map<string, number>()
  const mutants: Mutant[] = []
  const visit = (node: ts.Node): void => {
    for (const { what, changes } of [...queryCall(node), ...sqlText(node, source), ...cacheKey(node)]) {
      const name = `${file.replace(/^server\/src\//, '')} ${placeOf(node)}: ${what}`
      const count = (counts.get(name) ?? 0) + 1
      counts.set(name, count)
      mutants.push({ key: count === 1 ? name : `${name} #${count}`, file, changes })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return mutants
}

export function applyMutant(text: string, { changes }: Mutant): string {
  return changes
    .toSorted((a, b) => b.start - a.start)
    .reduce((changed, { start, end, text: other }) => changed.slice(0, start) + other + changed.slice(end), text)
}

/** `.where('tenant_id', '=', tenantId)` and its like are left out of the chain. */
function queryCall(node: ts.Node): Found[] {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return []
  const { name, expression: before } = node.expression
  const texts = node.arguments.map((argument) => (ts.isStringLiteral(argument) ? argument.text : argument.getText()))
  const isOfTenant =
    queryMethods.has(name.text) &&
    (texts.some((part) => /(^|\.)tenant_id$/.test(part)) || isTenantById(texts) || texts[0] === 'slug')
  if (!isOfTenant) return []
  return [{ what: `${name.text}(${texts.join(' ')})`, changes: [{ start: before.end, end: node.end, text: '' }] }]
}

function isTenantById([column = '', , value = '']: readonly string[]): boolean {
  return /^(tenants\.)?id$/.test(column) && /(^|\.)tenantId$/.test(value)
}

/** Comparisons inside texts become always true; their parameters keep their places. */
function sqlText(node: ts.Node, source: ts.SourceFile): Found[] {
  if (!ts.isStringLiteral(node) && !ts.isNoSubstitutionTemplateLiteral(node) && !ts.isTemplateExpression(node))
    return []
  const text = node.getText(source)
  const start = node.getStart(source)
  // Texts inside a template's values are looked at by themselves.
  const isInner = (at: number): boolean =>
    ts.isTemplateExpression(node) &&
    node.templateSpans.some(({ expression }) => start + at > expression.getStart(source) && start + at < expression.end)
  return [...text.matchAll(comparison)]
    .filter(({ 0: found, index }) => !isInner(index) && saysTenant(found, text))
    .map(({ 0: found, index }) => ({
      what: found.replaceAll(/\s+/g, ' '),
      changes: [{ start: start + index, end: start + index + found.length, text: `(${found} or 1 = 1)` }],
    }))
}

function saysTenant(found: string, text: string): boolean {
  return /\btenant_id\b/.test(found) || (/^(t\.|tenants\.)?id = /.test(found) && /\btenants\b/.test(text))
}

/** Kept values are found by `${tenantId} …` or by the tenant alone. */
function cacheKey(node: ts.Node): Found[] {
  if (ts.isTemplateExpression(node)) {
    const [first] = node.templateSpans
    if (first === undefined || node.head.text !== '' || !/(^|\.)tenantId$/.test(first.expression.getText())) return []
    // Every key of the file is made the same way, or nothing would be found again.
    const keys = siblings(
      node,
      (other) =>
        ts.isTemplateExpression(other) &&
        other.head.text === '' &&
        /(^|\.)tenantId$/.test(other.templateSpans[0]?.expression.getText() ?? ''),
    )
    if (keys[0] !== node) return []
    return [{ what: 'the tenant in the key', changes: keys.map((key) => spanOf(key)) }]
  }
  if (!isLookUp(node)) return []
  const calls = siblings(node, isLookUp)
  if (calls[0] !== node) return []
  return [
    {
      what: 'the tenant as the key',
      changes: calls.flatMap((call) => (ts.isCallExpression(call) ? argumentSpan(call) : [])),
    },
  ]
}

function isLookUp(node: ts.Node): node is ts.CallExpression {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false
  return (
    /^(get|set|has|delete)$/.test(node.expression.name.text) &&
    /(^|\.)tenantId$/.test(node.arguments[0]?.getText() ?? '')
  )
}

function argumentSpan(call: ts.CallExpression): Change[] {
  const [argument] = call.arguments
  return argument === undefined ? [] : [{ start: argument.getStart(), end: argument.end, text: `'one'` }]
}

function spanOf(node: ts.Node): Change {
  if (!ts.isTemplateExpression(node)) throw new Error('a key that is no template')
  const [first] = node.templateSpans
  if (first === undefined) throw new Error('a template without a value')
  return { start: first.expression.getStart(), end: first.expression.end, text: `'one'` }
}

function siblings(node: ts.Node, accept: (other: ts.Node) => boolean): ts.Node[] {
  const found: ts.Node[] = []
  const visit = (other: ts.Node): void => {
    if (accept(other)) found.push(other)
    ts.forEachChild(other, visit)
  }
  visit(node.getSourceFile())
  return found
}

/** The function, method or constant that a node stands in, from the outside in. */
function placeOf(node: ts.Node): string {
  const names: string[] = []
  for (let at: ts.Node | undefined = node.parent; at !== undefined; at = at.parent) {
    const name = nameOf(at)
    if (name !== undefined) names.unshift(name)
  }
  return names.join('.') || 'the file'
}

function nameOf(node: ts.Node): string | undefined {
  const isNamed =
    ts.isFunctionDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isVariableDeclaration(node)
  return isNamed ? node.name?.getText() : undefined
}
