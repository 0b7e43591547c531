import type { ScimRules } from '../scim-tokens/scim-rules.schema.ts'
import { parseInstant } from '../filter/instant.ts'
import { named } from './schemas/registry.ts'
import type { Attribute } from './schemas/attribute.ts'
import { isReserved } from './schemas/registry.ts'
import { invalidSyntax, invalidValue } from './scim-error.ts'
import { canonical, emptyObject, isObject, textOf, type ScimObject, type ScimValue } from './scim-value.ts'

/** What was passed over while reading, for the inspector. */
export interface Note {
  readonly attribute: string
  readonly note: string
}

export interface Reading {
  readonly rules: ScimRules
  readonly notes: Note[]
  /** In PATCH a single element may stand where a list is due. */
  readonly isPatch: boolean
}

const textMaxBytes = 16 * 1024
export const elementsMax = 1_000

/**
 * Reads one value of a body as its attribute wants it: types enforced, names spelled as in the schema,
 * null, [] and {} the same as nothing.
 *
 * @returns undefined when the attribute is left unassigned
 * @throws ScimError invalidValue · invalidSyntax
 * @source RFC 7643 sections 2.2 to 2.5; contract/scim.md 20–24, 55–56, 63–65, K2, K5, K8, K13, K16
 */
export function readValue(attribute: Attribute, value: unknown, path: string, reading: Reading): ScimValue | undefined {
  if (value === undefined || value === null) return undefined
  return attribute.multiValued ? readList(attribute, value, path, reading) : readOne(attribute, value, path, reading)
}

function readList(attribute: Attribute, value: unknown, path: string, reading: Reading): ScimValue | undefined {
  const list = Array.isArray(value) ? value : reading.isPatch ? [value] : undefined
  if (list === undefined) throw invalidValue(`${path} takes a list.`)
  if (attribute.name !== 'members' && list.length > elementsMax)
    throw invalidValue(`${path} has ${list.length} entries; the limit is ${elementsMax}.`)
  const elements: ScimValue[] = []
  for (const [index, element] of list.entries()) {
    if (element === null) continue
    const read = readElement(attribute, element, `${path}[${index}]`, reading)
    if (read !== undefined) elements.push(read)
  }
  const unique = attribute.type === 'complex' ? withoutDoubles(elements.filter(isObject), path, reading) : elements
  return unique.length === 0 ? undefined : unique
}

/** A bare text stands for an element of which it is the value (K16). */
function readElement(attribute: Attribute, element: unknown, path: string, reading: Reading): ScimValue | undefined {
  const isBare = attribute.type === 'complex' && typeof element === 'string'
  return readOne(attribute, isBare ? { value: element } : element, path, reading)
}

function readOne(attribute: Attribute, value: unknown, path: string, reading: Reading): ScimValue | undefined {
  switch (attribute.type) {
    case 'complex':
      return readComplex(attribute, value, path, reading)
    case 'boolean':
      return readBoolean(value, path, reading)
    case 'integer':
    case 'decimal':
      return readNumber(attribute, value, path)
    default:
      return readText(attribute, value, path, reading)
  }
}

/** A single complex attribute also comes as its value alone, or as a list of one (Entra's manager, K5). */
function readComplex(attribute: Attribute, value: unknown, path: string, reading: Reading): ScimObject | undefined {
  const sent = Array.isArray(value) && value.length === 1 && !attribute.multiValued ? value[0] : value
  if (typeof sent === 'string' && named(attribute.subAttributes ?? [], 'value') !== undefined) {
    if (sent === '') return undefined
    return readComplex(attribute, { value: sent }, path, reading)
  }
  if (Array.isArray(sent) && sent.length === 0) return undefined
  if (!isObject(sent)) throw invalidValue(`${path} takes an object.`)
  const result = emptyObject()
  for (const [name, member] of ownMembers(sent, path)) {
    const sub = findSub(attribute, name)
    if (sub === undefined) {
      passOver(path === '' ? name : `${path}.${name}`, reading)
      continue
    }
    // What the client may not set, and what is filled in here, is passed over in silence (item 80).
    if (sub.mutability === 'readOnly') continue
    const read = readValue(sub, member, `${path}.${sub.name}`, reading)
    if (read !== undefined) result[sub.name] = read
  }
  return Object.keys(result).length === 0 ? undefined : result
}

/** OneLogin's templates say `managerId` for the manager's `value`, and some clients `displayName` for a member's `display`. */
function findSub(attribute: Attribute, name: string): Attribute | undefined {
  const subs = attribute.subAttributes ?? []
  const found = named(subs, name)
  if (found !== undefined) return found
  const lower = name.toLowerCase()
  if (attribute.name === 'manager' && lower === 'managerid') return named(subs, 'value')
  if (attribute.name === 'members' && lower === 'displayname') return named(subs, 'display')
  return undefined
}

/** An unknown name is a mistake where the rules are strict, and something to tell otherwise (item 24). */
export function passOver(path: string, { rules, notes }: Reading): void {
  if (rules.unknownInput === 'refuse') throw invalidSyntax(`${shortened(path)} is not an attribute of this resource.`)
  notes.push({ attribute: shortened(path), note: 'no such attribute; it was ignored' })
}

function shortened(path: string): string {
  return path.length > 100 ? `${path.slice(0, 100)}…` : path
}

/** Members with names that differ in more than case (items 21, 22); names that reach object internals are refused (171). */
export function ownMembers(object: Readonly<Record<string, unknown>>, path: string): [string, unknown][] {
  const seen = new Set<string>()
  const members = Object.entries(object)
  for (const [name] of members) {
    const lower = name.toLowerCase()
    const where = path === '' ? 'The body' : path
    if (isReserved(name)) throw invalidSyntax(`${where} has a name that is not allowed.`)
    if (seen.has(lower)) throw invalidSyntax(`${where} has two names that differ only in case.`)
    seen.add(lower)
  }
  return members
}

function readBoolean(value: unknown, path: string, { rules }: Reading): boolean | undefined {
  if (typeof value === 'boolean') return value
  if (rules.stringBooleans && typeof value === 'string') {
    if (/^true$/i.test(value)) return true
    if (/^false$/i.test(value)) return false
  }
  // An empty list says nothing, as null does (item 20).
  if (Array.isArray(value) && value.length === 0) return undefined
  throw invalidValue(`${path} takes true or false.`)
}

function readNumber({ type }: Attribute, value: unknown, path: string): number | undefined {
  if (Array.isArray(value) && value.length === 0) return undefined
  const fits = typeof value === 'number' && (type === 'decimal' ? Number.isFinite(value) : Number.isSafeInteger(value))
  if (!fits) throw invalidValue(`${path} takes ${type === 'integer' ? 'a whole number' : 'a number'}.`)
  return value
}

const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/u
const base64 = /^(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2}(?:==)?|[A-Za-z0-9+/_-]{3}=?)?$/

function readText(attribute: Attribute, value: unknown, path: string, { rules }: Reading): string | undefined {
  if (Array.isArray(value) && value.length === 0) return undefined
  if (typeof value !== 'string') throw invalidValue(`${path} takes a text.`)
  if (value === '' && (rules.emptyStringUnassigns || attribute.type !== 'string')) return undefined
  if (Buffer.byteLength(value) > textMaxBytes) throw invalidValue(`${path} is longer than ${textMaxBytes} bytes.`)
  if (controls.test(value)) throw invalidValue(`${path} has control characters.`)
  if (attribute.type === 'dateTime' && parseInstant(value) === undefined)
    throw invalidValue(`${path} takes a date and time such as 2026-01-31T08:00:00Z.`)
  if (attribute.type === 'binary' && !base64.test(value.replaceAll(/\s/g, '')))
    throw invalidValue(`${path} takes base64.`)
  if (attribute.type === 'reference' && !URL.canParse(value, 'https://base.invalid/'))
    throw invalidValue(`${path} takes a URI.`)
  return value
}

/** The same value of the same type is kept once, and at most one element is primary (items 64, 65). */
export function withoutDoubles(elements: readonly ScimObject[], path: string, reading: Reading): ScimObject[] {
  const seen = new Set<string>()
  let hasPrimary = false
  const kept: ScimObject[] = []
  for (const element of elements) {
    const { value } = element
    const identity = `${textOf(element, 'type')}\n${typeof value === 'string' ? `=${value}` : canonical(value ?? element)}`
    if (seen.has(identity)) continue
    seen.add(identity)
    if (element['primary'] === true && hasPrimary) {
      if (reading.rules.unknownInput === 'refuse') throw invalidValue(`${path} has two primary entries.`)
      reading.notes.push({ attribute: path, note: 'a second primary entry was made an ordinary one' })
      const { primary: _second, ...ordinary } = element
      kept.push(Object.assign(emptyObject(), ordinary))
      continue
    }
    hasPrimary ||= element['primary'] === true
    kept.push(element)
  }
  return kept
}
