import fc, { type Arbitrary } from 'fast-check'

/** Stands in a drawn value for something the server has shown under this name; replaced when the request is sent. */
export class Known {
  readonly name: string
  readonly at: number
  /** The collection whose values come first. */
  readonly near: string

  constructor(name: string, at: number, near = '') {
    this.name = name
    this.at = at
    this.near = near
  }
}

const keptMax = 40

/** Half of the draws are of the newest few. */
export const whichKnown: Arbitrary<number> = fc.oneof(fc.nat(2), fc.nat(60))

/** What answers have shown, by collection and key: `groups.id`, and `*.email` of any collection. */
export class KnownValues {
  readonly #pools = new Map<string, string[]>()

  /** Takes over the records of an answer: a list's, a bare array's, or the one. */
  learn(collection: string, json: unknown): void {
    const next = cursorOf(json)
    if (next !== undefined) for (const pool of [collection, '*']) this.#keep(`${pool}.cursor`, next)
    for (const record of recordsOf(json)) {
      for (const [key, value] of Object.entries(record)) {
        if (typeof value !== 'string' || value === '' || value.length > 200) continue
        // What a link carries is sent back by whoever opens it.
        if (URL.canParse(value))
          for (const [part, text] of new URL(value).searchParams) this.#keep(`links.${part}`, text)
        this.#keep(`${collection}.${key}`, value)
        this.#keep(`*.${key}`, value)
      }
    }
  }

  /** A value seen under a name, the newest at 0; undefined while none was. */
  find({ name, at, near }: Known): string | undefined {
    for (const pools of poolNames(name, near)) {
      const values = pools.flatMap((pool) => this.#pools.get(pool) ?? [])
      if (values.length > 0) return values.at(-1 - (at % values.length))
    }
    return undefined
  }

  forget(pool: string, value: string): void {
    const values = this.#pools.get(pool)
    if (values !== undefined) values.splice(0, values.length, ...values.filter((kept) => kept !== value))
  }

  #keep(pool: string, value: string): void {
    const values = this.#pools.get(pool) ?? []
    this.#pools.set(pool, values)
    if (values.includes(value)) return
    values.push(value)
    if (values.length > keptMax) values.shift()
  }
}

function recordsOf(json: unknown): object[] {
  const list = typeof json !== 'object' || json === null || Array.isArray(json) ? json : rowsIn(json)
  return [list].flat().filter((record): record is object => typeof record === 'object' && record !== null)
}

/** Lists of pages hold records, walks by cursor items; anything else is one record. */
function rowsIn(json: object): unknown {
  if ('records' in json) return json.records
  return 'items' in json ? json.items : json
}

function cursorOf(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null || !('nextCursor' in json)) return undefined
  return typeof json.nextCursor === 'string' ? json.nextCursor : undefined
}

/** `transferToUserId`, `role_id` and `users[]` are ids of things; every other name is looked for as it is. */
function poolNames(name: string, near: string): string[][] {
  if (name.includes('.')) return [[name], [`${near}.${name}`, `*.${name}`]]
  // Mappers name their group, and clients their role.
  if (name === 'group') return [['groups.name']]
  // Of all that is called so, links are what is opened by it.
  if (name === 'token') return [['links.token'], ['*.token']]
  if (name === 'role') return [[`${near}.role`, '*.role']]
  const noun = /([A-Za-z][a-z]*)(?:Id|_id)$/.exec(name)?.[1]?.toLowerCase()
  const plural = noun === undefined ? name : `${noun}s`
  return [[`${plural}.id`, `${plural}s.id`], [`${near}.${name}`, `*.${name}`], [`*.${name.replace(/s$/, '')}`]]
}
