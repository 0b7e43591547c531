/** Rules of our own for oxlint, which loads this file as a plugin; what each refuses stands in scripts/lint-rules.test.ts. */
import type { RuleTester } from 'oxlint/plugins-dev'

type Rule = Parameters<RuleTester['run']>[1]

type Visitor = ReturnType<Extract<Rule, { create: unknown }>['create']>
type Expression = Parameters<NonNullable<Visitor['BinaryExpression']>>[0]['right']

const secretName = /(secret|token|password|hash|digest|signature|mac)s?$/i
const containers = /^(Map|Set|Array|LRUCache)$/

const noSecretEquality: Rule = {
  meta: {
    type: 'problem',
    messages: {
      timing:
        'Comparing "{{name}}" with {{operator}} tells an attacker by its time how much was right: use timingSafeEqual.',
    },
  },
  create: (context) => ({
    BinaryExpression(node) {
      if (!/^[!=]==?$/.test(node.operator) || [node.left, node.right].some(isPlain)) return
      const name = [node.left, node.right].map(lastName).find((candidate) => secretName.test(candidate))
      if (name === undefined) return
      context.report({ node, messageId: 'timing', data: { name, operator: node.operator } })
    },
  }),
}

const noModuleState: Rule = {
  meta: {
    type: 'problem',
    messages: {
      state:
        '"{{name}}" outlives the request, and every tenant meets in it: pass it as a parameter, keep it in a class with a lifetime, or give it a read-only type.',
    },
  },
  create: (context) => ({
    VariableDeclaration(node) {
      if (node.parent.type !== 'Program' && node.parent.type !== 'ExportNamedDeclaration') return
      for (const { id, init } of node.declarations) {
        const name = id.type === 'Identifier' ? id.name : 'it'
        const annotation =
          id.type === 'Identifier' && id.typeAnnotation ? context.sourceCode.getText(id.typeAnnotation) : ''
        const isState = node.kind !== 'const' || (isEmptyContainer(init) && !/\breadonly\b|\bReadonly/.test(annotation))
        if (isState && !node.declare) context.report({ node, messageId: 'state', data: { name } })
      }
    },
  }),
}

/** Literals and their like: to ask whether a token is there at all, or what kind it is, gives nothing away. */
function isPlain(node: { readonly type: string }): boolean {
  const { type, name, operator }: { type: string; name?: unknown; operator?: unknown } = node
  return (
    type === 'Literal' ||
    (type === 'Identifier' && name === 'undefined') ||
    (type === 'UnaryExpression' && operator === 'typeof')
  )
}

/** `row.token?.hash` is called hash. */
function lastName(node: { readonly type: string }): string {
  const {
    type,
    name,
    property,
    expression,
  }: { type: string; name?: unknown; property?: unknown; expression?: unknown } = node
  if (type === 'Identifier') return String(name)
  const inner = type === 'MemberExpression' ? property : type === 'ChainExpression' ? expression : undefined
  return isNode(inner) ? lastName(inner) : ''
}

function isNode(value: unknown): value is { readonly type: string } {
  return typeof value === 'object' && value !== null && 'type' in value
}

function isEmptyContainer(node: Expression | null): boolean {
  if (node?.type === 'ArrayExpression') return node.elements.length === 0
  if (node?.type === 'ObjectExpression') return node.properties.length === 0
  if (node?.type !== 'NewExpression' || node.callee.type !== 'Identifier') return false
  // Options do not fill a container, an array of entries does.
  return containers.test(node.callee.name) && node.arguments.every((argument) => argument.type === 'ObjectExpression')
}

// oxlint-disable-next-line import/no-default-export -- this is how oxlint finds a plugin
export default {
  meta: { name: 'muster' },
  rules: { 'no-module-state': noModuleState, 'no-secret-equality': noSecretEquality },
}
