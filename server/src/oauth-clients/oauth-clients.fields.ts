import { sql } from 'kysely'
import type { DerivedField } from '../filter/field.ts'
import { fieldMap } from '../filter/field-map.ts'
import { valueTermMatches } from '../filter/filter-memory.ts'
import { valueTermToSql } from '../filter/filter-sql.ts'
import type { ListShape } from '../lists/list-shape.ts'

const roleName = sql.raw(
  '(select r.name from roles r where r.tenant_id = oauth_clients.tenant_id and r.id = oauth_clients.role_id)',
)

/** Roles are kept by id and named by name. */
const role: DerivedField = {
  type: 'derived',
  values: 'text',
  toSql: (term, dialect) => valueTermToSql(asValueTerm(term), roleName, dialect),
  matches: (term, row) => valueTermMatches(asValueTerm(term), String(row['roles.name'])),
}

function asValueTerm(term: Parameters<DerivedField['toSql']>[0]) {
  if (term.kind === 'valuePath') throw new Error('a role has no sub-attributes')
  return term
}

export const oauthClientList: ListShape = {
  rules: {
    sortKeys: ['createdAt', 'displayName'],
    columns: [
      'id',
      'clientId',
      'displayName',
      'description',
      'role',
      'personaQNs',
      'tokenExpirySeconds',
      'createdAt',
      'createdBy',
      'updatedAt',
      'updatedBy',
    ],
  },
  fields: fieldMap({
    id: { type: 'id', column: 'oauth_clients.id' },
    clientId: { type: 'id', column: 'oauth_clients.client_id' },
    displayName: { type: 'text', column: 'oauth_clients.display_name' },
    description: { type: 'text', column: 'oauth_clients.description' },
    role,
    createdAt: { type: 'time', column: 'oauth_clients.created_at' },
    createdBy: { type: 'text', column: 'oauth_clients.created_by' },
    updatedAt: { type: 'time', column: 'oauth_clients.updated_at', zeroIsNull: true },
    updatedBy: { type: 'text', column: 'oauth_clients.updated_by' },
  }),
  sorts: { createdAt: 'oauth_clients.created_at', displayName: 'oauth_clients.display_name' },
  defaultSort: ['oauth_clients.created_at'],
}
