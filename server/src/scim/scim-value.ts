/** A JSON value as SCIM knows it: no null, which is the same as absence (item 20). */
export type ScimValue = string | number | boolean | ScimObject | readonly ScimValue[]

/** Without a prototype, with names from the schemas and nowhere else. */
export interface ScimObject {
  [name: string]: ScimValue
}

export function emptyObject(): ScimObject {
  return Object.create(null)
}

export function isObject(value: unknown): value is ScimObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A list of elements; what is none is an empty one. */
export function elementsOf(value: ScimValue | undefined): readonly ScimObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

export function textOf(object: ScimObject | undefined, name: string): string {
  const value = object?.[name]
  return typeof value === 'string' ? value : ''
}

export function childOf(object: ScimObject, name: string): ScimObject | undefined {
  const value = object[name]
  return isObject(value) ? value : undefined
}

/** Equal in content, whatever the order of members; lists keep theirs. */
export function isSame(a: ScimValue | undefined, b: ScimValue | undefined): boolean {
  return canonical(a) === canonical(b)
}

export function canonical(value: ScimValue | undefined): string {
  if (value === undefined) return ''
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const names = Object.keys(value).toSorted()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`
}

/** A copy that can be changed without changing what it was made from. */
export function copyOf<T extends ScimValue>(value: T): T {
  if (Array.isArray(value)) return value.map((element: ScimValue) => copyOf(element)) as readonly ScimValue[] as T // keeps its shape
  if (!isObject(value)) return value
  const copy = emptyObject()
  for (const [name, member] of Object.entries(value)) copy[name] = copyOf(member)
  return copy as T // keeps its shape
}
