import fc from 'fast-check'
import { password } from '../start-test-app.ts'
import { pick, step, type Move, type Scene } from './step.ts'
import {
  Refusal,
  forgetLink,
  invitationOutcome,
  sameKey,
  type ModelInvitation,
  type TenantState,
} from './tenant-state.ts'

/** Null keeps the provisional one. */
export const chosenName = fc.option(fc.constantFrom('ann', 'ANN', 'zoe', 'bob'), { nil: null })

/** Any of the links that were ever seen here or there: most work, some never did. */
export const accept = step({
  name: 'accept',
  weight: 5,
  input: fc.record({
    of: fc.oneof(
      { weight: 3, arbitrary: fc.constant('open' as const) },
      { weight: 3, arbitrary: fc.constant('over' as const) },
      { weight: 1, arbitrary: fc.constant('there' as const) },
    ),
    at: fc.nat(9),
    username: chosenName,
  }),
  move: (scene, { of, at, username }) => {
    const { state } = scene.here
    const open = (side: TenantState) => [...side.invitations.values()].flatMap(({ link }) => link ?? [])
    const links = of === 'open' ? open(state) : of === 'there' ? open(scene.there.state) : [...state.deadLinks]
    const token = pick(links, at)
    return token === undefined ? undefined : acceptLink(scene, token, username)
  },
})

export function acceptLink(scene: Scene, token: string, username: string | null): Move {
  const { state } = scene.here
  return {
    request: { method: 'POST', path: '/auth/accept-invite', body: { token, username, password } },
    isPublic: true,
    rule: () => {
      const invitation = [...state.invitations.values()].find(({ link }) => link === token)
      const user = invitation === undefined ? undefined : state.users.get(invitation.userId)
      if (invitation === undefined || user?.enabled !== true || invitationOutcome(invitation, scene.now) !== 'open')
        throw new Refusal(400, 'invalid_invitation')
      const isTaken = [...state.users.values()].some(
        (other) => other !== user && sameKey(other.username, username ?? user.username),
      )
      if (isTaken) throw new Refusal(409, 'username_exists')
      const mayGrant = inviterMayGrant(scene, invitation)
      return () => {
        invitation.outcome = 'accepted'
        forgetLink(state, invitation)
        Object.assign(user, { accepted: true, verified: true, username: username ?? user.username })
        if (!mayGrant) user.role = '$guest'
      }
    },
  }
}

/** Whoever has lost the right to invite since hands out no more than the least role. */
function inviterMayGrant({ here, now }: Scene, { inviter }: ModelInvitation): boolean {
  if ('userId' in inviter) {
    const user = here.state.users.get(inviter.userId)
    return user !== undefined && user.enabled && user.role === '$admin'
  }
  const token = here.state.tokens.get(inviter.tokenId)
  return token !== undefined && token.role === '$admin' && now < token.expiresAt
}
