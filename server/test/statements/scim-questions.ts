export const userUrn = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const groupUrn = 'urn:ietf:params:scim:schemas:core:2.0:Group'
const enterpriseUrn = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

/** Somebody of whom every kind of value is known. */
export function wholeUser(name: string, manager: string): object {
  return {
    schemas: [userUrn, enterpriseUrn],
    userName: name,
    externalId: `ext-${name}`,
    name: { givenName: `Given ${name}`, familyName: `Family ${name}`, middleName: `Middle ${name}` },
    displayName: `Shown ${name}`,
    nickName: `Nick ${name}`,
    title: `Title ${name}`,
    emails: [
      { value: `${name}@example.com`, type: 'work', primary: true },
      { value: `${name}@home.example`, type: 'home' },
    ],
    phoneNumbers: [{ value: '+1 555 0100', type: 'work' }],
    addresses: [{ locality: `Town ${name}`, type: 'work' }],
    [enterpriseUrn]: { department: `Dept ${name}`, manager: { value: manager } },
  }
}

/** One filter for each way to ask. */
export function userFilters(name: string, id: string, manager: string, group: string): readonly string[] {
  return [
    `externalId eq "ext-${name}"`,
    `displayName eq "Shown ${name}"`,
    `displayName co "${name}"`,
    `nickName eq "Nick ${name}"`,
    `title eq "Title ${name}"`,
    `name.middleName eq "Middle ${name}"`,
    `name.middleName pr`,
    'name pr',
    `emails eq "${name}@home.example"`,
    `emails.value co "${name}"`,
    ...['home', 'work'].map((type) => `emails.type eq "${type}"`),
    `emails[type eq "home" and value ew "home.example"]`,
    `emails[type eq "work"] and userName eq "${name}"`,
    `phoneNumbers.value eq "+1 555 0100"`,
    `addresses.locality eq "Town ${name}"`,
    `${enterpriseUrn}:department eq "Dept ${name}"`,
    `${enterpriseUrn}:manager eq "${manager}"`,
    `${enterpriseUrn}:manager.value eq "${manager}"`,
    `schemas eq "${enterpriseUrn}"`,
    `id eq "${id}"`,
    'active pr',
    'active eq true',
    'active eq false',
    'active ne false',
    `groups.value eq "${group}"`,
    `groups.display sw "inner"`,
    `groups.type eq "indirect"`,
    `groups[type eq "indirect" and value eq "${group}"]`,
    `not (groups.value eq "${group}")`,
  ]
}

export function groupFilters(name: string, user: string, inner: string): readonly string[] {
  return [
    `externalId eq "ext-${name}"`,
    `displayName co "${name}"`,
    `members.value eq "${user}"`,
    `members.value eq "${inner}"`,
    `members.value ne "${user}"`,
    `members eq "${user}"`,
    `members.type eq "Group"`,
    `members.display co "Shown"`,
    `members.display co "inner"`,
    `members[value eq "${inner}" and type eq "Group"]`,
    `members[value eq "${user}"]`,
    'members pr',
  ]
}
