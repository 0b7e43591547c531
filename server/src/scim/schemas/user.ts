import { attribute, plural, type Schema } from './attribute.ts'

export const userUrn = 'urn:ietf:params:scim:schemas:core:2.0:User'

const name = attribute('name', 'The parts of the name.', {
  type: 'complex',
  subAttributes: [
    attribute('formatted', 'The whole name, ready to be shown.'),
    attribute('familyName', 'The family name; the last name in Muster.'),
    attribute('givenName', 'The given name; the first name in Muster.'),
    attribute('middleName', 'The middle names.'),
    attribute('honorificPrefix', 'What stands before the name, such as a title.'),
    attribute('honorificSuffix', 'What stands after the name.'),
  ],
})

const addresses = attribute('addresses', 'Postal addresses.', {
  type: 'complex',
  multiValued: true,
  subAttributes: [
    attribute('formatted', 'The whole address; may have line breaks.'),
    attribute('streetAddress', 'Street, house number, box.'),
    attribute('locality', 'The town.'),
    attribute('region', 'The region or state.'),
    attribute('postalCode', 'The postal code.'),
    attribute('country', 'The country; two letters of ISO 3166-1 where read strictly.'),
    attribute('type', 'What kind of address it is.', { canonicalValues: ['work', 'home', 'other'] }),
    attribute('primary', 'Whether this is the preferred address; true at most once.', { type: 'boolean' }),
  ],
})

const groups = attribute('groups', 'Groups the user is in, directly or through other groups.', {
  type: 'complex',
  multiValued: true,
  mutability: 'readOnly',
  subAttributes: [
    attribute('value', 'The id of the group.', { caseExact: true, mutability: 'readOnly' }),
    attribute('$ref', 'Where the group is found.', {
      type: 'reference',
      referenceTypes: ['Group'],
      mutability: 'readOnly',
    }),
    attribute('display', 'The name of the group.', { mutability: 'readOnly' }),
    attribute('type', 'direct, or indirect through another group.', {
      mutability: 'readOnly',
      canonicalValues: ['direct', 'indirect'],
    }),
  ],
})

const phoneTypes = ['work', 'home', 'mobile', 'fax', 'pager', 'other']
const imTypes = ['aim', 'gtalk', 'icq', 'xmpp', 'msn', 'skype', 'qq', 'yahoo']

/** RFC 7643 section 4.1, with `password` left out: section 69 of the contract adds it where a tenant asks for it. */
export const userSchema: Schema = {
  id: userUrn,
  name: 'User',
  description: 'A person of this workspace.',
  attributes: [
    attribute('userName', 'The sign-in name, unique in the workspace.', { required: true, uniqueness: 'server' }),
    name,
    attribute('displayName', 'The name shown to others.'),
    attribute('nickName', 'What the person is called in everyday life.'),
    attribute('profileUrl', 'A page about the person.', { type: 'reference', referenceTypes: ['external'] }),
    attribute('title', 'The job title; the designation in Muster.'),
    attribute('userType', 'How the organisation calls the relationship, such as Contractor.'),
    attribute('preferredLanguage', 'The preferred languages, as in Accept-Language.'),
    attribute('locale', 'How dates and numbers are written for the person, such as en-US.'),
    attribute('timezone', 'The time zone by its IANA name.'),
    attribute('active', 'Whether the person may sign in.', { type: 'boolean' }),
    plural('emails', 'E-mail addresses; the primary one is the address in Muster.', {
      types: ['work', 'home', 'other'],
    }),
    plural('phoneNumbers', 'Telephone numbers.', { types: phoneTypes }),
    plural('ims', 'Addresses of instant messengers.', { types: imTypes }),
    plural('photos', 'Pictures of the person.', {
      types: ['photo', 'thumbnail'],
      value: { type: 'reference', referenceTypes: ['external'], caseExact: true },
    }),
    addresses,
    groups,
    plural('entitlements', 'What the person is entitled to.'),
    plural('roles', 'Roles of the person; a mapping in the SSO settings makes workspace roles of them.'),
    plural('x509Certificates', 'Certificates of the person.', { value: { type: 'binary', caseExact: true } }),
  ],
}

export const password = attribute('password', 'A password, never shown again.', {
  mutability: 'writeOnly',
  returned: 'never',
  caseExact: true,
})
