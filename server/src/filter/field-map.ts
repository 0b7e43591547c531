import type { Field, FieldMap } from './field.ts'
import { reservedNames } from './read-json.ts'

export interface FieldMapOptions {
  /** Further names of declared fields: alias → name. */
  readonly aliases?: Readonly<Record<string, string>>
  /** Names in any case, as SCIM has them. */
  readonly namesIgnoreCase?: boolean
  /** Fields that cannot be listed, such as `attributes.<name>`. Asked last, with the name as the client wrote it. */
  readonly resolve?: (name: string) => Field | undefined
  /** What `resolve` finds, as people read it: `attributes.<name>`. */
  readonly resolved?: readonly string[]
}

/** What one feature lets clients filter by; made once, when the feature's file is loaded. */
export function fieldMap(fields: Readonly<Record<string, Field>>, options: FieldMapOptions = {}): FieldMap {
  const { aliases = {}, namesIgnoreCase = false, resolve, resolved = [] } = options
  const spelled = (name: string): string => (namesIgnoreCase ? name.toLowerCase() : name)
  const byName = new Map<string, Field>()
  const add = (name: string, field: Field | undefined): void => {
    if (field === undefined || byName.has(spelled(name)))
      throw new Error(`the field map declares ${name} twice, or as an alias of nothing`)
    byName.set(spelled(name), field)
  }
  for (const [name, field] of Object.entries(fields)) add(name, field)
  for (const [alias, name] of Object.entries(aliases)) add(alias, byName.get(spelled(name)))
  return {
    names: [...Object.keys(fields), ...resolved],
    find: (name) => byName.get(spelled(name)) ?? (mayResolve(name) ? resolve?.(name) : undefined),
  }
}

/** @source contract/security-and-reliability.md, V-S11 */
function mayResolve(name: string): boolean {
  return !name.split(/[.:]/).some((part) => reservedNames.has(part))
}
