import { isObject } from './scim-value.ts'

/** A reference to a resource that the same request makes. */
const reference = /bulkId:([A-Za-z0-9_.~-]{1,100})/g

/** The bulkIds a value mentions, in names of members, paths and filters too (item 180). */
export function mentioned(value: unknown): Set<string> {
  const found = new Set<string>()
  walk(value, (text) => {
    for (const match of text.matchAll(reference)) if (match[1] !== undefined) found.add(match[1])
  })
  return found
}

function walk(value: unknown, visit: (text: string) => void): void {
  if (typeof value === 'string') visit(value)
  else if (Array.isArray(value)) for (const element of value) walk(element, visit)
  else if (isObject(value)) for (const member of Object.values(value)) walk(member, visit)
}

/** The value with ids in place of the bulkIds that are known. */
export function resolved(value: unknown, ids: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return value.replaceAll(reference, (whole, bulkId: string) => ids.get(bulkId) ?? whole)
  if (Array.isArray(value)) return value.map((element) => resolved(element, ids))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, resolved(member, ids)]))
}

/** A value without what mentions one of these bulkIds; the parts left out are to be added once they exist. */
export function without(value: unknown, unknown: ReadonlySet<string>): unknown {
  if (Array.isArray(value))
    return value.filter((element) => !mentionsAny(element, unknown)).map((element) => without(element, unknown))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => !(typeof member === 'string' && mentionsAny(member, unknown)))
      .map(([name, member]): [string, unknown] => [name, without(member, unknown)])
      .filter(([, member]) => !(isObject(member) && Object.keys(member).length === 0)),
  )
}

function mentionsAny(value: unknown, bulkIds: ReadonlySet<string>): boolean {
  return !mentioned(value).isDisjointFrom(bulkIds)
}
