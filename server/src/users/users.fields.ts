import { sql, type SqlBool } from 'kysely'
import type { DialectName } from '../db/db.ts'
import { toKey } from '../db/normal-key.ts'
import { asValueTerm, computedField } from '../filter/computed-field.ts'
import type { DerivedField, Field, ValueTerm } from '../filter/field.ts'
import { fieldMap } from '../filter/field-map.ts'
import { valueTermMatches } from '../filter/filter-memory.ts'
import { valueTermToSql } from '../filter/filter-sql.ts'
import { jsonAttribute } from '../lists/json-attribute.ts'
import type { ListShape } from '../lists/list-shape.ts'
import { presentRoleSql, presentSubRolesSql } from '../user-roles/present-role-rules.ts'
import { holdsIfBoundSql } from './user-time-rules.ts'

/** Every key of a user's record, in its order. */
export const userColumns = [
  'id',
  'username',
  'email',
  'emailVerified',
  'enabled',
  'firstName',
  'lastName',
  'workspaceRole',
  'roles',
  'defaultRoles',
  'decentralizedRoles',
  'groupCount',
  'groups',
  'persona',
  'attributes',
  'personas',
  'purposes',
  'createdTimestamp',
  'lastLoginTime',
  'isLocked',
  'isScimUser',
  'status',
  'loginEvents',
  'adminEvents',
] as const

/** Those that memberships, and personas and purposes held, show in. */
export const linkColumns: ReadonlySet<string> = new Set(['groupCount', 'groups', 'persona', 'personas', 'purposes'])

/** What members may see of others (contract/security-and-reliability.md, 5.2: directory fields). */
export const directoryColumns: ReadonlySet<string> = new Set([
  'id',
  'username',
  'email',
  'enabled',
  'firstName',
  'lastName',
  'workspaceRole',
  'roles',
  'groupCount',
  'groups',
  'persona',
  'attributes',
  'personas',
  'purposes',
  'createdTimestamp',
  'status',
])

/** Of the attributes, those that people fill in about themselves; the others tell who invited whom. */
export const directoryAttributes: ReadonlySet<string> = new Set([
  'designation',
  'skills',
  'slack',
  'jira',
  'profileRole',
  'profileRoleOther',
])

/** Membership in a set kept in another table; `ne` says that no element is this one, so that it stays the complement of `eq`. */
function linked(
  exists: (condition: ReturnType<typeof sql<SqlBool>>) => ReturnType<typeof sql<SqlBool>>,
  element: string,
  /** Where a row that is read in memory keeps the list. */
  elements: string,
): DerivedField {
  const some = (term: ValueTerm, dialect: DialectName) =>
    exists(sql<SqlBool>`${valueTermToSql(term, sql.ref(element), dialect)}`)
  return {
    type: 'derived',
    values: 'id',
    operations: ['eq', 'ne', 'in', 'present'],
    toSql: (checked, dialect) => {
      const term = asValueTerm(checked)
      const isNot = term.kind === 'compare' && term.op === 'ne'
      return isNot ? sql<SqlBool>`not ${some({ ...term, op: 'eq' }, dialect)}` : some(term, dialect)
    },
    matches: (checked, row) => {
      const term = asValueTerm(checked)
      const ids = row[elements]
      if (!Array.isArray(ids)) throw new Error(`the row has no ${elements}`)
      const isNot = term.kind === 'compare' && term.op === 'ne'
      const has = (wanted: ValueTerm) => ids.some((id) => valueTermMatches(wanted, String(id)))
      return isNot ? !has({ ...term, op: 'eq' }) : has(term)
    },
  }
}

const isPending = 'users.invited_at > 0 and users.accepted_at = 0'
const status = computedField(
  'text',
  `case when users.enabled = 0 then 'Disabled' when ${isPending} then 'Pending' else 'Enabled' end`,
  (row) =>
    row['users.enabled'] === 0
      ? 'Disabled'
      : Number(row['users.invited_at']) > 0 && row['users.accepted_at'] === 0
        ? 'Pending'
        : 'Enabled',
)
const roleNameSql = `(select r.name from roles r where r.tenant_id = users.tenant_id and r.id = ${presentRoleSql('users')})`
const roleName = computedField('text', roleNameSql, (row) => String(row['roles.name']))

/** The workspace role, and what is added to a member; `ne` says that none is this one. */
const roles: DerivedField = {
  ...roleName,
  operations: ['eq', 'ne', 'in', 'pattern', 'present'],
  toSql: (checked, dialect) => {
    const term = asValueTerm(checked)
    const isNot = term.kind === 'compare' && term.op === 'ne'
    const sought = isNot ? ({ ...term, op: 'eq' } as const) : term
    const isSubRole = valueTermToSql(sought, sql.ref('sr.name'), dialect)
    const some = sql<SqlBool>`(${valueTermToSql(sought, sql.raw(roleNameSql), dialect)} or (users.has_more_roles = 1
      and ${sql.raw(roleNameSql)} = '$member' and exists (select 1 from ${sql.raw(presentSubRolesSql('users'))} and ${isSubRole})))`
    return isNot ? sql<SqlBool>`not ${some}` : some
  },
  matches: (checked, row) => {
    const term = asValueTerm(checked)
    const isNot = term.kind === 'compare' && term.op === 'ne'
    const more = row['roles.name'] === '$member' && Array.isArray(row['roles.more']) ? row['roles.more'] : []
    const has = (wanted: ValueTerm) =>
      [row['roles.name'], ...more].some((name) => valueTermMatches(wanted, String(name)))
    return isNot ? !has({ ...term, op: 'eq' }) : has(term)
  },
}

const isScimUser = computedField('boolean', `case when users.source = 'scim' then 1 else 0 end`, (row) =>
  row['users.source'] === 'scim' ? 1 : 0,
)
const groupCount = computedField(
  'number',
  `(select count(*) from group_members m where m.tenant_id = users.tenant_id and m.user_id = users.id and ${holdsIfBoundSql('m')})`,
  (row) => Number(row['groups.count']),
)
const groups = linked(
  (condition) =>
    sql<SqlBool>`exists (select 1 from group_members m where m.tenant_id = users.tenant_id and m.user_id = users.id
      and ${sql.raw(holdsIfBoundSql('m'))} and ${condition})`,
  'm.group_id',
  'groups.ids',
)

const directoryFields: Readonly<Record<string, Field>> = {
  id: { type: 'id', column: 'users.id', unique: true },
  username: {
    type: 'text',
    column: 'users.username',
    key: { column: 'users.username_key', normalise: toKey },
    trigram: true,
    unique: true,
  },
  email: {
    type: 'text',
    column: 'users.email',
    key: { column: 'users.email_key', normalise: toKey },
    caseInsensitive: true,
    trigram: true,
    unique: true,
  },
  firstName: {
    type: 'text',
    column: 'users.first_name',
    key: { column: 'users.first_name_key', normalise: toKey },
    trigram: true,
  },
  lastName: {
    type: 'text',
    column: 'users.last_name',
    key: { column: 'users.last_name_key', normalise: toKey },
    trigram: true,
  },
  enabled: { type: 'boolean', column: 'users.enabled' },
  createdTimestamp: { type: 'time', column: 'users.created_at' },
  workspaceRole: roleName,
  roles,
  status,
  groupCount,
  groups,
}

const allFields: Readonly<Record<string, Field>> = {
  ...directoryFields,
  emailVerified: { type: 'boolean', column: 'users.email_verified' },
  lastLoginTime: { type: 'time', column: 'users.last_login_at', zeroIsNull: true },
  isScimUser,
}

const invitationAttributes: Readonly<Record<string, Field>> = {
  invitedAt: { type: 'time', column: 'users.invited_at', zeroIsNull: true },
  invitedBy: { type: 'text', column: 'users.invited_by' },
  invitedByName: { type: 'text', column: 'users.invited_by_name' },
}

function attribute(name: string): Field | undefined {
  const key = /^attributes\.(.+)$/.exec(name)?.[1]
  if (key === undefined) return undefined
  return invitationAttributes[key] ?? jsonAttribute('users.attributes', key)
}

function directoryAttribute(name: string): Field | undefined {
  return directoryAttributes.has(name.replace(/^attributes\./, '')) ? attribute(name) : undefined
}

const aliases = { createdAt: 'createdTimestamp' }
const sorts = {
  createdTimestamp: 'users.created_at',
  firstName: 'users.first_name',
  lastName: 'users.last_name',
  username: 'users.username',
  email: 'users.email_key',
  enabled: 'users.enabled',
  lastLoginTime: 'users.last_login_at',
}

const common = { defaultSort: ['users.username'], search: { table: 'users_search', rows: 'users.seq' } } as const

/** What an admin's list can be asked. */
export const userList: ListShape = {
  ...common,
  rules: { sortKeys: Object.keys(sorts), columns: userColumns, hasLoginEvents: true },
  fields: fieldMap(allFields, { aliases, resolve: attribute, resolved: ['attributes.<name>'] }),
  sorts,
}

const { lastLoginTime: _hidden, ...directorySorts } = sorts

/** What a member's list can be asked: hidden fields can be neither filtered nor sorted by, and columns of them stay away. */
export const directoryUserList: ListShape = {
  ...common,
  rules: { sortKeys: Object.keys(directorySorts), columns: userColumns, hasLoginEvents: true },
  fields: fieldMap(directoryFields, {
    aliases,
    resolve: directoryAttribute,
    resolved: [...directoryAttributes].map((name) => `attributes.${name}`),
  }),
  sorts: directorySorts,
}
