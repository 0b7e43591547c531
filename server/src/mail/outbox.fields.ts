import { fieldMap } from '../filter/field-map.ts'
import type { ListShape } from '../lists/list-shape.ts'

export const outboxList: ListShape = {
  rules: {
    isWalked: true,
    sortKeys: ['createdAt'],
    columns: [
      'id',
      'kind',
      'subjectId',
      'to',
      'state',
      'attempts',
      'nextAttemptAt',
      'lastError',
      'createdAt',
      'settledAt',
      'link',
      'payload',
    ],
  },
  fields: fieldMap({
    id: { type: 'id', column: 'outbox.id', unique: true },
    kind: { type: 'text', column: 'outbox.kind' },
    subjectId: { type: 'id', column: 'outbox.subject_id' },
    state: { type: 'text', column: 'outbox.state' },
    createdAt: { type: 'time', column: 'outbox.created_at' },
  }),
  sorts: { createdAt: 'outbox.created_at' },
  defaultSort: ['-outbox.created_at'],
}
