import type { Static } from 'typebox'
import type { GroupCreated, GroupRecord } from './groups.wire.ts'

export const groupExample: Static<typeof GroupRecord> = {
  id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f12',
  name: 'data_science',
  alias: 'Data Science',
  path: '/data_science',
  attributes: { alias: ['Data Science'], createdAt: ['1767323045000'], createdBy: ['admin01'], isDefault: ['false'] },
  roles: [],
  decentralizedRoles: [],
  personas: [],
  purposes: [],
  userCount: 1,
  memberCount: 1,
}

export const groupCreatedExample: Static<typeof GroupCreated> = {
  group: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f12',
  users: { '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13': { status: 200, statusMessage: 'success' } },
}
