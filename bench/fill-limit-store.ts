import type { DatabaseLocation } from '../server/src/db/open.ts'
import { createLimitStore, type LimitLocation, type StoredDocument } from './limit-store.ts'
import { invitation } from './requests.ts'
import { send } from './send.ts'
import { startMuster } from './servers.ts'

interface Filling {
  readonly location: DatabaseLocation
  readonly limit: LimitLocation
  readonly folder: string
  readonly token: string
  readonly users: number
}

interface UserRecord {
  readonly id: string
  readonly username: string
  readonly email: string
}

const pageSize = 100

/**
 * Every record as Muster itself answers it, in the default order: the limit server then has the same bytes.
 *
 * @returns the record of somebody just invited: what a create of the limit writes
 */
export async function fillLimitStore({ location, limit, folder, token, users }: Filling): Promise<string> {
  const muster = await startMuster({ location, folder })
  let seen = 0
  async function* pages(): AsyncGenerator<readonly StoredDocument[]> {
    for (let last = ''; ;) {
      const records = await readPage(muster.port, token, last)
      if (records.length === 0) return
      seen += records.length
      yield records.map((record) => ({ id: record.id, email: record.email, document: JSON.stringify(record) }))
      last = records.at(-1)?.username ?? ''
    }
  }
  try {
    const pending = await inviteSomebody(muster.port, token)
    await createLimitStore(limit, pages())
    if (seen !== users + 1)
      throw new Error(`the API lists ${seen} users where ${users} were generated and one was invited`)
    return pending
  } finally {
    await muster.stop()
  }
}

async function inviteSomebody(port: number, token: string): Promise<string> {
  const created: { createdUsers: Record<string, string> } = JSON.parse(await send(port, token, invitation([0])))
  const [id = ''] = Object.values(created.createdUsers)
  return send(port, token, { method: 'GET', path: `/api/service/users/${id}` })
}

/** Pages by the name of the last one seen: deep offsets would cost more than the rows. */
async function readPage(port: number, token: string, after: string): Promise<readonly UserRecord[]> {
  const query = new URLSearchParams({
    limit: String(pageSize),
    count: 'false',
    filter: JSON.stringify({ username: { $gt: after } }),
  })
  const { records }: { records: readonly UserRecord[] } = JSON.parse(
    await send(port, token, { method: 'GET', path: `/api/service/users?${query.toString()}` }),
  )
  return records
}
