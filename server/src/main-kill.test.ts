import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { test } from 'node:test'
import { sql } from 'kysely'
import { sendRequest } from '../test/test-client.ts'
import { usesPostgres } from '../test/test-database.ts'
import { sealAll } from './audit-chain/sealing.service.ts'
import { verifyChain } from './audit-chain/verify.service.ts'
import { makeHome, openHome, startServer, type RunningServer } from './commands/testdata/processes.ts'
import type { Db } from './db/db.ts'

const writesPerLife = 334
const clients = 16
const token = `mst_${'k'.repeat(43)}`

/** Invites one person after the other until the server is gone; notes who was acknowledged, and kills it in the middle. */
async function writeUntilKilled(server: RunningServer, life: number, acknowledged: Set<string>): Promise<void> {
  let next = 0
  const killAt = acknowledged.size + writesPerLife
  const agent = new Agent({ keepAlive: true })
  const client = async (): Promise<void> => {
    for (;;) {
      const email = `life${life}-${(next += 1)}@example.com`
      try {
        const answer = await sendRequest(server.port, agent, 'POST', '/api/service/users', {
          token,
          body: { emails: [email] },
        })
        assert.equal(answer.status, 200, answer.text)
        acknowledged.add(email)
      } catch (error) {
        // The connection breaks with the server: those under way may have gone either way.
        if (error instanceof assert.AssertionError) throw error
        return
      }
      if (acknowledged.size >= killAt) server.kill('SIGKILL')
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  agent.destroy()
  assert.equal((await server.ended).signal, 'SIGKILL')
}

test('three times killed among a thousand writes, the server has lost nothing it acknowledged and kept nothing by half', async () => {
  await using home = await makeHome()
  const acknowledged = new Set<string>()
  for (let life = 0; life < 3; life += 1) {
    await using server = await startServer(home, { MUSTER_BOOTSTRAP_TOKEN: token, LOG_LEVEL: 'silent' })
    await writeUntilKilled(server, life, acknowledged)
  }
  assert.ok(acknowledged.size >= 3 * writesPerLife)
  const db = openHome(home)
  try {
    await assertWhole(db, acknowledged)
    await assertChained(db)
  } finally {
    await db.engine.close()
  }
  await using server = await startServer(home)
  const { json } = await sendRequest(server.port, new Agent(), 'GET', '/api/service/users?limit=1', { token })
  assert.ok(json.totalRecord >= acknowledged.size)
})

/** Each kill may have come in the middle of sealing: what has a place has it for good, and the rest gets one now. */
async function assertChained(db: Db): Promise<void> {
  const { id } = await db.selectFrom('tenants').select('id').executeTakeFirstOrThrow()
  const verify = () => verifyChain(db, id, { checkpoints: [], trustedKeys: [] })
  const before = await verify()
  assert.deepEqual(before.problems, [])
  assert.ok(before.events > 0 && before.checkpoints > 0)
  await sealAll({ db, clock: () => new Date(), signer: null })
  const after = await verify()
  assert.deepEqual(after.problems, [])
  assert.equal(after.events, before.events + before.unsealed)
}

/** Everything one invitation writes is there for each, once, and the counters say the same as the rows. */
async function assertWhole(db: Db, acknowledged: ReadonlySet<string>): Promise<void> {
  const users = await db.selectFrom('users').select(['id', 'email']).execute()
  const emails = new Set(users.map((user) => user.email))
  assert.deepEqual(
    [...acknowledged].filter((email) => !emails.has(email)),
    [],
    'lost',
  )
  assert.equal(emails.size, users.length)
  // The first admin and what was under way at each of three kills come on top.
  assert.ok(
    users.length <= acknowledged.size + 1 + 3 * clients,
    `${users.length} users, ${acknowledged.size} acknowledged`,
  )
  const ids = users.map((user) => user.id).toSorted()
  const subjects = async (type: string) =>
    (await db.selectFrom('events').select('subject_id').where('type', '=', type).execute())
      .map((event) => event.subject_id)
      .toSorted()
  assert.deepEqual(await subjects('user.created'), ids)
  assert.deepEqual(await subjects('invitation.sent'), ids)
  const invitations = await db.selectFrom('invitations').select(['id', 'user_id']).execute()
  assert.deepEqual(invitations.map((invitation) => invitation.user_id).toSorted(), ids)
  const mails = await db.selectFrom('outbox').select('subject_id').execute()
  assert.deepEqual(
    mails.map((mail) => mail.subject_id).toSorted(),
    invitations.map((invitation) => invitation.id).toSorted(),
  )
  const counters = new Map(
    (await db.selectFrom('counters').select(['name', 'value']).execute()).map((counter) => [
      counter.name,
      counter.value,
    ]),
  )
  assert.deepEqual([counters.get('users'), counters.get('invitations')], [users.length, users.length])
  const roles = await db
    .selectFrom('roles')
    .select(({ fn }) => fn.sum<number | string>('member_count').as('members'))
    .executeTakeFirstOrThrow()
  assert.equal(Number(roles.members), users.length)
  if (!usesPostgres)
    assert.deepEqual((await sql<{ integrity_check: string }>`pragma integrity_check`.execute(db)).rows, [
      { integrity_check: 'ok' },
    ])
}
