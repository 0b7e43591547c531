import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SamlRefusal } from './saml-refusal.ts'
import { expected, idp, values } from './testdata/expectation.ts'
import { mutate, randomFrom, type Random } from './testdata/mutations.ts'
import { toField } from './testdata/test-idp.ts'
import { verifyResponse } from './verify-response.ts'

/** All of them in CI; fewer while one works. A seed makes a run repeatable. */
const count = Number(process.env['SAML_MUTANTS'] ?? '1000')
const seed = Number(process.env['SAML_SEED'] ?? Date.now() % 1_000_000)

async function reading(field: string, signed: 'response_and_assertion' | 'assertion'): Promise<string | undefined> {
  try {
    const { assertion } = await verifyResponse(field, { ...expected, signed })
    return JSON.stringify({ ...assertion, attributes: [...assertion.attributes] })
  } catch (error) {
    if (!(error instanceof SamlRefusal)) throw error
    return undefined
  }
}

test(`V-A1, V-A2: ${count} single-point mutations of a genuine response bring in nothing new (seed ${seed})`, async () => {
  const random = randomFrom(seed)
  const kinds = [
    { signed: 'response_and_assertion', xml: await idp.respondXml(values) },
    { signed: 'assertion', xml: await idp.respondXml(values, { response: false }) },
  ] as const
  const genuine = await Promise.all(kinds.map(({ signed, xml }) => reading(toField(xml), signed)))
  let refused = 0
  for (let index = 0; index < count; index += 1) {
    const which = index % kinds.length
    const { signed, xml } = kinds[which] ?? kinds[0]
    const mutant = mutate(xml, random)
    const read = await reading(toField(mutant), signed)
    if (read === undefined) refused += 1
    else assert.equal(read, genuine[which], `mutant ${index} of seed ${seed} was read as ${read}`)
  }
  // What is left are changes without meaning: blanks between attributes, what a key says of itself.
  assert.ok(refused > count * 0.8, `${refused} of ${count} were refused`)
})

/** Where an IdP must not be wrong by one character, though it signs what it says. */
const fields: readonly RegExp[] = [
  /Destination="([^"]*)"/,
  /Recipient="([^"]*)"/,
  /<saml:Audience>([^<]*)</,
  /<saml:Issuer>([^<]*)</,
  /<saml:Assertion[^>]*><saml:Issuer>([^<]*)</,
  / InResponseTo="([^"]*)"/,
  /<saml:SubjectConfirmationData[^>]* InResponseTo="([^"]*)"/,
  /StatusCode Value="([^"]*)"/,
  /<samlp:Response[^>]* Version="([^"]*)"/,
  /<saml:Assertion[^>]* Version="([^"]*)"/,
  /SubjectConfirmation Method="([^"]*)"/,
]

test(`V-A8: ${Math.ceil(count / 10)} responses signed anew with one field wrong by one character are all refused (seed ${seed})`, async () => {
  const random = randomFrom(seed + 1)
  for (let index = 0; index < count / 10; index += 1) {
    const pattern = fields[index % fields.length] ?? /$^/
    const field = await idp.respond(values, {}, (xml) => wrongByOne(xml, pattern, random))
    assert.equal(await reading(field, 'response_and_assertion'), undefined, `${pattern} of seed ${seed}`)
  }
})

function wrongByOne(xml: string, pattern: RegExp, random: Random): string {
  const found = pattern.exec(xml)
  assert.ok(found?.[1], `${pattern} is not in the response`)
  const start = found.index + found[0].lastIndexOf(found[1])
  const at = start + random(found[1].length)
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'
  const others = letters.split('').filter((letter) => letter !== xml[at])
  const put = others[random(others.length)] ?? 'a'
  return (
    [
      xml.slice(0, at) + put + xml.slice(at + 1),
      xml.slice(0, at) + xml.slice(at + 1),
      xml.slice(0, at) + put + xml.slice(at),
    ][random(3)] ?? xml
  )
}
