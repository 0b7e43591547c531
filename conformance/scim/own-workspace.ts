import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { startOwnServer, type OwnServer } from '../own-server.ts'
import { RunError } from '../run-error.ts'
import { send, type Answer, type Client } from './client.ts'

/** What only the owner of a server can do to it. */
export interface OwnWorkspace {
  readonly url: string
  readonly scimToken: string
  /** REST as an admin of the workspace. */
  rest(method: string, path: string, body?: unknown): Promise<Answer>
  /** Another SCIM token of the workspace. */
  issueToken(options?: object): Promise<{ readonly id: string; readonly token: string }>
  /** Runs with single rules changed, and puts them back. */
  withRules(overrides: object, run: () => Promise<void>): Promise<void>
  /** What the server has printed so far. */
  printed(): string
  /** The address of a workspace of its own on the same host. */
  addTenant(slug: string): void
  stop(): Promise<void>
}

/** Starts a server and sets SCIM up as a person would: a connection, then a token, over the REST API. */
export async function startOwnWorkspace(root: string): Promise<OwnWorkspace> {
  const server = await startOwnServer(root)
  try {
    const rest = restOf(server)
    await mustSucceed(rest('POST', '/api/muster/sso-connections', connection))
    const issueToken = async (options: object = {}) => {
      const { json } = await mustSucceed(rest('POST', '/api/muster/scim/tokens', { label: 'conformance', ...options }))
      return { id: String(json.id), token: String(json.token) }
    }
    const { token } = await issueToken()
    return {
      url: server.url,
      scimToken: token,
      rest,
      issueToken,
      withRules: async (overrides, run) => {
        await mustSucceed(rest('POST', '/api/muster/scim/settings', { overrides }))
        try {
          await run()
        } finally {
          await mustSucceed(rest('POST', '/api/muster/scim/settings', { overrides: {} }))
        }
      },
      printed: server.printed,
      addTenant: (slug) => operate(root, server, ['tenants', 'create', slug, '--admin', `admin@${slug}.example`]),
      stop: server.stop,
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}

function restOf({ url, token }: OwnServer): OwnWorkspace['rest'] {
  const client: Client = { base: url, token, exchanges: [] }
  return (method, path, body) =>
    send(client, method, path, {
      ...(body === undefined ? {} : { body }),
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
    })
}

async function mustSucceed(answering: Promise<Answer>): Promise<Answer> {
  const answer = await answering
  if (answer.status < 200 || answer.status > 299)
    throw new RunError(`${answer.method} ${answer.url} answered ${answer.status}: ${answer.text}`)
  return answer
}

function operate(root: string, server: OwnServer, args: readonly string[]): void {
  const node = join(root, 'node_modules', '.bin', 'node')
  const done = spawnSync(node, ['server/src/commands/muster-server.ts', ...args], {
    cwd: root,
    env: server.environment,
    encoding: 'utf8',
  })
  if (done.status !== 0) throw new RunError(`muster-server ${args.join(' ')} failed:\n${done.stdout}${done.stderr}`)
}

const connection = {
  alias: 'conformance',
  entityId: 'https://idp.example.com/conformance',
  signOnUrl: 'https://idp.example.com/conformance/sso',
  certificates: [
    `-----BEGIN CERTIFICATE-----
MIIBpzCCAU2gAwIBAgIUXAKXBRTO6JWWRF1/MniMHlfrsZQwCgYIKoZIzj0EAwIw
KDEmMCQGA1UEAwwdTXVzdGVyIHRlc3QgaWRlbnRpdHkgcHJvdmlkZXIwIBcNMjYx
MTI2MTMyNTM2WhgPMjEyNjExMDIxMzI1MzZaMCgxJjAkBgNVBAMMHU11c3RlciB0
ZXN0IGlkZW50aXR5IHByb3ZpZGVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
rWUCnTE8XQUW9/9rPabHCtDpIk09C4WD4dLgEOxrv6fO0vFx5JfDCuLIyCR+2Ay8
4dSDN+jmKP6l8e1ZpEinsqNTMFEwHQYDVR0OBBYEFKgmurMuYAKL0cGv0ogGjI8c
ai9dMB8GA1UdIwQYMBaAFKgmurMuYAKL0cGv0ogGjI8cai9dMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgaCk3SJbNyeHXT2OqPN5tW/MFOZo2g/E7
FzF31xQR/FoCIQDLoPRT/M5Qr15gA96c8/aOA0qOPQmRE7J9v0IhqOsewQ==
-----END CERTIFICATE-----`,
  ],
}
