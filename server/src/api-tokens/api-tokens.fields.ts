import { fieldMap } from '../filter/field-map.ts'
import type { ListShape } from '../lists/list-shape.ts'

export const tokenList: ListShape = {
  rules: { sortKeys: ['createdAt', 'displayName'], columns: ['id', 'clientId', 'displayName', 'attributes'] },
  fields: fieldMap({
    id: { type: 'id', column: 'api_tokens.id', unique: true },
    // The Go client asks by the actor's name, the Python client takes the prefix off itself.
    clientId: {
      type: 'id',
      column: 'api_tokens.client_id',
      unique: true,
      normalise: (text) => text.replace(/^service-account-/, ''),
    },
    displayName: { type: 'text', column: 'api_tokens.display_name' },
    createdAt: { type: 'time', column: 'api_tokens.created_at' },
    createdBy: { type: 'text', column: 'api_tokens.created_by' },
  }),
  sorts: { createdAt: 'api_tokens.created_at', displayName: 'api_tokens.display_name' },
  defaultSort: ['-api_tokens.created_at'],
}
