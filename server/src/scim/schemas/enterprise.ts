import { attribute, type Schema } from './attribute.ts'

export const enterpriseUrn = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

/** RFC 7643 section 4.3, with erratum 8472: the id of a manager compares exactly. */
export const enterpriseSchema: Schema = {
  id: enterpriseUrn,
  name: 'EnterpriseUser',
  description: 'What organisations know of their people.',
  attributes: [
    attribute('employeeNumber', 'The number of the person in the organisation.'),
    attribute('costCenter', 'The cost centre.'),
    attribute('organization', 'The organisation.'),
    attribute('division', 'The division.'),
    attribute('department', 'The department.'),
    attribute('manager', 'Whom the person reports to.', {
      type: 'complex',
      subAttributes: [
        attribute('value', 'The id of the manager.', { caseExact: true }),
        attribute('$ref', 'Where the manager is found.', { type: 'reference', referenceTypes: ['User'] }),
        attribute('displayName', 'The name of the manager.', { mutability: 'readOnly' }),
      ],
    }),
  ],
}
