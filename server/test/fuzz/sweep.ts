import fc, { type Arbitrary } from 'fast-check'
import type { Operation } from '../contract-page.ts'
import type { Caller, DrawnBody, DrawnRequest } from './draw-request.ts'
import type { ReadyRequest } from './send-request.ts'

type One = (drawn: DrawnRequest, change?: (ready: ReadyRequest) => ReadyRequest) => Promise<void>

interface Fault {
  readonly caller?: Caller
  readonly drawn?: (drawn: DrawnRequest) => DrawnRequest
  readonly change?: (ready: ReadyRequest) => ReadyRequest
}

function withHeaders(headers: Readonly<Record<string, string | readonly string[]>>): Pick<Fault, 'change'> {
  return {
    change: (ready) => ({ ...ready, options: { ...ready.options, headers: { ...ready.options.headers, ...headers } } }),
  }
}

function withBody(body: Partial<DrawnBody>): Pick<Fault, 'drawn'> {
  const plain = { value: {}, mutation: null, raw: null, type: 'application/json' }
  return { drawn: (drawn) => ({ ...drawn, body: { ...plain, ...body } }) }
}

const plainIds = { drawn: (drawn: DrawnRequest) => ({ ...drawn, body: null }) }

/** What any operation can be asked wrongly; chance alone would leave some of them out now and then. */
const faults: readonly Fault[] = [
  { caller: 'nobody' },
  { caller: 'unknown' },
  { caller: 'foreigner' },
  { caller: 'guest' },
  { caller: 'member' },
  { change: (ready) => ({ ...ready, options: { ...ready.options, host: 'nowhere.example.com' } }) },
  withHeaders({ 'content-encoding': 'gzip' }),
  withHeaders({ expect: 'something' }),
  withHeaders({ authorization: ['Bearer a', 'Bearer b'] }),
  { ...plainIds, ...withHeaders(Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`x-h-${at}`, '1']))) },
  withBody({ raw: { how: 'large' } }),
  withBody({ raw: { how: 'cut', at: 1 } }),
  withBody({ type: 'text/plain' }),
  {
    drawn: (drawn) => ({
      ...drawn,
      ids: Object.fromEntries(Object.keys(drawn.ids).map((name) => [name, 'no-such-thing'])),
    }),
  },
  withHeaders({ 'if-match': '"0"' }),
]

const timesUsual = 3

/** Every operation a few times as it should be, so that there are things to ask for; then with every fault. */
export async function sweep(
  arbitraries: ReadonlyMap<Operation, Arbitrary<DrawnRequest>>,
  seed: number,
  one: One,
): Promise<void> {
  for (let time = 0; time < timesUsual; time += 1) {
    for (const arbitrary of arbitraries.values()) {
      for (const drawn of fc.sample(arbitrary, { numRuns: 1, seed: seed + time })) await one(asUsual(drawn))
    }
  }
  for (const arbitrary of arbitraries.values()) {
    for (const [at, sample] of fc.sample(arbitrary, { numRuns: faults.length, seed }).entries()) {
      const { caller = 'admin', drawn: changed = (drawn: DrawnRequest) => drawn, change } = faults[at] ?? {}
      await one(changed({ ...asUsual(sample), caller }), change)
    }
  }
}

function asUsual(drawn: DrawnRequest): DrawnRequest {
  const body = drawn.body && { ...drawn.body, mutation: null, raw: null, type: 'application/json' }
  return { ...drawn, caller: 'admin', query: [], headers: {}, body }
}
