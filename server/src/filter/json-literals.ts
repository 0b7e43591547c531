import { FilterError, quote } from './filter-error.ts'

/** A text and how far it has been read. */
export interface Cursor {
  readonly text: string
  at: number
}

export function column(at: number): string {
  return `column ${at + 1}`
}

export function skipBlanks(cursor: Cursor): void {
  while (isBlank(cursor.text.charCodeAt(cursor.at))) cursor.at += 1
}

/** Reads a JSON text from its opening quote on. */
export function readString(cursor: Cursor): string {
  const start = cursor.at
  const end = closingQuote(cursor.text, start)
  const raw = cursor.text.slice(start, end + 1)
  cursor.at = end + 1
  const value = raw.includes('\\') ? unescape(raw, start) : raw.slice(1, -1)
  // Neither can be stored, and each database would understand it in its own way.
  if (value.includes('\0') || !value.isWellFormed()) {
    throw new FilterError(column(start), 'a text may hold neither NUL nor half a surrogate pair')
  }
  return value
}

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])/y
const wordPattern = /[\w$][\w$.:-]*/y

/** Reads a number, `true`, `false` or `null`. */
export function readBareLiteral(cursor: Cursor): number | boolean | null {
  const value = takeBareLiteral(cursor)
  if (value === undefined) throw unexpected(cursor, 'a text in double quotes, a number, true, false or null')
  return value
}

/** The same, but stays where it is when there is none. */
export function takeBareLiteral(cursor: Cursor): number | boolean | null | undefined {
  numberPattern.lastIndex = cursor.at
  const number = numberPattern.exec(cursor.text)
  if (number !== null) return readNumber(cursor, number[0])
  const word = peekWord(cursor)
  const value = bareWords.get(word)
  if (value !== undefined) cursor.at += word.length
  return value
}

/** The run of name characters that begins here, or nothing. */
export function peekWord(cursor: Cursor): string {
  wordPattern.lastIndex = cursor.at
  return wordPattern.exec(cursor.text)?.[0] ?? ''
}

export function unexpected(cursor: Cursor, expected: string): FilterError {
  if (cursor.at >= cursor.text.length)
    return new FilterError(column(cursor.at), `the filter ends where ${expected} should be`)
  const found = peekWord(cursor) || String.fromCodePoint(cursor.text.codePointAt(cursor.at) ?? 0)
  return new FilterError(column(cursor.at), `${quote(found)} stands where ${expected} should be`)
}

const bareWords = new Map<string, boolean | null>([
  ['true', true],
  ['false', false],
  ['null', null],
])

function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x09 || unit === 0x0a || unit === 0x0d
}

function closingQuote(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit === 0x22) return at
    if (unit === 0x5c) at += 1
    else if (unit < 0x20) throw new FilterError(column(at), 'a control character in a text must be escaped')
  }
  throw new FilterError(column(start), 'a text has no closing quote')
}

function unescape(raw: string, start: number): string {
  try {
    return String(JSON.parse(raw))
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new FilterError(column(start), 'a text holds an escape that JSON does not know')
  }
}

function readNumber(cursor: Cursor, digits: string): number {
  const value = Number(digits)
  if (!Number.isFinite(value)) throw new FilterError(column(cursor.at), 'a number is too large')
  cursor.at += digits.length
  return value
}
