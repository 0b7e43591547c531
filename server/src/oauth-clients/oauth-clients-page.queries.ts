import { readCounter } from '../db/counters.ts'
import type { Queryable } from '../db/db.ts'
import type { Page } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { selectPage } from '../lists/select-page.ts'
import { oauthClientList } from './oauth-clients.fields.ts'
import { clientColumns, toClient, type ClientRow } from './oauth-clients.queries.ts'
import type { OAuthClient } from './oauth-clients.schema.ts'

export async function selectClientPage(db: Queryable, tenantId: string, query: ListQuery): Promise<Page<OAuthClient>> {
  const { rows, total, filtered } = await selectPage<ClientRow>(db, {
    shape: oauthClientList,
    table: 'oauth_clients',
    columns: clientColumns,
    scope: { text: 'oauth_clients.tenant_id = (select ?)', values: [tenantId] },
    query,
    total: () => readCounter(db, tenantId, 'oauth_clients'),
  })
  return { items: rows.map(toClient), total, filtered }
}
