import { attribute, type Schema } from './attribute.ts'

export const groupUrn = 'urn:ietf:params:scim:schemas:core:2.0:Group'

/** RFC 7643 section 4.2 with errata 5368 (displayName is required) and 6011 (members have a display). */
export const groupSchema: Schema = {
  id: groupUrn,
  name: 'Group',
  description: 'A set of people and of other groups.',
  attributes: [
    attribute('displayName', 'The name of the group, as people read it.', { required: true }),
    attribute('members', 'Who is in the group.', {
      type: 'complex',
      multiValued: true,
      subAttributes: [
        attribute('value', 'The id of the member.', { caseExact: true, mutability: 'immutable' }),
        attribute('$ref', 'Where the member is found.', {
          type: 'reference',
          referenceTypes: ['User', 'Group'],
          mutability: 'immutable',
        }),
        attribute('type', 'User or Group.', { mutability: 'immutable', canonicalValues: ['User', 'Group'] }),
        attribute('display', 'The name of the member.'),
      ],
    }),
  ],
}
