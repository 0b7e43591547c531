/** Numbers from 0 up to, not including, 1. */
export type Random = () => number

/** The same numbers for the same seed (mulberry32), so that two runs are asked the same things. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function below(random: Random, end: number): number {
  return Math.floor(random() * end)
}

/** @param items not empty */
export function oneOf<T>(random: Random, items: readonly T[]): T {
  const item = items[below(random, items.length)]
  if (item === undefined) throw new Error('nothing to choose from')
  return item
}

/** Distinct whole numbers below `end`; small ones come up more often, as a few groups hold most people. */
export function fewBelow(random: Random, count: number, end: number): number[] {
  const chosen = new Set<number>()
  while (chosen.size < Math.min(count, end)) chosen.add(Math.floor(random() ** 1.5 * end))
  return [...chosen]
}

/** A UUID of version 7: ids of one kind ascend with the index, as those of a living directory do. */
export function orderedId(random: Random, time: number): string {
  const hex = (digits: number) =>
    below(random, 16 ** digits)
      .toString(16)
      .padStart(digits, '0')
  const stamp = time.toString(16).padStart(12, '0')
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7${hex(3)}-${oneOf(random, ['8', '9', 'a', 'b'])}${hex(3)}-${hex(6)}${hex(6)}`
}
