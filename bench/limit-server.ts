import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { openLimitStore, type LimitLocation } from './limit-store.ts'

/**
 * The limit: bare node:http and one prepared statement per request, answering the bytes Muster answers.
 * No credential, tenant, validation, filter, event, log or second index; nobody could use it.
 */
interface Setup {
  readonly location: LimitLocation
  /** A record of somebody just invited: every insert writes one of this size. */
  readonly pendingDocument: string | null
}

const usersPath = '/api/service/users'
const setup: Setup = JSON.parse(process.env['LIMIT_SETUP'] ?? '')
const store = openLimitStore(setup.location)
const total = await store.count()

const server = createServer((request, response) => {
  void answer(request, response)
})
server.keepAliveTimeout = 72_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(
    `limit is ready: http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}\n`,
  )
})
process.on('SIGTERM', () => {
  server.closeAllConnections()
  server.close(() => void store.close().then(() => process.exit(0)))
})

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = request.url ?? ''
  const id = url.startsWith(`${usersPath}/`) ? url.slice(usersPath.length + 1) : ''
  if (request.method === 'POST') {
    const body = JSON.parse(await readBody(request))
    send(response, id === '' ? await create(body.emails[0]) : await update(id, body.firstName))
  } else if (id === '') {
    send(response, await list(url))
  } else {
    const document = store.get(id)
    send(response, typeof document === 'string' ? document : await document)
  }
}

async function list(url: string): Promise<string> {
  const offset = /[?&]offset=(\d+)/.exec(url)?.[1]
  if (offset !== undefined) return envelope(await store.page(Number(offset), 20), total)
  const email = /[^"]+@[^"]+/.exec(decodeURIComponent(url.slice(url.indexOf('filter='))))?.[0] ?? ''
  const document = await store.findByEmail(email)
  return envelope(document === undefined ? [] : [document], document === undefined ? 0 : 1)
}

function envelope(documents: readonly string[], filtered: number): string {
  return `{"totalRecord":${total},"filterRecord":${filtered},"count":${documents.length},"records":[${documents.join(',')}]}`
}

async function create(email: string): Promise<string> {
  const id = randomUUID()
  await store.insert({ id, email, document: setup.pendingDocument ?? '' })
  return `{"createdUsers":{"${email}":"${id}"},"failedUsers":{}}`
}

async function update(id: string, firstName: string): Promise<string | undefined> {
  const before = await store.get(id)
  if (before === undefined) return undefined
  const document = before.replace(/"firstName":"[^"]*"/, `"firstName":"${firstName}"`)
  await store.update(id, document)
  return shortForm(document)
}

/** The keys an update answers, cut out of the whole record. */
function shortForm(document: string): string {
  const named = document.slice(0, document.indexOf(',"workspaceRole"'))
  const attributes = document.slice(document.indexOf(',"attributes"'), document.indexOf(',"personas"'))
  const created = document.slice(document.indexOf(',"createdTimestamp"'), document.indexOf(',"lastLoginTime"'))
  return `${named}${attributes}${created}}`
}

function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => (body += chunk))
    request.on('end', () => resolve(body))
    request.on('error', reject)
  })
}

function send(response: ServerResponse, body: string | undefined): void {
  const text = body ?? '{}'
  response.writeHead(body === undefined ? 404 : 200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}
