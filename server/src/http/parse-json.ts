import { ApiError } from '../errors/api-error.ts'

export interface JsonLimits {
  readonly depthMax: number
  readonly nodesMax: number
}

const whitespace = /[ \t\r\n]*/y
const stringToken = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const scalarToken = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y

/** Names through which parsed text could reach the inside of an object. */
const forbiddenNames = new Set(['__proto__', 'constructor'])

/**
 * Parses JSON and refuses what JSON.parse lets through: too deep or too many values, a name twice in one object,
 * names that reach object internals, NUL and lone surrogates.
 *
 * @throws invalid_body
 */
export function parseJsonStrictly(text: string, limits: JsonLimits): unknown {
  scan(text, limits)
  return JSON.parse(text)
}

/** A byte order mark stays in the text and is refused there like any other character in front. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The text of a body. JSON is UTF-8 (RFC 8259, 8.1): repaired, a name sent in another encoding would be stored broken.
 *
 * @throws invalid_body
 */
export function decodeUtf8(body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch (error) {
    throw new ApiError('invalid_body', { detail: 'The body is not UTF-8, as JSON must be.', cause: error })
  }
}

/** One pass without recursion: the stack holds the names seen in each open object, or null for an array. */
function scan(text: string, limits: JsonLimits): void {
  const open: (Set<string> | null)[] = []
  let at = 0
  let nodes = 0
  const skip = () => (at = endOf(whitespace, text, at) ?? at)
  const fail = (problem: string): never => {
    throw new ApiError('invalid_body', { detail: `The body is not usable JSON: ${problem} at character ${at}.` })
  }
  const readName = (names: Set<string>): void => {
    skip()
    const name = readString(text, at, fail)
    if (forbiddenNames.has(name.value)) fail(`the name "${name.value}" is not allowed`)
    if (names.has(name.value)) fail('a name appears twice in one object')
    names.add(name.value)
    at = name.end
    skip()
    if (text[at] !== ':') fail('expected ":"')
    at += 1
  }
  for (;;) {
    skip()
    nodes += 1
    if (nodes > limits.nodesMax) fail(`more than ${limits.nodesMax} values`)
    const start = text[at]
    if (start === '{' || start === '[') {
      if (open.length === limits.depthMax) fail(`nested deeper than ${limits.depthMax}`)
      const names = start === '{' ? new Set<string>() : null
      at += 1
      skip()
      if (text[at] === (names === null ? ']' : '}')) {
        at += 1
      } else {
        open.push(names)
        if (names !== null) readName(names)
        continue
      }
    } else if (start === '"') {
      at = readString(text, at, fail).end
    } else {
      at = endOf(scalarToken, text, at) ?? fail('unexpected text')
    }
    if (!closeFinished()) break
  }
  skip()
  if (at !== text.length) fail('text after the end')

  /** After a value: closes what ends here, steps over a comma; false at the end of the document. */
  function closeFinished(): boolean {
    while (open.length > 0) {
      const names = open[open.length - 1]
      skip()
      if (text[at] === ',') {
        at += 1
        if (names !== null && names !== undefined) readName(names)
        return true
      }
      if (text[at] !== (names === null ? ']' : '}')) fail('expected "," or the end of the list')
      at += 1
      open.pop()
    }
    return false
  }
}

function readString(text: string, start: number, fail: (problem: string) => never): { value: string; end: number } {
  const end = endOf(stringToken, text, start) ?? fail('expected a string')
  const raw = text.slice(start, end)
  const value: string = raw.includes('\\') ? JSON.parse(raw) : raw.slice(1, -1)
  if (value.includes('\0') || !value.isWellFormed()) fail('NUL or half a character in a string')
  return { value, end }
}

/** Matches at exactly this place; undefined when it does not. */
function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : undefined
}
