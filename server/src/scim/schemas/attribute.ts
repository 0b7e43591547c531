/** One attribute of a published schema, and thereby everything the engine knows of it. RFC 7643 sections 2 and 7. */
export interface Attribute {
  readonly name: string
  readonly type: 'string' | 'boolean' | 'decimal' | 'integer' | 'dateTime' | 'binary' | 'reference' | 'complex'
  readonly multiValued: boolean
  readonly description: string
  readonly required: boolean
  readonly caseExact: boolean
  readonly mutability: 'readOnly' | 'readWrite' | 'immutable' | 'writeOnly'
  readonly returned: 'always' | 'never' | 'default' | 'request'
  readonly uniqueness: 'none' | 'server' | 'global'
  readonly canonicalValues?: readonly string[]
  readonly referenceTypes?: readonly string[]
  readonly subAttributes?: readonly Attribute[]
}

export interface Schema {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly attributes: readonly Attribute[]
}

type Rest = Partial<Omit<Attribute, 'name' | 'description'>>

/** An attribute with the RFC's defaults (43§2.2) where nothing else is said. */
export function attribute(name: string, description: string, rest: Rest = {}): Attribute {
  return {
    name,
    type: 'string',
    multiValued: false,
    description,
    required: false,
    caseExact: rest.type === 'reference' || rest.type === 'binary',
    mutability: 'readWrite',
    returned: 'default',
    uniqueness: 'none',
    ...rest,
  }
}

/** A complex multi-valued attribute with the usual sub-attributes (43§2.4). */
export function plural(
  name: string,
  description: string,
  { types, value = {}, more = [], ...rest }: Rest & PluralOptions = {},
): Attribute {
  return attribute(name, description, {
    ...rest,
    type: 'complex',
    multiValued: true,
    subAttributes: [
      attribute('value', `The value of an entry of ${name}.`, value),
      ...more,
      attribute('display', 'A name for people to read.'),
      attribute('type', 'What kind of entry it is.', types === undefined ? {} : { canonicalValues: types }),
      attribute('primary', 'Whether this is the preferred entry; true at most once.', { type: 'boolean' }),
    ],
  })
}

interface PluralOptions {
  readonly types?: readonly string[]
  readonly value?: Rest
  readonly more?: readonly Attribute[]
}

/** What an entry of a multi-valued attribute means when no sub-attribute is named. */
export function subAttribute({ subAttributes = [] }: Attribute, name: string): Attribute | undefined {
  const wanted = name.toLowerCase()
  return subAttributes.find((candidate) => candidate.name.toLowerCase() === wanted)
}
