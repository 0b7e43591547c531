/**
 * What sealing costs the writers, as a ratio within one process: `node bench/sealing-cost.ts`, with DATABASE_URL and DATABASE_OWNER_URL on
 * PostgreSQL (an empty database of its own), otherwise on SQLite. 16 clients invite, one person per request, through the
 * whole server but its sockets; blocks with and without the sealer take turns, and the median of pairs counts.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { buildApp } from '../server/src/app.ts'
import { issueServiceToken } from '../server/src/api-tokens/api-tokens.service.ts'
import { Sealer } from '../server/src/audit-chain/sealer.ts'
import { sealAll, type Sealing } from '../server/src/audit-chain/sealing.service.ts'
import { operatorCtx } from '../server/src/commands/operator.ts'
import { readConfig } from '../server/src/config.ts'
import { readPostgres } from './postgres-place.ts'
import { migrateDatabase, openDatabase, type DatabaseLocation } from '../server/src/db/open.ts'
import { signerFrom } from '../server/src/secrets/signing.ts'
import { vaultFrom } from '../server/src/secrets/vault.ts'
import { createTenant } from '../server/src/tenants/tenants.service.ts'

const writesPerBlock = 400
const pairs = 12
const clients = 16

interface Block {
  readonly cpuMs: number
  readonly wallMs: number
}

const folder = mkdtempSync(join(tmpdir(), 'muster-sealing-'))
try {
  console.log(JSON.stringify(await measure(locationIn(folder))))
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function locationIn(folder: string): DatabaseLocation {
  return readPostgres(process.env) ?? { kind: 'sqlite', file: join(folder, 'muster.db') }
}

async function measure(location: DatabaseLocation): Promise<object> {
  await migrateDatabase(location)
  const db = openDatabase(location)
  const { id } = await createTenant(operatorCtx(db, ''), { slug: 'bench', name: 'Bench', plan: 'enterprise' })
  const token = await issueServiceToken(operatorCtx(db, id), {
    displayName: 'bench',
    role: '$admin',
    rights: [],
    lifetimeSeconds: null,
    secret: null,
  })
  const { config, secrets } = readConfig({ MUSTER_BOOTSTRAP_TENANT: 'bench' })
  const sealing: Sealing = { db, clock: () => new Date(), signer: signerFrom('a secret key for measuring alone') }
  const unused = { vault: vaultFrom('a secret key for measuring alone'), resolveTxt: async () => [] }
  const app = await buildApp({ ...sealing, config, secrets, log: pino({ level: 'silent' }), mail: null, ...unused })
  const headers = { host: 'bench.localhost', authorization: `Bearer ${token.secret}` }
  let invited = 0
  const write = async (): Promise<void> => {
    const end = invited + writesPerBlock
    const client = async (): Promise<void> => {
      while (invited < end) {
        const payload = { emails: [`invited.${(invited += 1)}@example.com`], roleName: '$member' }
        const { statusCode, body } = await app.http.inject({
          method: 'POST',
          url: '/api/service/users',
          headers,
          payload,
        })
        if (statusCode !== 200) throw new Error(body)
      }
    }
    await Promise.all(Array.from({ length: clients }, client))
  }
  const alone = async (): Promise<Block> => {
    const block = await timed(write)
    await sealAll(sealing)
    return block
  }
  const sealed = (): Promise<Block> =>
    timed(async () => {
      const sealer = new Sealer({ ...sealing, onError: (error) => console.error(error) })
      sealer.start()
      await write()
      await sealer.stop()
    })
  const ratios: Block[] = []
  for (let pair = 0; pair <= pairs; pair += 1) {
    const [first, second] = pair % 2 === 0 ? [alone, sealed] : [sealed, alone]
    const blocks = [await first(), await second()] as const
    const [without, withSealer] = pair % 2 === 0 ? blocks : ([blocks[1], blocks[0]] as const)
    // The first pair warms up.
    if (pair > 0) ratios.push({ cpuMs: withSealer.cpuMs / without.cpuMs, wallMs: withSealer.wallMs / without.wallMs })
  }
  await app.settle()
  await db.engine.close()
  return {
    database: location.kind,
    writes: invited,
    cpuRatio: median(ratios.map(({ cpuMs }) => cpuMs)),
    wallRatio: median(ratios.map(({ wallMs }) => wallMs)),
  }
}

async function timed(work: () => Promise<void>): Promise<Block> {
  const cpu = process.cpuUsage()
  const from = performance.now()
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { cpuMs: (user + system) / 1000, wallMs: performance.now() - from }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Math.round((sorted[Math.floor(sorted.length / 2)] ?? 0) * 1000) / 1000
}
