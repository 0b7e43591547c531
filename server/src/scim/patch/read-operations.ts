import { invalidPath, invalidSyntax, invalidValue, noTarget, ScimError } from '../scim-error.ts'
import type { ScimRules } from '../../scim-tokens/scim-rules.schema.ts'
import { ownMembers } from '../read-value.ts'
import { isObject } from '../scim-value.ts'

const patchUrn = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const operationsMax = 1_000

export interface Operation {
  readonly op: 'add' | 'remove' | 'replace'
  /** Undefined: the value names its attributes itself. */
  readonly path: string | undefined
  /** Undefined: none was sent. */
  readonly value: unknown
}

/**
 * Reads the message of a PATCH; nothing of it has been applied when one operation is malformed.
 *
 * @throws ScimError invalidSyntax · invalidValue · noTarget · 413
 * @source contract/scim.md 152–154, 156; K1, K15; profiles C2
 */
export function readOperations(body: unknown, rules: ScimRules): Operation[] {
  if (!isObject(body)) throw invalidSyntax('The body takes a PatchOp message.')
  const members = new Map(ownMembers(body, '').map(([name, value]) => [name.toLowerCase(), value]))
  requireMessage(members.get('schemas'), rules)
  const operations = members.get('operations')
  if (!Array.isArray(operations)) throw invalidSyntax('Operations takes a list of operations.')
  if (operations.length === 0 && rules.emptyOperations === 'refuse') throw invalidSyntax('Operations is empty.')
  if (operations.length > operationsMax)
    throw new ScimError(413, `The message has ${operations.length} operations; the limit is ${operationsMax}.`)
  return operations.map(readOperation)
}

function requireMessage(schemas: unknown, rules: ScimRules): void {
  const names = Array.isArray(schemas) ? schemas.map((urn) => String(urn).toLowerCase()) : []
  if (names.includes(patchUrn.toLowerCase())) return
  if (rules.unknownInput === 'refuse' || schemas === undefined) throw invalidSyntax(`schemas takes ${patchUrn}.`)
}

function readOperation(sent: unknown, index: number): Operation {
  const where = `Operations[${index}]`
  if (!isObject(sent)) throw invalidSyntax(`${where} takes an object.`)
  const members = new Map(ownMembers(sent, where).map(([name, value]) => [name.toLowerCase(), value]))
  const op = String(members.get('op')).toLowerCase()
  if (op !== 'add' && op !== 'remove' && op !== 'replace')
    throw invalidSyntax(`${where}.op takes add, remove or replace.`)
  const path = members.get('path')
  if (path !== undefined && path !== null && typeof path !== 'string') throw invalidPath(`${where}.path takes a text.`)
  const hasPath = typeof path === 'string' && path.trim() !== ''
  if (op === 'remove' && !hasPath) throw noTarget(`${where} removes nothing in particular; it needs a path.`)
  const value = members.get('value')
  if (op !== 'remove' && value === undefined) throw invalidValue(`${where} has no value.`)
  return { op, path: hasPath ? path.trim() : undefined, value }
}
