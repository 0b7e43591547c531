/** A whole number from 0 up to, but not including, the limit. */
export type Random = (limit: number) => number

/** mulberry32: the same numbers for the same seed everywhere. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}

type Mutation = (xml: string, random: Random) => string

const characters = [
  ...'aA0<>&"\'=/ -_.:;#\n\t\u0000\u00e9\u2028'.split(''),
  '<!--',
  '-->',
  '&#x41;',
  '&amp;',
  '<![CDATA[',
  ']]>',
  '<?x?>',
]

const mutations: readonly Mutation[] = [
  // A character changed, taken away or put in.
  (xml, random) => splice(xml, random(xml.length), 1, pick(characters, random)),
  (xml, random) => splice(xml, random(xml.length), 1, ''),
  (xml, random) => splice(xml, random(xml.length), 0, pick(characters, random)),
  (xml, random) => splice(xml, random(xml.length), 1 + random(40), ''),
  // An element doubled, taken away, moved, renamed, wrapped or emptied.
  (xml, random) => inElement(xml, random, (element) => element + element),
  (xml, random) => inElement(xml, random, () => ''),
  (xml, random) => {
    const moved = pick(elementsOf(xml), random)
    const rest = splice(xml, moved.start, moved.text.length, '')
    const places = elementsOf(rest)
    if (places.length === 0) return rest
    const place = pick(places, random)
    return splice(rest, place.start, 0, moved.text)
  },
  (xml, random) => inElement(xml, random, (element) => `<saml:Advice>${element}</saml:Advice>`),
  (xml, random) => inElement(xml, random, (element) => element.replace(/^<[^\s>/]+/, '<saml:Issuer')),
  // A value changed.
  (xml, random) => inValue(xml, random, (value) => `${value} `),
  (xml, random) => inValue(xml, random, () => ''),
  (xml, random) => inValue(xml, random, (value) => value.toUpperCase()),
  (xml, random) => inText(xml, random, (text) => `${text}.evil.example`),
  (xml, random) => inText(xml, random, () => 'admin'),
  (xml, random) => inText(xml, random, (text) => `${text.slice(0, 3)}<!-- -->${text.slice(3)}`),
]

/** One thing about it is different; what, the dice say. */
export function mutate(xml: string, random: Random): string {
  for (;;) {
    const mutant = pick(mutations, random)(xml, random)
    if (mutant !== xml) return mutant
  }
}

function splice(text: string, at: number, length: number, put: string): string {
  return text.slice(0, at) + put + text.slice(at + length)
}

function pick<T>(list: readonly T[], random: Random): T {
  const chosen = list[random(list.length)]
  if (chosen === undefined) throw new Error('nothing to choose from')
  return chosen
}

interface Place {
  readonly start: number
  readonly text: string
}

function elementsOf(xml: string): Place[] {
  return [...xml.matchAll(/<([a-zA-Z:]+)[\s>/]/g)].flatMap((match) => {
    const rest = xml.slice(match.index)
    const alone = /^<[^>]*\/>/.exec(rest)?.[0]
    const end = rest.indexOf(`</${match[1]}>`)
    const text = alone ?? (end === -1 ? '' : rest.slice(0, end + (match[1] ?? '').length + 3))
    return text === '' ? [] : [{ start: match.index, text }]
  })
}

function inElement(xml: string, random: Random, change: (element: string) => string): string {
  const { start, text } = pick(elementsOf(xml), random)
  return splice(xml, start, text.length, change(text))
}

function inValue(xml: string, random: Random, change: (value: string) => string): string {
  const { index, 0: whole, 1: value = '' } = pick([...xml.matchAll(/="([^"]*)"/g)], random)
  return splice(xml, index, whole.length, `="${change(value)}"`)
}

function inText(xml: string, random: Random, change: (text: string) => string): string {
  const { index, 0: whole, 1: text = '' } = pick([...xml.matchAll(/>([^<>]+)</g)], random)
  return splice(xml, index, whole.length, `>${change(text)}<`)
}
