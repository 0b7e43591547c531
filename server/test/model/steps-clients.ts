import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { WorkspaceRole } from '../../src/access/permissions.ts'
import { pick, ref, step, type Ref, type Scene } from './step.ts'
import { Refusal, need, onlyAdmins, type ModelClient } from './tenant-state.ts'

const path = '/api/service/oauth-clients'
const displayName = fc.constantFrom('sync', 'nightly')
const role = fc.constantFrom<WorkspaceRole>('$admin', '$member', '$guest')
const nobody = 'oauth-client-00000000-0000-4000-8000-000000000000'

function clientIdOf({ here, there }: Scene, { of, at }: Ref): string {
  if (of === 'nothing') return nobody
  return pick([...(of === 'here' ? here : there).state.clients.keys()], at) ?? nobody
}

export const createClient = step({
  name: 'create OAuth client',
  weight: 3,
  input: fc.record({ displayName, role }),
  move: ({ here: { state } }, input) => ({
    request: { method: 'POST', path, body: input },
    rule: (actor) => {
      onlyAdmins(actor)
      return ({ id, clientId, clientSecret: secret }) => {
        assert.match(secret, /^mocs_[A-Za-z0-9_-]{43}$/)
        state.clients.set(clientId, { id, clientId, secret, ...input, accessTokens: [] })
      }
    },
  }),
})

export const updateClient = step({
  name: 'update OAuth client',
  weight: 2,
  input: fc.record({
    client: ref,
    method: fc.constantFrom<'PUT' | 'POST'>('PUT', 'POST'),
    change: fc.record({ displayName, role }, { requiredKeys: [] }),
  }),
  move: (scene, { client: which, method, change }) => {
    const clientId = clientIdOf(scene, which)
    return {
      request: { method, path: `${path}/${clientId}`, body: change },
      rule: (actor) => {
        onlyAdmins(actor)
        const client = need(scene.here.state.clients, clientId, 'oauth_client_not_found')
        return () => void Object.assign(client, change)
      },
    }
  },
})

export const deleteClient = step({
  name: 'delete OAuth client',
  weight: 1,
  input: ref,
  move: (scene, which) => {
    const { state } = scene.here
    const clientId = clientIdOf(scene, which)
    return {
      request: { method: 'DELETE', path: `${path}/${clientId}` },
      rule: (actor) => {
        onlyAdmins(actor)
        const client = need(state.clients, clientId, 'oauth_client_not_found')
        return () => {
          state.clients.delete(clientId)
          state.goneClients.push(client)
        }
      },
    }
  },
})

/** Clients of this tenant, gone ones among them, and those of the other: their secrets are tried here, too. */
function anyClient({ here, there }: Scene, { of, at }: Ref): ModelClient | undefined {
  const { clients, goneClients } = (of === 'there' ? there : here).state
  return pick([...goneClients, ...clients.values()].toReversed(), at)
}

export const exchangeSecret = step({
  name: 'exchange the secret of an OAuth client',
  weight: 3,
  input: ref,
  move: (scene, which) => {
    const client = anyClient(scene, which)
    if (client === undefined) return undefined
    const { clientId, secret } = client
    return {
      request: { method: 'POST', path: `${path}/token`, body: { clientId, clientSecret: secret } },
      isPublic: true,
      rule: () => {
        if (scene.here.state.clients.get(clientId) !== client) throw new Refusal(401, 'invalid_token')
        return ({ accessToken, expiresIn }) => {
          assert.match(accessToken, /^moat_[A-Za-z0-9_-]{43}$/)
          client.accessTokens.push({ secret: accessToken, expiresAt: scene.now + expiresIn * 1_000 })
        }
      },
    }
  },
})

export const whoIsClient = step({
  name: 'an OAuth client asks who it is',
  weight: 3,
  input: fc.record({ client: ref, at: fc.nat(2) }),
  move: (scene, { client: which, at }) => {
    const client = anyClient(scene, which)
    const token = pick(client?.accessTokens.toReversed() ?? [], at)
    if (client === undefined || token === undefined) return undefined
    return {
      request: { method: 'GET', path: '/api/service/whoami' },
      isPublic: true,
      secret: token.secret,
      rule: () => {
        const isAlive = scene.here.state.clients.get(client.clientId) === client && scene.now < token.expiresAt
        if (!isAlive) throw new Refusal(401, 'invalid_token')
        return (json) => assert.equal(json.workspaceRole, client.role)
      },
    }
  },
})
