import assert from 'node:assert/strict'
import { createPublicKey, verify as verifySignature } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { startTestApp, testSigner, type TestApp } from '../../test/start-test-app.ts'
import { isWellSigned, type Checkpoint } from './checkpoint-rules.ts'
import { verifyExport, type ExportReport } from './verify-export.service.ts'
import { verifyChain } from './verify.service.ts'

const path = '/api/muster/audit/export'

/** What is in use when everything that is not has been collected. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

async function* linesOf(text: string): AsyncGenerator<string> {
  yield* text.split('\n').slice(0, -1)
}

function check(text: string, keys: readonly string[] = [testSigner.publicKey]): Promise<ExportReport> {
  return verifyExport(linesOf(text), keys)
}

function parseLines(text: string): readonly { readonly [name: string]: unknown; readonly seq: number }[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

async function exportOf(t: TestApp, query = '', tenant = t.acme): Promise<string> {
  const answer = await t.get(`${path}${query}`, { token: tenant.token, host: tenant.host })
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.headers['content-type'], 'application/x-ndjson')
  return answer.text
}

test('an export holds every event up to now in the order of the chain, and is whole and unchanged', async () => {
  await using t = await startTestApp()
  await t.addUser('somebody')
  const text = await exportOf(t)
  const lines = parseLines(text)
  const rows = await t.db.selectFrom('events').select('id').where('tenant_id', '=', t.acme.id).execute()
  assert.deepEqual(
    lines.slice(0, -1).map(({ seq }) => seq),
    Array.from({ length: rows.length }, (_, index) => index + 1),
  )
  assert.ok(lines.slice(0, -1).every(({ tenantId }) => tenantId === t.acme.id))
  const report = await check(text)
  assert.deepEqual([report.problems, report.events, report.tenantId], [[], rows.length, t.acme.id])
})

test('an export of a tenant holds nothing of another', async () => {
  await using t = await startTestApp()
  await t.invite('theirs@example.com', '$member', t.other)
  assert.ok(!(await exportOf(t)).includes('theirs@example.com'))
  assert.ok((await exportOf(t, '', t.other)).includes('theirs@example.com'))
})

test('a range is cut out by places or by times; ranges that meet leave no gap', async () => {
  await using t = await startTestApp()
  await t.sealEvents()
  t.clock.advance(3 * 86_400_000)
  await t.addUser('somebody')
  const all = parseLines(await exportOf(t)).slice(0, -1)
  const seqs = async (query: string) => {
    const text = await exportOf(t, query)
    assert.deepEqual((await check(text)).problems, [], query)
    return parseLines(text)
      .slice(0, -1)
      .map(({ seq }) => seq)
  }
  const early = await seqs('?to=2026-01-04')
  const late = await seqs('?from=2026-01-05')
  assert.ok(early.length > 0 && late.length > 0)
  assert.deepEqual(
    [...early, ...late],
    all.map(({ seq }) => seq),
  )
  assert.deepEqual(await seqs('?from=2026-01-05T03:04:05Z&to=2026-01-05T03:04:06Z'), late)
  assert.deepEqual(await seqs('?fromSeq=2&toSeq=3'), [2, 3])
  assert.deepEqual(await seqs(`?fromSeq=${all.length}`), [all.length])
  for (const nothing of ['?from=2027-01-01', '?to=2025-12-31', '?fromSeq=100000', '?from=2026-01-03&to=2026-01-03'])
    assert.deepEqual(await seqs(nothing), [], nothing)
})

test('a range is that of one tenant, whatever a neighbour did before, meanwhile and afterwards (V-T1)', async () => {
  await using t = await startTestApp()
  await t.sealEvents()
  t.clock.advance(3 * 86_400_000)
  await t.addUser('somebody')
  await t.sealEvents()
  const queries = ['', '?to=2026-01-04', '?from=2026-01-05', '?from=2026-01-03', '?to=2026-01-06', '?fromSeq=2&toSeq=3']
  const alone = await Promise.all(queries.map(async (query) => parseLines(await exportOf(t, query)).slice(0, -1)))
  // Longer chains than ours, with other times: between our days, with them, and after.
  for (const days of [-2, 2, 5]) {
    t.clock.advance(days * 86_400_000)
    for (const name of ['a', 'b', 'c']) await t.invite(`theirs${name}${days + 2}@example.com`, '$member', t.other)
    await t.sealEvents()
  }
  for (const [index, query] of queries.entries()) {
    const text = await exportOf(t, query)
    assert.deepEqual((await check(text)).problems, [], query)
    assert.deepEqual(parseLines(text).slice(0, -1), alone[index], query)
    // Theirs has other links at the same places.
    assert.deepEqual((await check(await exportOf(t, query, t.other))).problems, [], query)
  }
})

test('a range that cannot be read is refused with what to send instead', async () => {
  await using t = await startTestApp()
  for (const query of [
    '?from=yesterday',
    '?to=2026-02-30',
    '?from=2026-01-02&to=2026-01-01',
    '?fromSeq=0',
    '?fromSeq=1e2',
    '?fromSeq=3&toSeq=2',
    '?from=2026-01-01&from=2026-01-02',
  ]) {
    const answer = await t.get(`${path}${query}`)
    assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_request'], query)
  }
})

test('an export that was changed anywhere does not verify', async () => {
  await using t = await startTestApp()
  await t.addUser('somebody')
  const text = await exportOf(t)
  const lines = text.trimEnd().split('\n')
  const rest = (from: string, to: string) => text.replace(from, to)
  const versions: readonly (readonly [string, string])[] = [
    ['a value', rest('"requestId":"', '"requestId":"x')],
    ['a personal value', rest('somebody@example.com', 'somebodi@example.com')],
    ['an event removed', lines.toSpliced(3, 1).join('\n')],
    ['the first removed', lines.slice(1).join('\n')],
    ['the last removed', lines.toSpliced(-2, 1).join('\n')],
    ['the end removed', lines.slice(0, -1).join('\n')],
    ['two swapped', [lines[1], lines[0], ...lines.slice(2)].join('\n')],
    ['one twice', [lines[0], ...lines].join('\n')],
    ['something behind', `${text}${lines[0]}`],
    ['a line of nothing', `x\n${text}`],
    ['another time of signing', text.replace(/"at":(\d+),"publicKey"/, '"at":1,"publicKey"')],
  ]
  for (const [what, changed] of versions) {
    assert.notEqual(changed, text, what)
    assert.ok((await check(`${changed.trimEnd()}\n`)).problemCount > 0, what)
  }
  assert.ok((await check(text, [])).problemCount > 0, 'a key that nobody trusts')
})

test('the key that signs is published, and verifies with nothing but a library', async () => {
  await using t = await startTestApp()
  const { json: key } = await t.get('/api/muster/audit/key')
  const { json: checkpoint } = await t.get('/api/muster/audit/checkpoint')
  const { signature, ...signed } = checkpoint
  const sorted = Object.fromEntries(Object.entries(signed).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  assert.ok(
    verifySignature(
      null,
      Buffer.from(JSON.stringify(sorted)),
      createPublicKey(key.pem),
      Buffer.from(signature, 'base64url'),
    ),
  )
  assert.equal(checkpoint.publicKey, key.publicKey)
  assert.equal(checkpoint.tenantId, t.acme.id)
})

test('given a checkpoint that was kept elsewhere, a log that was cut or written anew is found out', async () => {
  await using t = await startTestApp()
  await t.addUser('somebody')
  const checkpoint: Checkpoint = (await t.get('/api/muster/audit/checkpoint')).json
  const verify = (given: Checkpoint, trustedKeys = [testSigner.publicKey]) =>
    verifyChain(t.db, t.acme.id, { checkpoints: [given], trustedKeys })
  assert.deepEqual((await verify(checkpoint)).problems, [])
  assert.equal((await verify(checkpoint, [])).problems[0]?.kind, 'bad_checkpoint', 'signed by somebody unknown')
  const forged = { ...checkpoint, hash: 'f'.repeat(64) }
  assert.ok(!isWellSigned(forged))
  assert.deepEqual(
    (await verify(forged)).problems.map(({ kind }) => kind),
    ['bad_checkpoint', 'rewritten'],
  )
  await t.db.engine.transact((trx) =>
    trx.deleteFrom('events').where('tenant_id', '=', t.acme.id).where('seq', '=', checkpoint.seq).execute(),
  )
  assert.deepEqual(
    (await verify(checkpoint)).problems.map(({ kind }) => kind),
    ['cut_off'],
  )
})

test('where no secret key is set nothing is signed, in a sentence that says what to set; events are sealed all the same', async () => {
  await using t = await startTestApp({ signer: null })
  for (const part of ['export', 'checkpoint', 'key']) {
    const answer = await t.get(`/api/muster/audit/${part}`)
    assert.deepEqual([answer.status, answer.json.error], [409, 'signing_key_missing'])
    assert.match(answer.json.message, /MUSTER_SECRET_KEY/)
  }
})

test('a reader of an export who takes nothing is cut off, and the server holds little for them meanwhile (V-D12)', async () => {
  await using t = await startTestApp({ env: { MUSTER_EXPORT_STALL_MS: '500' } })
  const big = 'x'.repeat(3_000)
  const rows = Array.from({ length: 200 }, (_, index) => ({
    tenant_id: t.acme.id,
    at: index,
    type: 'user.updated',
    category: 'admin',
    actor_kind: 'system',
    actor_id: 'system',
    actor_name: 'system',
    subject_kind: 'user',
    subject_id: 'x',
    object_id: '',
    door: 'system',
    address: '',
    request_id: 'x',
    data: '{"fields":[]}',
    personal: JSON.stringify({ before: { firstName: big }, after: { firstName: big } }),
  }))
  for (let batch = 0; batch < 20; batch += 1) {
    const events = rows.map((row, index) => ({ ...row, id: `big-${batch}-${index}` }))
    await t.db.engine.transact((trx) => trx.insertInto('events').values(events).execute())
  }
  await t.sealEvents()
  const before = heldBytes()
  const socket = connect({ port: t.port, host: '127.0.0.1' })
  const [served]: Socket[] = await once(t.http.server, 'connection')
  assert.ok(served !== undefined)
  // Nothing is read: the system's own buffers fill up, then the server's.
  socket.pause()
  socket.write(`GET ${path} HTTP/1.1\r\nHost: acme.localhost\r\nAuthorization: Bearer ${t.acme.token}\r\n\r\n`)
  let held = 0
  served.on('timeout', () => (held = heldBytes() - before))
  await once(served, 'close')
  assert.ok(held < 5 * 1024 * 1024, `${held} bytes`)
  assert.ok(served.bytesWritten < 20 * 1024 * 1024, 'it was cut in the middle')
  socket.destroy()
})
