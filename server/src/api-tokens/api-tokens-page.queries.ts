import { readCounter } from '../db/counters.ts'
import type { Queryable } from '../db/db.ts'
import type { Page } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { selectPage } from '../lists/select-page.ts'
import { tokenList } from './api-tokens.fields.ts'
import { toToken, tokenColumns, type TokenRow } from './api-tokens.queries.ts'
import type { ApiToken } from './api-tokens.schema.ts'

/** All of the tenant's, or one owner's; a null owner has none of its own. */
type Whose = 'all' | { readonly ownerId: string | null }

/** Tokens that were not revoked, the newest first unless asked otherwise. */
export async function selectTokenPage(
  db: Queryable,
  tenantId: string,
  query: ListQuery,
  whose: Whose,
): Promise<Page<ApiToken>> {
  const live = 'api_tokens.tenant_id = (select ?) and api_tokens.revoked_at = 0'
  const { rows, total, filtered } = await selectPage<TokenRow>(db, {
    shape: tokenList,
    table: 'api_tokens',
    columns: tokenColumns,
    scope:
      whose === 'all'
        ? { text: live, values: [tenantId] }
        : { text: `${live} and api_tokens.owner_id = (select ?)`, values: [tenantId, whose.ownerId] },
    query,
    total: () => (whose === 'all' ? readCounter(db, tenantId, 'api_tokens') : countOwn(db, tenantId, whose.ownerId)),
  })
  return { items: rows.map(toToken), total, filtered }
}

/** One person's tokens: a short run of an index. */
async function countOwn(db: Queryable, tenantId: string, ownerId: string | null): Promise<number> {
  const row = await db
    .selectFrom('api_tokens')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('tenant_id', '=', tenantId)
    .where('owner_id', '=', ownerId)
    .where('revoked_at', '=', 0)
    .executeTakeFirstOrThrow()
  return row.count
}
