import { hash } from 'node:crypto'
import { toKey } from '../../db/normal-key.ts'
import { parseEmailAddress } from '../../text/email-address.ts'
import { enterpriseUrn } from '../schemas/enterprise.ts'
import type { Attribute } from '../schemas/attribute.ts'
import type { ResourceType } from '../schemas/registry.ts'
import { childOf, elementsOf, emptyObject, isObject, textOf, type ScimObject } from '../scim-value.ts'

/** A resource taken apart: what the directory keeps in columns, and what SCIM keeps beside it. */
export interface UserRecord {
  readonly username: string
  /** Canonical; empty when no address is usable. */
  readonly email: string
  readonly firstName: string
  readonly lastName: string
  readonly title: string
  /** Undefined when `active` is unassigned. */
  readonly active: boolean | undefined
  readonly externalId: string
  readonly displayName: string
  readonly hasEmails: boolean
  readonly document: ScimObject
}

/** Attributes with a column of their own, or made from other records. */
const elsewhere = new Set([
  'schemas',
  'id',
  'meta',
  'externalId',
  'userName',
  'displayName',
  'title',
  'active',
  'groups',
  'password',
])

/** @source contract/scim.md 4.1 */
export function toUserRecord(resource: ScimObject): UserRecord {
  const { givenName: _first, familyName: _last, ...otherNames } = childOf(resource, 'name') ?? emptyObject()
  const document = emptyObject()
  for (const [name, value] of Object.entries(resource))
    if (!elsewhere.has(name) && name !== 'name') document[name] = name === enterpriseUrn ? withoutShown(value) : value
  if (Object.keys(otherNames).length > 0) document['name'] = Object.assign(emptyObject(), otherNames)
  const name = childOf(resource, 'name')
  const { active } = resource
  return {
    username: textOf(resource, 'userName'),
    email: addressOf(resource),
    firstName: textOf(name, 'givenName'),
    lastName: textOf(name, 'familyName'),
    title: textOf(resource, 'title'),
    active: typeof active === 'boolean' ? active : undefined,
    externalId: textOf(resource, 'externalId'),
    displayName: textOf(resource, 'displayName'),
    hasEmails: elementsOf(resource['emails']).length > 0,
    document,
  }
}

/** What is filled in from the manager's record is not kept; who is named by a reference alone is named by its id. */
export function withoutShown(value: unknown): ScimObject {
  const enterprise = Object.assign(emptyObject(), isObject(value) ? value : {})
  const manager = childOf(enterprise, 'manager')
  if (manager === undefined) return enterprise
  const { displayName: _shown, $ref, ...kept } = manager
  const id = typeof $ref === 'string' ? $ref.slice($ref.lastIndexOf('/') + 1) : ''
  if (kept['value'] === undefined && id !== '') kept['value'] = id
  if (Object.keys(kept).length === 0) delete enterprise['manager']
  else enterprise['manager'] = Object.assign(emptyObject(), kept)
  return enterprise
}

/** The primary address, else one for work, else the first; what is no address is passed over. Without any, a userName that is one. */
function addressOf(resource: ScimObject): string {
  const emails = elementsOf(resource['emails'])
  const ranked = [
    ...emails.filter((email) => email['primary'] === true),
    ...emails.filter((email) => textOf(email, 'type').toLowerCase() === 'work'),
    ...emails,
  ]
  const candidates =
    emails.length === 0 ? [textOf(resource, 'userName')] : ranked.map((email) => textOf(email, 'value'))
  for (const candidate of candidates) {
    const address = parseEmailAddress(candidate)
    if (address !== undefined) return address
  }
  return ''
}

/** One row that filters look for. */
export interface ValueRow {
  readonly attribute: string
  readonly ordinal: number
  readonly valueKey: string
  readonly typeKey: string
  readonly isPrimary: boolean
  readonly keys: string
}

/** The rows of everything in a document that has no column. contract/scim.md 9.1 */
export function toValueRows(document: ScimObject, type: ResourceType): ValueRow[] {
  const rows: ValueRow[] = rowsOf(document, type.schema.attributes, '')
  for (const extension of type.extensions) {
    const data = childOf(document, extension.id)
    if (data === undefined) continue
    rows.push(
      plainRow('schemas', extension.id.toLowerCase()),
      ...rowsOf(data, extension.attributes, `${extension.id}:`),
    )
  }
  return rows
}

function rowsOf(object: ScimObject, attributes: readonly Attribute[], prefix: string): ValueRow[] {
  return attributes.flatMap((attribute) => {
    const value = object[attribute.name]
    const path = `${prefix}${attribute.name}`
    if (value === undefined) return []
    if (attribute.multiValued)
      return elementsOf(value).map((element, index) => elementRow(path, element, attribute, index))
    if (isObject(value)) {
      const subs = attribute.subAttributes ?? []
      return Object.entries(value).flatMap(([name, member]) => {
        const sub = subs.find((candidate) => candidate.name === name)
        return sub === undefined || typeof member === 'object'
          ? []
          : [plainRow(`${path}.${name}`, fold(String(member), sub))]
      })
    }
    return typeof value === 'object' ? [] : [plainRow(path, fold(String(value), attribute))]
  })
}

function plainRow(attribute: string, valueKey: string): ValueRow {
  return { attribute, ordinal: 0, valueKey, typeKey: '', isPrimary: false, keys: '{}' }
}

function elementRow(path: string, element: ScimObject, attribute: Attribute, ordinal: number): ValueRow {
  const keys: Record<string, string> = {}
  let valueKey = ''
  for (const sub of attribute.subAttributes ?? []) {
    const member = element[sub.name]
    if (member === undefined || typeof member === 'object' || sub.name === 'type' || sub.name === 'primary') continue
    if (sub.name === 'value') valueKey = fold(String(member), sub)
    else keys[sub.name] = fold(String(member), sub)
  }
  return {
    attribute: path,
    ordinal,
    valueKey,
    typeKey: toKey(textOf(element, 'type')),
    isPrimary: element['primary'] === true,
    keys: JSON.stringify(keys),
  }
}

/** Folded as the uniqueness index folds, unless case counts (item 96). */
function fold(text: string, { caseExact }: Pick<Attribute, 'caseExact'>): string {
  return shortened(caseExact ? text : toKey(text))
}

const keyMax = 500

/** PostgreSQL's indexes take short keys only: a long one, such as a certificate, is its beginning and its hash. */
export function shortened(key: string): string {
  return key.length <= keyMax ? key : `${key.slice(0, keyMax - 50)}#${hash('sha256', key, 'base64url')}`
}
