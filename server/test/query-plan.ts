import Connection from 'better-sqlite3'
import pg from 'pg'
import type { DatabaseLocation } from '../src/db/open.ts'
import type { Statement } from './sql-capture.ts'

/** How the database would run a statement. */
export interface Plan {
  readonly statement: Statement
  /** One line per step, in the database's own words. */
  readonly steps: readonly string[]
  /** Steps that read a table from end to end, over all tenants. */
  readonly scans: readonly string[]
  /** Steps that look up nothing but the tenant, and so may read all of its rows. */
  readonly walks: readonly string[]
  /** Whether all rows are gathered and sorted before the first is known. */
  readonly sorts: boolean
}

/** Explains what can be explained, on a connection of its own. */
export async function explainAll(location: DatabaseLocation, statements: readonly Statement[]): Promise<Plan[]> {
  const plannable = statements.filter(({ text }) => /^\s*(select|with|update|delete)\b/i.test(text))
  return location.kind === 'sqlite' ? explainSqlite(location.file, plannable) : explainPostgres(location.url, plannable)
}

/** Indexes of tables that have a handful of rows per tenant, or hold a handful by their condition. */
const smallIndexes =
  /^((sqlite_autoindex_)?(roles|scim_settings)_|sso_connections_by_created_at$|groups_default$|groups_timed$|outbox_due$|events_unsealed$)/

function explainSqlite(file: string, statements: readonly Statement[]): Plan[] {
  const connection = new Connection(file, { readonly: true })
  try {
    return statements.map((statement) => {
      const found = connection
        .prepare<unknown[], { detail: string }>(`explain query plan ${statement.text}`)
        .all(...statement.values)
      const steps = found.map(({ detail }) => detail)
      return {
        statement,
        steps,
        scans: steps.filter(isSqliteScan),
        walks: steps.filter((step) => {
          const index = /^SEARCH .* INDEX (\S+) \(tenant_id=\?\)/.exec(step)?.[1]
          return index !== undefined && !smallIndexes.test(index)
        }),
        sorts: steps.some((step) => /^USE TEMP B-TREE FOR (\w+ TERMS? OF |LAST \d+ TERMS OF )?ORDER BY/.test(step)),
      }
    })
  } finally {
    connection.close()
  }
}

/** SEARCH is a look-up. A SCAN is harmless on lists made just before, and on a search index given a text. */
function isSqliteScan(step: string): boolean {
  if (step.includes('AUTOMATIC')) return true
  return (
    step.startsWith('SCAN ') &&
    !/^SCAN (hits|page|recent|due|json_each|instant|counted|merged|held|below|above|found|CONSTANT ROW)\b/.test(step) &&
    !/VIRTUAL TABLE INDEX \d+:M/.test(step)
  )
}

interface PostgresNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly Plans?: readonly PostgresNode[]
}

const heldRoles = ['role_grants', 'user_sub_roles', 'decentralized_roles']

/** PostgreSQL rightly reads smaller tables as a whole; these have many thousands of rows here. */
const large = new Set([
  'users',
  'group_members',
  'events',
  'outbox',
  'invitations',
  'api_tokens',
  'oauth_clients',
  'access_tokens',
  ...heldRoles,
  'scim_users',
  'scim_values',
  'scim_log_steps',
])

async function explainPostgres(url: string, statements: readonly Statement[]): Promise<Plan[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const plans: Plan[] = []
    for (const statement of statements) {
      const { rows } = await client.query({
        text: `explain (format json) ${statement.text}`,
        values: [...statement.values],
      })
      plans.push(readPostgres(statement, flatten(rows[0]['QUERY PLAN'][0].Plan)))
    }
    return plans
  } finally {
    await client.end()
  }
}

function readPostgres(statement: Statement, nodes: readonly PostgresNode[]): Plan {
  const describe = (node: PostgresNode) =>
    [node['Node Type'], node['Relation Name'], node['Index Name'], node['Index Cond']].filter(Boolean).join(' ')
  const ofLarge = nodes.filter((node) => large.has(node['Relation Name'] ?? ''))
  return {
    statement,
    steps: nodes.map(describe),
    scans: ofLarge.filter((node) => node['Node Type'] === 'Seq Scan').map(describe),
    walks: ofLarge
      .filter(
        (node) =>
          !smallIndexes.test(node['Index Name'] ?? '') && /^\(tenant_id = (?!.* AND )/.test(node['Index Cond'] ?? ''),
      )
      .map(describe),
    // An incremental sort only puts neighbours with equal values in order.
    sorts: nodes.some((node) => node['Node Type'] === 'Sort'),
  }
}

function flatten(node: PostgresNode): PostgresNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}
