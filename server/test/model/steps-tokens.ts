import assert from 'node:assert/strict'
import fc from 'fast-check'
import { idOf, ref, step } from './step.ts'
import {
  Refusal,
  everSeconds,
  need,
  notGuests,
  type ModelActor,
  type ModelToken,
  type TenantState,
} from './tenant-state.ts'

/** Null leaves it out, which means as long as can be. */
const validity = fc.constantFrom(null, null, -1, 0, 1, 3_600, 864_000, 9_999_999_999)

export const createToken = step({
  name: 'create token',
  weight: 6,
  input: fc.record({ displayName: fc.constantFrom('ci', 'bot'), validitySeconds: validity }),
  move: ({ here: { state }, now }, { displayName, validitySeconds }) => ({
    request: { method: 'POST', path: '/api/service/apikeys', body: { displayName, validitySeconds } },
    rule: (actor) => {
      notGuests(actor)
      if (validitySeconds === 0) throw new Refusal(400, 'invalid_body')
      const asked =
        validitySeconds === null || validitySeconds < 0 ? everSeconds : Math.min(validitySeconds, everSeconds)
      const expiresAt = Math.min(now + asked * 1_000, actor.expiresAt)
      const lifetimeSeconds = Math.max(1, Math.floor((expiresAt - now) / 1_000))
      return (json) => {
        const secret: string = json.attributes.accessToken
        assert.match(secret, /^mst_[A-Za-z0-9_-]{43}$/)
        const owner = { ownerId: actor.userId, role: actor.userId === null ? actor.role : null }
        state.tokens.set(json.id, { id: json.id, secret, displayName, ...owner, lifetimeSeconds, expiresAt })
      }
    },
  }),
})

export const updateToken = step({
  name: 'update token',
  weight: 2,
  input: fc.record({ token: ref, displayName: fc.constantFrom('ci', 'bot', 'other') }),
  move: (scene, { token: which, displayName }) => {
    const { state } = scene.here
    const id = idOf(scene, 'tokens', which)
    return {
      request: { method: 'POST', path: `/api/service/apikeys/${id}`, body: { displayName } },
      rule: (actor) => {
        const token = manageable(state, actor, id)
        return () => void (token.displayName = displayName)
      },
    }
  },
})

export const revokeToken = step({
  name: 'revoke token',
  weight: 2,
  input: ref,
  move: (scene, which) => {
    const { state } = scene.here
    const id = idOf(scene, 'tokens', which)
    // The one the comparison itself asks with stays.
    if (state.tokens.get(id)?.secret === scene.here.tenant.token) return undefined
    return {
      request: { method: 'DELETE', path: `/api/service/apikeys/${id}` },
      rule: (actor) => {
        const token = manageable(state, actor, id)
        return () => {
          state.deadSecrets.add(token.secret)
          state.tokens.delete(id)
        }
      },
    }
  },
})

/** Admins manage all tokens, members their own. @throws Refusal */
function manageable(state: TenantState, actor: ModelActor, id: string): ModelToken {
  notGuests(actor)
  const token = need(state.tokens, id, 'api_token_not_found')
  const isOwn = token.ownerId !== null && token.ownerId === actor.userId
  if (!isOwn && actor.role !== '$admin') throw new Refusal(403, 'insufficient_role')
  return token
}

export const whoAmI = step({
  name: 'who am I',
  weight: 3,
  input: fc.constant(null),
  move: () => ({
    request: { method: 'GET', path: '/api/service/whoami' },
    rule: (actor) => (json) => {
      assert.equal(json.workspaceRole, actor.role)
      assert.equal(json.userId, actor.tokenId)
    },
  }),
})
