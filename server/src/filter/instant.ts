const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/

/**
 * Reads an RFC 3339 instant as epoch ms; what is finer than a millisecond is cut off, as it is in every stored time.
 * `undefined` for anything else, 30 February included.
 */
export function parseInstant(text: string): number | undefined {
  const match = rfc3339.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number)
  const ms = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'))
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  // A leap second counts as the first moment of the next minute.
  if (!isDay || hour > 23 || minute > 59 || second > 60) return undefined
  const offset = offsetMs(match[8] ?? '+', Number(match[9] ?? 0), Number(match[10] ?? 0))
  return offset === undefined ? undefined : date.setUTCHours(hour, minute, second, ms) - offset
}

function offsetMs(sign: string, hours: number, minutes: number): number | undefined {
  if (hours > 23 || minutes > 59) return undefined
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000
}
