import { holdsSql } from '../bounds/bounds-sql.ts'
import { toKey } from '../db/normal-key.ts'
import { computedField } from '../filter/computed-field.ts'
import { fieldMap } from '../filter/field-map.ts'
import type { ListShape } from '../lists/list-shape.ts'

const columns = ['id', 'name', 'description', 'clientRole', 'level', 'memberCount', 'userCount']

/**
 * How many hold the role of the row at the instant. Kept: who has it for good. Added: to whom it is granted now, or who holds
 * the sub-role within bounds. Taken away: whose own role another one stands in for, with the sub-roles that go with it;
 * looked up one by one from the grants of this instant, which are few: a join would be planned over everybody.
 */
export const presentCountSql = `roles.member_count + case roles.level
  when 'workspace' then (select count(*) from role_grants g
      where g.tenant_id = roles.tenant_id and g.role_id = roles.id and ${holdsSql('g')})
    - (select count((select 1 from users u
        where u.tenant_id = g.tenant_id and u.id = g.user_id and u.workspace_role_id = roles.id))
      from role_grants g where g.tenant_id = roles.tenant_id and ${holdsSql('g')})
  else (select count(*) from user_sub_roles s
      where s.tenant_id = roles.tenant_id and s.role_id = roles.id and s.is_timed = 1 and ${holdsSql('s')})
    - (select count((select 1 from user_sub_roles s
        where s.tenant_id = g.tenant_id and s.user_id = g.user_id and s.role_id = roles.id and ${holdsSql('s')}))
      from role_grants g where g.tenant_id = roles.tenant_id and ${holdsSql('g')}) end`

export const roleList: ListShape = {
  rules: { sortKeys: ['name', 'description', 'memberCount'], columns },
  fields: fieldMap(
    {
      id: { type: 'id', column: 'roles.id' },
      // Role names and descriptions are ASCII and few: SQL's own lower case is not needed, the name is its own key.
      name: { type: 'text', column: 'roles.name', key: { column: 'roles.name', normalise: toKey } },
      description: { type: 'text', column: 'roles.description' },
      level: { type: 'text', column: 'roles.level' },
      memberCount: computedField('number', presentCountSql, (row) => Number(row['roles.member_count'])),
    },
    { aliases: { userCount: 'memberCount' } },
  ),
  sorts: { name: 'roles.name', description: 'roles.description', memberCount: presentCountSql },
  defaultSort: ['roles.rank', 'roles.name'],
}
