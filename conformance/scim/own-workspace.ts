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
MIIBOjCB4AIBATAKBggqhkjOPQQDAjAoMSYwJAYDVQQDDB1NdXN0ZXIgdGVzdCBp
ZGVudGl0eSBwcm92aWRlcjAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAw
MFowKDEmMCQGA1UEAwwdTXVzdGVyIHRlc3QgaWRlbnRpdHkgcHJvdmlkZXIwWTAT
BgcqhkjOPQIBBggqhkjOPQMBBwNCAASlHxdOYcyouVqZoPFiVUzZ3I9IHY4caJvd
B64ajqVNLRlDxKgPegUKKWow9RIt89TgCoreChlDY/kjAhohKPEEMAoGCCqGSM49
BAMCA0kAMEYCIQCRysnShT4ERLVmwxENBHEX4bs1ifBAo4/gPqcjNDuvOAIhAJ6t
GhinDVztTlynITne1NoYdYGNHGSp7bsnsehRAGa8
-----END CERTIFICATE-----`,
  ],
}
