import { invalidValue } from '../scim-error.ts'
import type { ScimSession } from '../scim-session.ts'
import { elementsOf, textOf, type ScimObject } from '../scim-value.ts'

const userNameMax = 256
const controls = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u

/**
 * What a whole user must be like, after a write or the last operation of a PATCH.
 *
 * @throws ScimError invalidValue
 * @source contract/scim.md 58, 68, 71, 167
 */
export function requireUserRules(resource: ScimObject, { rules }: ScimSession): void {
  const userName = textOf(resource, 'userName')
  if (userName.trim() === '') throw invalidValue('userName is required.')
  if ([...userName].length > userNameMax) throw invalidValue(`userName has at most ${userNameMax} characters.`)
  if (controls.test(userName) || !userName.isWellFormed()) throw invalidValue('userName has control characters.')
  for (const field of ['givenName', 'familyName'] as const) {
    const name = resource['name']
    const text = typeof name === 'object' && !Array.isArray(name) ? textOf(name as ScimObject, field) : ''
    if (controls.test(text)) throw invalidValue(`name.${field} has control characters.`)
  }
  if (rules.unknownInput !== 'refuse') return
  for (const address of elementsOf(resource['addresses'])) {
    const country = textOf(address, 'country')
    if (country !== '' && !/^[A-Za-z]{2}$/.test(country))
      throw invalidValue('addresses.country takes two letters of ISO 3166-1.')
  }
}
