import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readPostgres } from './postgres-place.ts'
import { startMuster, type RunningServer } from './servers.ts'

const usage = `npm run -s bench:sign-in -- [--people 60] [--sign-ins 300] [--trials 100]

Password sign-ins per second of one core (argon2id at the parameters of the product), and how long after somebody
was disabled a request of theirs was still accepted. With DATABASE_URL and DATABASE_OWNER_URL (an empty PostgreSQL database) the second is
measured across two nodes. The last line is JSON.`

const password = 'a sentence for measurements'

interface Answer {
  readonly status: number
  readonly text: string
  readonly cookies: readonly string[]
}

type Send = (method: string, path: string, options?: Options) => Promise<Answer>

interface Options {
  readonly token?: string
  readonly cookie?: string
  readonly csrf?: string
  readonly json?: unknown
  readonly form?: Readonly<Record<string, string>>
  /** Whom the server takes the request to come from. */
  readonly from?: string
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      people: { type: 'string', default: '60' },
      'sign-ins': { type: 'string', default: '300' },
      trials: { type: 'string', default: '100' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(`${usage}\n`)
  const folder = mkdtempSync(join(tmpdir(), 'muster-bench-sign-in-'))
  const token = `mst_${randomBytes(32).toString('base64url')}`
  const location = readPostgres(process.env) ?? ({ kind: 'sqlite', file: '' } as const)
  const settings = { MUSTER_BOOTSTRAP_TOKEN: token, MUSTER_TRUSTED_PROXIES: '127.0.0.1' }
  await using resources = new AsyncDisposableStack()
  resources.defer(() => rmSync(folder, { recursive: true, force: true }))
  const start = () =>
    startMuster({ location, folder }, settings).then((server) => resources.adopt(server, (running) => running.stop()))
  const first = await start()
  const second = location.kind === 'sqlite' ? first : await start()
  const people = await makePeople(sender(first.port), token, Number(values.people))
  const signIns = await measureSignIns(first, people, Number(values['sign-ins']))
  const disabling = await measureDisabling({ first, second, token, trials: Number(values.trials) })
  const report = { database: location.kind, nodes: first === second ? 1 : 2, signIns, disabling }
  process.stdout.write(`${JSON.stringify(report)}\n`)
}

/** People who have accepted, all with the same password. */
async function makePeople(send: Send, token: string, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, () => `person-${randomBytes(5).toString('hex')}`)
  for (const name of names) await makePerson(send, token, name)
  return names
}

async function makePerson(send: Send, token: string, username: string): Promise<string> {
  const email = `${username}@example.com`
  const { createdUsers } = read(await send('POST', '/api/service/users', { token, json: { emails: [email] } }))
  const userId = String(createdUsers[email])
  const filter = encodeURIComponent(JSON.stringify({ userId }))
  const { records } = read(await send('GET', `/api/muster/invitations?filter=${filter}`, { token }))
  const { link } = read(await send('POST', `/api/muster/invitations/${records[0].id}/link`, { token }))
  const invitation = new URL(link).searchParams.get('token')
  read(await send('POST', '/auth/accept-invite', { json: { token: invitation, username, password } }))
  return userId
}

async function measureSignIns(server: RunningServer, people: readonly string[], count: number) {
  const atOnce = 4
  const sends = Array.from({ length: atOnce }, () => sender(server.port))
  const one = async (send: Send, index: number) => {
    const login = people[index % people.length] ?? ''
    const started = performance.now()
    const { status } = await send('POST', '/auth/sign-in', { form: { login, password }, from: addressOf(index) })
    if (status !== 303) throw new Error(`sign-in ${index} answered ${status}`)
    return performance.now() - started
  }
  const run = async (from: number, to: number) => {
    const times: number[] = []
    let next = from
    const work = async (send: Send) => {
      while (next < to) times.push(await one(send, next++))
    }
    await Promise.all(sends.map(work))
    return times
  }
  await run(0, people.length)
  const [cpuBefore, started] = [await server.cpuMs(), performance.now()]
  const times = await run(people.length, people.length + count)
  const seconds = (performance.now() - started) / 1_000
  const cpuMs = (await server.cpuMs()) - cpuBefore
  return {
    count,
    perSecondPerCore: round((count * 1_000) / cpuMs),
    cpuMsEach: round(cpuMs / count),
    perSecond: round(count / seconds),
    p50Ms: round(quantile(times, 0.5)),
    p99Ms: round(quantile(times, 0.99)),
  }
}

interface Disabling {
  readonly first: RunningServer
  readonly second: RunningServer
  readonly token: string
  readonly trials: number
}

/** Asks one node without a pause while the other disables the person: the last 200 against the moment the answer came. */
async function measureDisabling({ first, second, token, trials }: Disabling) {
  const admin = sender(first.port)
  const person = sender(second.port)
  const lateMs: number[] = []
  const sinceSentMs: number[] = []
  for (let trial = 0; trial < trials; trial += 1) {
    const username = `leaver-${randomBytes(5).toString('hex')}`
    const userId = await makePerson(admin, token, username)
    const bearer = await bearerOf(person, username, addressOf(trial))
    if (!(await isAccepted(person, bearer))) throw new Error(`the session of ${username} does not work`)
    const asking = lastAcceptance(person, bearer)
    const sent = performance.now()
    read(await admin('POST', `/api/service/users/${userId}`, { token, json: { enabled: false } }))
    const done = performance.now()
    const lastAccepted = await asking
    lateMs.push(Math.max(0, lastAccepted - done))
    sinceSentMs.push(Math.max(0, lastAccepted - sent))
  }
  return {
    trials,
    lastAcceptedAfterAnswerMs: { p50: round(quantile(lateMs, 0.5)), max: round(Math.max(...lateMs)) },
    lastAcceptedAfterRequestMs: { p50: round(quantile(sinceSentMs, 0.5)), max: round(Math.max(...sinceSentMs)) },
  }
}

async function isAccepted(send: Send, token: string): Promise<boolean> {
  return (await send('GET', '/api/service/whoami', { token })).status === 200
}

/** Asks without a pause until the answer is no; when it was yes for the last time. */
async function lastAcceptance(send: Send, token: string): Promise<number> {
  let last = 0
  while (await isAccepted(send, token)) last = performance.now()
  return last
}

async function bearerOf(send: Send, login: string, from: string): Promise<string> {
  const { cookies } = await send('POST', '/auth/sign-in', { form: { login, password }, from })
  const cookie = cookies.map((line) => line.split(';')[0]).join('; ')
  const { csrfToken: csrf } = read(await send('GET', '/auth/session', { cookie }))
  return read(await send('POST', '/auth/session/token', { cookie, csrf })).accessToken
}

/** One connection that is kept. */
function sender(port: number): Send {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return (method, path, options = {}) =>
    new Promise((resolve, reject) => {
      const { token, cookie, csrf, json, form, from } = options
      const body =
        form !== undefined ? new URLSearchParams(form).toString() : json === undefined ? '' : JSON.stringify(json)
      const type = form !== undefined ? 'application/x-www-form-urlencoded' : 'application/json'
      const headers = {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(cookie === undefined ? {} : { cookie }),
        ...(csrf === undefined ? {} : { 'x-muster-csrf': csrf }),
        ...(from === undefined ? {} : { 'x-forwarded-for': from }),
        ...(body === '' ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
      }
      const sent = httpRequest({ agent, host: '127.0.0.1', port, method, path, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString(),
            cookies: response.headers['set-cookie'] ?? [],
          }),
        )
      })
      sent.on('error', reject)
      sent.end(body)
    })
}

// What comes back is as the contract says; anything else ends the run.
// oxlint-disable-next-line typescript/no-explicit-any
function read({ status, text }: Answer): any {
  if (status !== 200) throw new Error(`answered ${status}: ${text}`)
  return JSON.parse(text)
}

/** No address asks more often than one may. */
function addressOf(index: number): string {
  return `10.${(index >> 12) & 255}.${(index >> 4) & 255}.${(index & 15) + 1}`
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

await main()
