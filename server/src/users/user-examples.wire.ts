import type { Static } from 'typebox'
import type { UserMinimal, UserRecord } from './users.wire.ts'

/** Invented people of example.com, for the contract page. */
export const userMinimalExample: Static<typeof UserMinimal> = {
  id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13',
  username: 'user01',
  email: 'user01@example.com',
  emailVerified: true,
  enabled: true,
  firstName: 'First',
  lastName: 'Last',
  attributes: { designation: ['Analyst'] },
  createdTimestamp: 1767323045000,
}

export const userExample: UserRecord = {
  ...userMinimalExample,
  workspaceRole: '$member',
  roles: ['default-roles-default', '$member'],
  defaultRoles: ['offline_access', 'uma_authorization', '$guest'],
  decentralizedRoles: [],
  groupCount: 1,
  groups: ['0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f12'],
  persona: ['0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f14'],
  attributes: {
    designation: ['Analyst'],
    invitedAt: ['2026-01-02T03:04:05.000Z'],
    invitedBy: ['admin01'],
    invitedByName: ['Admin One'],
  },
  personas: [
    { id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f14', name: 'base', displayName: 'Base', qualifiedName: 'default/base01' },
  ],
  purposes: [],
  lastLoginTime: null,
  isLocked: false,
  isScimUser: false,
  status: 'Enabled',
  loginEvents: [],
  adminEvents: [],
}
