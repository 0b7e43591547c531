import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { signerFrom } from '../secrets/signing.ts'
import { ChainCheck, erasureType } from './chain-check-rules.ts'
import { ChainsCheck, type Rows } from './chain-rows-rules.ts'
import { sealAfter } from './chain-rules.ts'
import { chainStart, noPersonalData, type SealedEvent, type UnsealedEvent } from './chain.schema.ts'
import { signCheckpoint } from './checkpoint-rules.ts'

const tamperings = 10_000
const tenantId = 'tenant'
const erased = 'user-3'

function event(number: number, change: Partial<UnsealedEvent> = {}): UnsealedEvent {
  return {
    tenantId,
    id: `event-${String(number).padStart(3, '0')}`,
    at: 1_767_323_045_000 + number,
    type: number % 3 === 0 ? 'user.updated' : 'group.created',
    category: 'admin',
    actorKind: number % 5 === 0 ? 'anonymous' : 'api_token',
    actorId: `token-${number % 4}`,
    actorUserId: number % 4 === 1 ? `user-${number % 7}` : '',
    credentialId: `token-${number % 4}`,
    subjectKind: number % 3 === 0 ? 'user' : 'group',
    subjectId: number % 3 === 0 ? `user-${number % 7}` : `group-${number}`,
    objectId: '',
    door: 'rest',
    requestId: `request-${number}`,
    data: '{"fields":["firstName"]}',
    personal: number % 3 === 0 ? `{"before":{"firstName":"Ada ${number}"}}` : noPersonalData,
    actorName: `apikey-${number % 4}`,
    address: '192.0.2.7',
    ...change,
  }
}

/** As erasePersonalData leaves them: all parts of the person blank, and the record behind them. */
function withErasure(events: readonly UnsealedEvent[]): SealedEvent[] {
  const record = event(events.length, { type: erasureType, subjectKind: 'user', subjectId: erased, personal: '{}' })
  const sealed = sealAfter(chainStart, [...events, record, event(events.length + 1)])
  return sealed.map((one, index) => {
    if (index >= events.length) return one
    const isSubject = one.subjectKind === 'user' && one.subjectId === erased
    const isActor = one.actorUserId === erased || (one.actorUserId === '' && one.actorKind === 'anonymous' && isSubject)
    return {
      ...one,
      ...(isSubject ? { personal: noPersonalData, subjectKey: '' } : {}),
      ...(isActor ? { actorName: '', address: '', actorKey: '' } : {}),
    }
  })
}

/** The log as it was sealed, of one length or another; half of them with an erasure. */
const logs: readonly (readonly SealedEvent[])[] = [1, 2, 3, 5, 8, 13, 21, 34].flatMap((length) => {
  const events = Array.from({ length }, (_, index) => event(index))
  return [sealAfter(chainStart, events), withErasure(events)]
})

/** As the database gives them back. */
function asRead(events: readonly SealedEvent[]): SealedEvent[] {
  return events
    .filter(({ seq }) => seq > 0)
    .toSorted((a, b) => a.seq - b.seq || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
}

function problemsOf(events: readonly SealedEvent[], original: readonly SealedEvent[]): number {
  const last = original.at(-1) ?? chainStart
  const check = new ChainCheck({ tenantId, checkpoints: [{ seq: last.seq, hash: last.hash }] })
  for (const one of asRead(events)) check.add(one)
  check.finish()
  return check.problemCount
}

interface Draw {
  readonly at: number
  readonly other: number
  readonly field: number
  readonly text: string
  readonly number: number
}

type Tampering = (log: readonly SealedEvent[], draw: Draw) => SealedEvent[]

function changed(value: string | number, { text, number }: Draw): string | number {
  if (typeof value === 'number') return value + (number === 0 ? 1 : number)
  if (text !== value && number % 2 === 0) return text
  const at = Math.abs(number) % (value.length + 1)
  return `${value.slice(0, at)}${value[at] === 'x' ? 'X' : 'x'}${value.slice(at + (number % 3 === 0 ? 1 : 0))}`
}

function replaceAt(log: readonly SealedEvent[], at: number, change: object): SealedEvent[] {
  return log.map((one, index) => (index === at % log.length ? { ...one, ...change } : one))
}

/** What somebody who may write to the database could do to it, and knows how links are made. */
const ways: Readonly<Record<string, Tampering>> = {
  'change one value': (log, draw) => {
    const victim = log[draw.at % log.length]
    const entries = Object.entries(victim ?? {})
    const [name = '', value = ''] = entries[draw.field % entries.length] ?? []
    return replaceAt(log, draw.at, { [name]: changed(value as string | number, draw) })
  },
  'remove events': (log, { at, other }) => {
    const start = at % log.length
    return log.toSpliced(start, 1 + (other % 3))
  },
  'cut the tail': (log, { at }) => log.slice(0, at % log.length),
  'swap two events': (log, { at, other }) => {
    if (log.length === 1) return []
    const a = at % log.length
    const b = (a + 1 + (other % (log.length - 1))) % log.length
    const [left, right] = [log[a], log[b]]
    if (left === undefined || right === undefined) return []
    return replaceAt(replaceAt(log, a, { ...right, seq: left.seq }), b, { ...left, seq: right.seq })
  },
  'swap what two events say': (log, { at, other }) => {
    if (log.length === 1) return []
    const a = at % log.length
    const b = (a + 1 + (other % (log.length - 1))) % log.length
    return replaceAt(replaceAt(log, a, { requestId: log[b]?.requestId }), b, { requestId: log[a]?.requestId })
  },
  'insert a well-made event': (log, { at, number }) => {
    // Behind the checkpoint anything may follow: that is what a log does.
    const place = at % log.length
    const forged = sealAfter(log[place - 1] ?? chainStart, [event(500, { at: number })])
    const behind = log.slice(place).map((one) => ({ ...one, seq: one.seq + (number % 2 === 0 ? 1 : 0) }))
    return [...log.slice(0, place), ...forged, ...behind]
  },
  'rewrite from one event on': (log, { at, number }) => {
    const start = at % log.length
    const [first, ...rest] = log.slice(start)
    return [
      ...log.slice(0, start),
      ...sealAfter(log[start - 1] ?? chainStart, [{ ...event(600), ...first, at: number }, ...rest]),
    ]
  },
  'rewrite all of it, and more': (log, { number }) =>
    sealAfter(
      chainStart,
      [...log, event(700)].map((one) => ({ ...one, requestId: `forged-${number}` })),
    ),
  'blank personal data': (log, { at, other }) => {
    const victim = log[at % log.length]
    if (victim === undefined || victim.subjectKey === '' || victim.actorKey === '') return []
    return replaceAt(
      log,
      at,
      other % 2 === 0 ? { personal: noPersonalData, subjectKey: '' } : { actorName: '', address: '', actorKey: '' },
    )
  },
  'take an event out of the chain': (log, { at }) => replaceAt(log, at, { seq: 0 }),
  'put in an event of another tenant': (log, { at }) => {
    const place = at % log.length
    const behind = log[place - 1] ?? chainStart
    return log.with(place, {
      ...event(800),
      ...sealAfter(behind, [event(800, { tenantId: 'other' })])[0],
    } as SealedEvent)
  },
}

test('logs that nobody touched are in order, with erasures and without', () => {
  for (const log of logs) assert.equal(problemsOf(log, log), 0)
})

test(`${tamperings.toLocaleString('en')} random tamperings are found, every one, given the last checkpoint`, () => {
  const seen = new Map<string, number>()
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(ways)),
      fc.constantFrom(...logs),
      fc.record({
        at: fc.nat(1_000),
        other: fc.nat(1_000),
        field: fc.nat(1_000),
        text: fc.string({ maxLength: 70 }),
        number: fc.integer(),
      }),
      (way, log, draw) => {
        const tampered = ways[way]?.(log, draw) ?? []
        assert.notDeepEqual(asRead(tampered), log)
        seen.set(way, (seen.get(way) ?? 0) + 1)
        assert.ok(problemsOf(tampered, log) > 0, way)
      },
    ),
    { numRuns: tamperings },
  )
  assert.deepEqual([...seen.keys()].toSorted(), Object.keys(ways).toSorted())
  console.log(`audit chain: ${[...seen.values()].reduce((sum, count) => sum + count, 0)} tamperings found`)
})

test('an erasure counts as one only for the person whom a later record names, and for what lies before it', () => {
  const log = withErasure(Array.from({ length: 13 }, (_, index) => event(index)))
  const withoutRecord = log.filter(({ type }) => type !== erasureType)
  assert.ok(problemsOf(withoutRecord, log) > 0)
  const behind = log.length - 1
  const erasedLater = replaceAt(log, behind, { personal: noPersonalData, subjectKey: '' })
  assert.ok(problemsOf(erasedLater, log) > 0)
})

test('without a checkpoint a cut tail is not to be seen, which is what checkpoints are kept elsewhere for', () => {
  const [log = []] = logs.slice(-2)
  const check = new ChainCheck({ tenantId })
  for (const one of log.slice(0, -1)) check.add(one)
  check.finish()
  assert.equal(check.problemCount, 0)
  assert.ok(problemsOf(log.slice(0, -1), log) > 0)
})

test('in a backup each chain is held against the checkpoints of its own tenant', () => {
  const signer = signerFrom('a secret of an installation')
  const tenants = ['first', 'second', 'third']
  const chains = tenants.map((of, index) =>
    sealAfter(
      chainStart,
      Array.from({ length: 5 + index }, (_, number) => event(number, { tenantId: of })),
    ),
  )
  const checkpoints = tenants.map((of, index) =>
    signCheckpoint(signer, { tenantId: of, place: chains[index]?.at(-1) ?? chainStart, at: 1_767_323_046_000 }),
  )
  const problemsIn = (events: readonly SealedEvent[]) => {
    const check = new ChainsCheck()
    check.addCheckpoints(asRows(checkpoints))
    check.addEvents(asRows(events))
    return [...check.finish()].map(([of, { problems }]) => [of, problems.map(({ kind }) => kind)])
  }
  const [first = [], second = [], third = []] = chains
  assert.deepEqual(problemsIn([...first, ...second, ...third]), [
    ['first', []],
    ['second', []],
    ['third', []],
  ])
  assert.deepEqual(problemsIn([...first, ...second.slice(0, -1)]), [
    ['first', []],
    ['second', ['cut_off']],
    ['third', ['cut_off']],
  ])
})

/** With the names that columns of tables have. */
function asRows(records: readonly object[]): Rows {
  const [first = {}] = records
  const columns = Object.keys(first).map((name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
  return { columns, rows: records.map((record) => Object.values(record)) }
}
