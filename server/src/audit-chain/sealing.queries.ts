import { sql } from 'kysely'
import { dialectOf, rawChanges, rawRows, type DialectName, type Queryable, type Trx } from '../db/db.ts'
import { jsonRowsSql } from '../db/dialects/batch.ts'
import { SqlTexts } from '../db/sql-texts.ts'
import { chainStart, type ChainPlace, type SealedEvent, type UnsealedEvent } from './chain.schema.ts'

/** What the sealer reads; conditions on `seq` stand as plain numbers, or the partial indexes would not be used. */
const unsealed = `select tenant_id as "tenantId", id, at, type, category, actor_kind as "actorKind", actor_id as "actorId",
    actor_user_id as "actorUserId", credential_id as "credentialId", subject_kind as "subjectKind", subject_id as "subjectId",
    object_id as "objectId", door, request_id as "requestId", data, personal, actor_name as "actorName", address
  from events where tenant_id = (select ?) and seq = 0 order by at, id limit cast((select ?) as bigint)`

const head = `select seq, hash from events where tenant_id = (select ?) and seq > 0 order by seq desc limit 1`

const nextTenant = `select tenant_id as "tenantId" from every_unsealed_event where tenant_id > (select ?) order by tenant_id limit 1`

/** Tenants with events to be sealed: one look at an index for each. */
export async function listTenantsWithUnsealed(db: Queryable): Promise<string[]> {
  const found: string[] = []
  for (;;) {
    const [row] = await rawRows<{ tenantId: string }>(db, nextTenant, [found.at(-1) ?? ''])
    if (row === undefined) return found
    found.push(row.tenantId)
  }
}

/** The oldest events without a place in the chain. */
export function selectUnsealed(db: Queryable, tenantId: string, max: number): Promise<UnsealedEvent[]> {
  return rawRows<UnsealedEvent>(db, unsealed, [tenantId, max])
}

/** Where the chain ends. */
export async function findHead(db: Queryable, tenantId: string): Promise<ChainPlace> {
  const [row] = await rawRows<ChainPlace>(db, head, [tenantId])
  return row ?? chainStart
}

const sealColumns = ['prev_hash', 'hash', 'subject_key', 'subject_mac', 'actor_key', 'actor_mac'] as const
const texts = new SqlTexts()

function sealText(dialect: DialectName): string {
  return texts.get(dialect, () => {
    const rows = jsonRowsSql(dialect, 'sealed', [
      { name: 'tenant_id', type: 'text' },
      { name: 'id', type: 'text' },
      { name: 'seq', type: 'integer' },
      ...sealColumns.map((name) => ({ name, type: 'text' }) as const),
    ])
    // Both parts of the key come from the rows, and the plus hides a partial index: SQLite would otherwise walk all that is unsealed.
    const changes = ['seq', ...sealColumns].map((name) => `${name} = sealed.${name}`)
    return `update events set ${changes.join(', ')} from ${rows}
      where events.tenant_id = sealed.tenant_id and events.id = sealed.id and +events.seq = 0`
  })
}

/** Gives events their places. Answers how many had none before. */
export function writeSeals(trx: Trx, tenantId: string, events: readonly SealedEvent[]): Promise<number> {
  const rows = events.map((event) => ({
    tenant_id: tenantId,
    id: event.id,
    seq: event.seq,
    prev_hash: event.prevHash,
    hash: event.hash,
    subject_key: event.subjectKey,
    subject_mac: event.subjectMac,
    actor_key: event.actorKey,
    actor_mac: event.actorMac,
  }))
  return rawChanges(trx, sealText(dialectOf(trx)), [JSON.stringify(rows)])
}

/** Over all tenants, for metrics. */
export async function selectUnsealedDepth(db: Queryable): Promise<{ events: number; oldestAt: number | null }> {
  const row = await db
    .selectFrom('every_unsealed_event')
    .select((eb) => [eb.fn.countAll<number>().as('events'), eb.fn.min('at').as('oldest')])
    .executeTakeFirstOrThrow()
  return { events: row.events, oldestAt: row.oldest }
}

/** How many events of a tenant wait for their place. */
export async function countUnsealed(db: Queryable, tenantId: string): Promise<number> {
  const row = await db
    .selectFrom('events')
    .select((eb) => eb.fn.countAll<number>().as('events'))
    .where('tenant_id', '=', tenantId)
    .where(sql<boolean>`seq = 0`)
    .executeTakeFirstOrThrow()
  return row.events
}
