import { FilterError, quote } from './filter-error.ts'
import { column, readBareLiteral, readString, skipBlanks, unexpected, type Cursor } from './json-literals.ts'

/** Objects are maps: no key of a client ever becomes a property. */
export type Json = null | boolean | number | string | Json[] | JsonObject
export type JsonObject = Map<string, Json>

/** Names that mean something to JavaScript objects; nobody has a reason to send them. */
export const reservedNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * Reads JSON strictly: `JSON.parse` would keep the last of two equal keys, take `__proto__`, and know no depth.
 *
 * @source contract/security-and-reliability.md, V-D4
 */
export function readJson(text: string, depthMax: number): Json {
  const cursor: Cursor = { text, at: 0 }
  const value = readValue(cursor, depthMax)
  skipBlanks(cursor)
  if (cursor.at < text.length) throw unexpected(cursor, 'the end of the filter')
  return value
}

function readValue(cursor: Cursor, depthLeft: number): Json {
  skipBlanks(cursor)
  const first = cursor.text[cursor.at]
  if (first === '"') return readString(cursor)
  if (first !== '{' && first !== '[') return readBareLiteral(cursor)
  if (depthLeft === 0) throw new FilterError(column(cursor.at), 'the filter is nested too deeply')
  return first === '{' ? readObject(cursor, depthLeft - 1) : readArray(cursor, depthLeft - 1)
}

function readObject(cursor: Cursor, depthLeft: number): JsonObject {
  const object: JsonObject = new Map()
  cursor.at += 1
  if (closes(cursor, '}')) return object
  do {
    const key = readKey(cursor, object)
    skipBlanks(cursor)
    if (cursor.text[cursor.at] !== ':') throw unexpected(cursor, 'a colon')
    cursor.at += 1
    object.set(key, readValue(cursor, depthLeft))
  } while (goesOn(cursor, '}'))
  return object
}

function readArray(cursor: Cursor, depthLeft: number): Json[] {
  const array: Json[] = []
  cursor.at += 1
  if (closes(cursor, ']')) return array
  do {
    array.push(readValue(cursor, depthLeft))
  } while (goesOn(cursor, ']'))
  return array
}

function readKey(cursor: Cursor, object: JsonObject): string {
  skipBlanks(cursor)
  if (cursor.text[cursor.at] !== '"') throw unexpected(cursor, 'a key in double quotes')
  const start = cursor.at
  const key = readString(cursor)
  if (reservedNames.has(key)) throw new FilterError(column(start), `the key ${quote(key)} is not allowed`)
  if (object.has(key)) throw new FilterError(column(start), `the key ${quote(key)} stands twice in one object`)
  return key
}

function closes(cursor: Cursor, bracket: string): boolean {
  skipBlanks(cursor)
  if (cursor.text[cursor.at] !== bracket) return false
  cursor.at += 1
  return true
}

function goesOn(cursor: Cursor, bracket: string): boolean {
  if (closes(cursor, bracket)) return false
  if (cursor.text[cursor.at] !== ',') throw unexpected(cursor, `a comma or ${bracket}`)
  cursor.at += 1
  return true
}
