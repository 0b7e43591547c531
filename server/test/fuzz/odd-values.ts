import fc, { type Arbitrary } from 'fast-check'

/** Texts that parsers, databases, logs and browsers have stumbled over. */
export const oddText: Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\u0000',
    'a\u0000b',
    '\ud800',
    '\udc00x',
    '\ufeff',
    '\u202egpj.exe',
    'e\u0301'.repeat(400),
    '😀'.repeat(300),
    'ﬁＡ％İıςΣ',
    "' or 1=1 --",
    '"; drop table users; --',
    '%27%20OR%201=1',
    '../../etc/passwd',
    '%2e%2e%2f',
    '${jndi:ldap://x}',
    '<img src=x onerror=alert(1)>',
    '__proto__',
    'constructor',
    'null',
    'undefined',
    'NaN',
    '$admin',
    '$nobody',
    '%',
    '_',
    '\\',
    '\r\nx-injected: 1',
    'x'.repeat(101),
    'x'.repeat(1_001),
    'x'.repeat(5_000),
    '00000000-0000-0000-0000-000000000000',
    '🏴󠁧󠁢󠁥󠁮󠁧󠁿@example.com',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
)

/** Values of every type, at the edges of what numbers and lists can be. */
const oddValue: Arbitrary<unknown> = fc.oneof(
  oddText,
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e21,
    -0,
    2 ** 31,
    2 ** 53,
    Number.MAX_VALUE,
    [],
    {},
    [[]],
    [null],
    { id: 'x' },
    { $eq: 1 },
    Array.from({ length: 1_100 }, () => 'x'),
  ),
  fc.jsonValue({ maxDepth: 3 }),
)

/** One change of one place inside a value. */
export interface Mutation {
  readonly at: number
  readonly how: 'replace' | 'poison' | 'drop' | 'rename' | 'add' | 'wrap'
  readonly value: unknown
  readonly key: string
  /** Put into a text that would be fine without it. */
  readonly poison: string
}

export const mutation: Arbitrary<Mutation> = fc.record({
  at: fc.nat(40),
  how: fc.oneof(
    { weight: 3, arbitrary: fc.constant('replace' as const) },
    { weight: 4, arbitrary: fc.constant('poison' as const) },
    { weight: 4, arbitrary: fc.constantFrom<Mutation['how']>('drop', 'rename', 'add', 'wrap') },
  ),
  value: oddValue,
  key: fc.oneof(fc.constantFrom('id', 'tenantId', 'constructor', 'toString', ''), oddText),
  poison: fc.constantFrom(
    '\u0000',
    '\ud800',
    '\udc00',
    '\u0001',
    '\u202e',
    '\ufeff',
    "'",
    '%',
    '\\',
    'x'.repeat(5_000),
  ),
})

type Holder = Record<string, unknown> | unknown[]

/** Changes a copy; the place is one of all there are, the whole value among them. */
export function mutate(value: unknown, { at, how, value: other, key, poison }: Mutation): unknown {
  const copy = structuredClone(value)
  const places = placesOf(copy).filter(({ holder, name }) => how !== 'poison' || typeof read(holder, name) === 'string')
  const place = places[at % (places.length + (how === 'poison' ? 0 : 1))]
  if (place === undefined) return how === 'poison' ? copy : how === 'wrap' ? [copy] : other
  const { holder, name } = place
  const old = read(holder, name)
  if (how === 'drop') remove(holder, name)
  else if (how === 'poison') write(holder, name, `${String(old)}${poison}`)
  else if (how === 'rename') {
    remove(holder, name)
    write(holder, key, old)
  } else if (how === 'add') write(holder, key, other)
  else write(holder, name, how === 'wrap' ? [old] : other)
  return copy
}

interface Place {
  readonly holder: Holder
  readonly name: string
}

function placesOf(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return []
  const holder = value as Holder // an object that JSON can write
  return Object.entries(value).flatMap(([name, inner]) => [{ holder, name }, ...placesOf(inner)])
}

function read(holder: Holder, name: string): unknown {
  return Object.entries(holder).find(([key]) => key === name)?.[1]
}

function remove(holder: Holder, name: string): void {
  if (Array.isArray(holder)) holder.splice(Number(name), 1)
  else delete holder[name]
}

function write(holder: Holder, name: string, value: unknown): void {
  Object.defineProperty(holder, Array.isArray(holder) && !/^[0-9]+$/.test(name) ? '0' : name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

/** One change of the text that is sent, after which it is no JSON, or JSON of a kind nobody sends. */
export type RawChange =
  | { readonly how: 'cut'; readonly at: number }
  | { readonly how: 'append'; readonly text: string }
  | { readonly how: 'twice' | 'bytes' | 'deep' | 'wide' | 'large' | 'pollute' | 'escape' }

export const rawChange: Arbitrary<RawChange> = fc.oneof(
  fc.record({ how: fc.constant('cut' as const), at: fc.nat(400) }),
  fc.record({
    how: fc.constant('append' as const),
    text: fc.constantFrom('}', ',', '{}', '\u0000', ' //', 'x', '\ufeff'),
  }),
  fc.record({ how: fc.constantFrom('twice', 'bytes', 'deep', 'wide', 'large', 'pollute', 'escape') }),
)

export function changeRaw(text: string, change: RawChange): Buffer {
  switch (change.how) {
    case 'cut':
      return Buffer.from(text.slice(0, change.at % Math.max(text.length, 1)))
    case 'append':
      return Buffer.from(text + change.text)
    case 'twice':
      return Buffer.from(text.replace('{', '{"name":1,"name":2,'))
    case 'bytes':
      return Buffer.concat([Buffer.from(text.slice(0, -2)), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('"}')])
    case 'deep':
      return Buffer.from('['.repeat(40) + ']'.repeat(40))
    case 'wide':
      return Buffer.from(JSON.stringify(Array.from({ length: 10_001 }, () => 0)))
    case 'large':
      return Buffer.from(JSON.stringify({ description: 'x'.repeat(260 * 1024) }))
    case 'pollute':
      return Buffer.from(text.replace('{', '{"__proto__":{"isAdmin":true},'))
    case 'escape':
      return Buffer.from(text.replace(/[a-z]/, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`))
  }
}
