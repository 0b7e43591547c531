import { fieldMap } from '../filter/field-map.ts'
import type { ListShape } from '../lists/list-shape.ts'

export const invitationList: ListShape = {
  rules: {
    isWalked: true,
    sortKeys: ['createdAt', 'expiresAt', 'email'],
    columns: [
      'id',
      'userId',
      'email',
      'role',
      'state',
      'inviterName',
      'createdAt',
      'expiresAt',
      'lastSentAt',
      'acceptedAt',
      'revokedAt',
    ],
  },
  fields: fieldMap({
    id: { type: 'id', column: 'invitations.id', unique: true },
    userId: { type: 'id', column: 'invitations.user_id' },
    email: { type: 'text', column: 'invitations.email' },
    createdAt: { type: 'time', column: 'invitations.created_at' },
    expiresAt: { type: 'time', column: 'invitations.expires_at' },
    acceptedAt: { type: 'time', column: 'invitations.accepted_at', zeroIsNull: true },
    revokedAt: { type: 'time', column: 'invitations.revoked_at', zeroIsNull: true },
  }),
  sorts: { createdAt: 'invitations.created_at', expiresAt: 'invitations.expires_at', email: 'invitations.email' },
  defaultSort: ['-invitations.created_at'],
}
