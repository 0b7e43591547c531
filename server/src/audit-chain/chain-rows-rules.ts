import { ChainCheck, type Problem } from './chain-check-rules.ts'
import type { SealedEvent } from './chain.schema.ts'
import { isWellSigned, type Checkpoint } from './checkpoint-rules.ts'

type Value = string | number | null

/** What rows of a table say, wherever they come from. */
export interface Rows {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Value[])[]
}

/** Checks the chains of all tenants as their rows go by: checkpoints first, then events in the order of each chain. */
export class ChainsCheck {
  readonly #checkpoints = new Map<string, Checkpoint[]>()
  readonly #checks = new Map<string, ChainCheck>()
  /** Events without a place in their chain yet. */
  unsealed = 0

  addCheckpoints({ columns, rows }: Rows): void {
    const read = reader(columns)
    for (const row of rows) {
      const { text, number } = read(row)
      const checkpoint: Checkpoint = {
        type: 'muster-audit-checkpoint',
        tenantId: text('tenant_id'),
        seq: number('seq'),
        hash: text('hash'),
        at: number('at'),
        publicKey: text('public_key'),
        signature: text('signature'),
      }
      this.#checkpoints.set(checkpoint.tenantId, [...(this.#checkpoints.get(checkpoint.tenantId) ?? []), checkpoint])
    }
  }

  addEvents({ columns, rows }: Rows): void {
    const read = reader(columns)
    for (const row of rows) {
      const event = toEvent(read(row))
      if (event.seq === 0) this.unsealed += 1
      else this.#checkOf(event.tenantId).add(event)
    }
  }

  /** After the last row. @returns by tenant */
  finish(): ReadonlyMap<string, { readonly events: number; readonly problems: readonly Problem[] }> {
    for (const tenantId of this.#checkpoints.keys()) this.#checkOf(tenantId)
    for (const check of this.#checks.values()) check.finish()
    return this.#checks
  }

  #checkOf(tenantId: string): ChainCheck {
    let check = this.#checks.get(tenantId)
    if (check === undefined) {
      const checkpoints = this.#checkpoints.get(tenantId) ?? []
      check = new ChainCheck({ tenantId, checkpoints })
      for (const checkpoint of checkpoints.filter((one) => !isWellSigned(one))) {
        const text = `the checkpoint at event ${checkpoint.seq} is not signed by the key it names`
        check.note({ kind: 'bad_checkpoint', seq: checkpoint.seq, text })
      }
      this.#checks.set(tenantId, check)
    }
    return check
  }
}

interface Read {
  readonly text: (column: string) => string
  readonly number: (column: string) => number
}

function reader(columns: readonly string[]): (row: readonly Value[]) => Read {
  const places = new Map(columns.map((column, index) => [column, index]))
  return (row) => {
    const at = (column: string) => row[places.get(column) ?? -1]
    return {
      text: (column) => String(at(column) ?? ''),
      number: (column) => Number(at(column) ?? 0),
    }
  }
}

function toEvent({ text, number }: Read): SealedEvent {
  return {
    tenantId: text('tenant_id'),
    id: text('id'),
    at: number('at'),
    type: text('type'),
    category: text('category'),
    actorKind: text('actor_kind'),
    actorId: text('actor_id'),
    actorUserId: text('actor_user_id'),
    credentialId: text('credential_id'),
    subjectKind: text('subject_kind'),
    subjectId: text('subject_id'),
    objectId: text('object_id'),
    door: text('door'),
    requestId: text('request_id'),
    data: text('data'),
    personal: text('personal'),
    actorName: text('actor_name'),
    address: text('address'),
    seq: number('seq'),
    prevHash: text('prev_hash'),
    hash: text('hash'),
    subjectKey: text('subject_key'),
    subjectMac: text('subject_mac'),
    actorKey: text('actor_key'),
    actorMac: text('actor_mac'),
  }
}
