import { randomBytes } from 'node:crypto'
import { RunError } from '../run-error.ts'

interface Target {
  readonly url: string
  readonly token: string
}

interface FixtureUser {
  readonly username: string
  readonly email: string
}

const users: readonly FixtureUser[] = ['user01', 'user02', 'user03'].map((username) => ({
  username,
  email: `${username}@example.com`,
}))

/**
 * What section 12 of the contract asks of the workspace: three enabled users with @example.com addresses,
 * one default group and one further group. What is already there stays.
 */
export async function prepareFixture(target: Target): Promise<void> {
  await createGroup(target, 'conformance_default', 'true')
  await createGroup(target, 'conformance_further', 'false')
  for (const user of users) {
    if (await isAccepted(target, user)) continue
    await invite(target, user)
    await accept(target, user)
  }
}

async function createGroup(target: Target, name: string, isDefault: 'true' | 'false'): Promise<void> {
  const answer = await request(target, 'POST', '/api/service/groups', {
    group: { name, attributes: { alias: [name], isDefault: [isDefault] } },
  })
  if (answer.status !== 409) expectOk(answer)
}

async function isAccepted(target: Target, user: FixtureUser): Promise<boolean> {
  const filter = encodeURIComponent(JSON.stringify({ username: user.username }))
  const [found] = await readRows(target, `/api/service/users?filter=${filter}`)
  if (found === undefined || found['status'] === 'Pending') return false
  if (found['status'] === 'Enabled' && String(found['email']).endsWith('@example.com')) return true
  throw new RunError(
    `The workspace has a user ${user.username} who is not enabled or not at example.com; the suite needs that name.`,
  )
}

async function invite(target: Target, user: FixtureUser): Promise<void> {
  expectOk(await request(target, 'POST', '/api/service/users', { users: [{ ...user, roleName: '$member' }] }))
}

async function accept(target: Target, user: FixtureUser): Promise<void> {
  const invitation = await findInvitation(target, user.email)
  const { link } = await expectJson(
    await request(target, 'POST', `/api/muster/invitations/${String(invitation['id'])}/link`),
  )
  const token = new URL(String(link)).searchParams.get('token')
  const person = {
    username: user.username,
    firstName: 'First',
    lastName: 'Last',
    password: `conformance ${randomBytes(12).toString('hex')}`,
  }
  expectOk(await request(target, 'POST', '/auth/accept-invite', { token, ...person }))
}

async function findInvitation(target: Target, email: string): Promise<Record<string, unknown>> {
  const pageSize = 100
  for (let offset = 0; ; offset += pageSize) {
    const rows = await readRows(target, `/api/muster/invitations?limit=${pageSize}&offset=${offset}`)
    const found = rows.find((row) => row['email'] === email && (row['state'] === undefined || row['state'] === 'open'))
    if (found !== undefined) return found
    if (rows.length < pageSize)
      throw new RunError(`${email} was invited, but GET /api/muster/invitations does not list the invitation.`)
  }
}

interface Answer {
  readonly what: string
  readonly status: number
  readonly text: string
}

async function request(target: Target, method: string, path: string, body?: unknown): Promise<Answer> {
  const headers: Record<string, string> = { authorization: `Bearer ${target.token}`, accept: 'application/json' }
  const sent = body === undefined ? {} : { body: JSON.stringify(body) }
  if (body !== undefined) headers['content-type'] = 'application/json'
  const response = await fetch(target.url + path, { method, headers, ...sent }).catch((cause: unknown) => {
    throw new RunError(`${target.url} cannot be reached.`, { cause })
  })
  const answer = { what: `${method} ${path}`, status: response.status, text: await response.text() }
  if (answer.status === 401) {
    throw new RunError(
      `${answer.what} answered 401: the token is not known there. A database of your own must be empty before the run, ` +
        'because the bootstrap token counts at the first start only.',
    )
  }
  return answer
}

function expectOk(answer: Answer): void {
  if (answer.status !== 200)
    throw new RunError(`The fixture could not be prepared: ${answer.what} answered ${answer.status}: ${answer.text}`)
}

async function expectJson(answer: Answer): Promise<Record<string, unknown>> {
  expectOk(answer)
  const parsed: unknown = JSON.parse(answer.text)
  if (!isRecord(parsed)) throw new RunError(`${answer.what} answered no JSON object: ${answer.text}`)
  return parsed
}

async function readRows(target: Target, path: string): Promise<Record<string, unknown>[]> {
  const { records } = await expectJson(await request(target, 'GET', path))
  return Array.isArray(records) ? records.filter(isRecord) : []
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
