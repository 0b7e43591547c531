import assert from 'node:assert/strict'
import fc, { type Arbitrary, type AsyncCommand } from 'fast-check'
import type { TestApp } from '../start-test-app.ts'
import { checkRows, compareWithModel } from './compare.ts'
import { idOf, pick, ref, type Move, type Ref, type Scene, type Step } from './step.ts'
import { changeMembers, createGroup, deleteGroup, joinGroups, updateGroup } from './steps-groups.ts'
import { accept, acceptLink, chosenName } from './steps-acceptance.ts'
import { createClient, deleteClient, exchangeSecret, updateClient, whoIsClient } from './steps-clients.ts'
import { invite, manage, manageInvitation, openIds } from './steps-invitations.ts'
import { createPersona, replaceSubjects, updatePersona } from './steps-personas.ts'
import { createToken, revokeToken, updateToken, whoAmI } from './steps-tokens.ts'
import { deleteUser, giveRole, updateUser } from './steps-users.ts'
import { Refusal, actorOf, sameKey, type ModelActor, type Side, type TenantState } from './tenant-state.ts'
import { addPersonalToken, invitationsOf, type World } from './world.ts'

export type Command = AsyncCommand<World, { commands: number }>

const steps = [
  updateUser,
  giveRole,
  deleteUser,
  invite,
  manageInvitation,
  accept,
  createGroup,
  updateGroup,
  deleteGroup,
  changeMembers,
  joinGroups,
  createPersona,
  updatePersona,
  replaceSubjects,
  createToken,
  updateToken,
  revokeToken,
  whoAmI,
  createClient,
  updateClient,
  deleteClient,
  exchangeSecret,
  whoIsClient,
]

/** Whose secret is shown: the tenant's first service token, a person's, any that ever was, or one of the other tenant. */
interface Who {
  readonly of: 'service' | 'person' | 'anybody' | 'foreigner'
  readonly at: number
}

const who: Arbitrary<Who> = fc.record({
  of: fc.oneof(
    { weight: 6, arbitrary: fc.constant('service' as const) },
    { weight: 5, arbitrary: fc.constant('person' as const) },
    { weight: 3, arbitrary: fc.constant('anybody' as const) },
    { weight: 1, arbitrary: fc.constant('foreigner' as const) },
  ),
  at: fc.nat(9),
})
const asService: Who = { of: 'service', at: 0 }
const where = fc.constantFrom(0, 1)

const asks = fc
  .tuple(where, who, fc.oneof(...steps))
  .map(([side, actor, step]): Command =>
    command(`${step.name} in ${side} as ${actor.of} ${actor.at} ${JSON.stringify(step.input)}`, (world) =>
      ask(world, sceneOf(world, side), actor, step),
    ),
  )

const minuteMs = 60_000
const joins = fc.tuple(where, fc.nat(9), chosenName).map(([side, at, username]): Command =>
  command(`a link ${at} in ${side} is copied and accepted as ${username}`, async (world) => {
    const scene = sceneOf(world, side)
    const id = pick(openIds(scene), at)
    if (id === undefined) return
    await ask(world, scene, asService, { name: 'copy link', input: id, move: () => manage(scene, id, 'link') })
    const token = scene.here.state.invitations.get(id)?.link ?? ''
    await ask(world, scene, asService, {
      name: 'accept',
      input: username,
      move: () => acceptLink(scene, token, username),
    })
  }),
)

const waits = fc
  .constantFrom(1_000, 60 * minuteMs, 8 * 24 * 60 * minuteMs)
  .map((ms) => command(`${ms / 1000} s pass`, async ({ t }) => t.clock.advance(ms)))

const gets = fc
  .tuple(where, ref)
  .map(([side, user]): Command =>
    command(`a personal token in ${side} for ${JSON.stringify(user)}`, (world) => giveToken(world, side, user)),
  )

const looks = fc.constant(command('all is compared', lookAtAll))

/** Drawn with equal chances. */
export const commandKinds: Arbitrary<Command>[] = [
  ...Array.from({ length: 16 }, () => asks),
  joins,
  joins,
  waits,
  gets,
  looks,
]

function command(text: string, run: (world: World) => Promise<void>): Command {
  return {
    check: () => true,
    run: async (world, tally) => {
      tally.commands += 1
      await run(world)
    },
    toString: () => text,
  }
}

function sceneOf({ t, sides: [first, second] }: World, side: number): Scene {
  const now = t.clock.now().getTime()
  return side === 0 ? { here: first, there: second, now } : { here: second, there: first, now }
}

async function giveToken(world: World, side: number, user: Ref): Promise<void> {
  const { here, there, now } = sceneOf(world, side)
  const id = idOf({ here, there, now }, 'users', { ...user, of: 'here' })
  await addPersonalToken(world.t, here, id)
}

/** The request of a step, beside what the model says about it. */
async function ask({ t }: World, scene: Scene, actor: Who, step: Step): Promise<void> {
  const move = step.move(scene)
  if (move === undefined) return
  const { here } = scene
  const secret = secretOf(scene, actor)
  const verdict = judge(move, here.state, secret, scene.now)
  const { method, path, body } = move.request
  const answer = await t.request(method, path, {
    token: move.isPublic === true ? (move.secret ?? null) : secret,
    host: here.tenant.host,
    ...(body === undefined ? {} : { body }),
  })
  if (verdict instanceof Refusal) {
    const code = answer.status < 400 ? answer.text : answer.json.error
    assert.deepEqual([answer.status, code], [verdict.status, verdict.code], step.name)
  } else {
    assert.equal(answer.status, move.status ?? 200, `${step.name}: ${answer.text}`)
    verdict(answer.text === '' ? null : answer.json)
  }
  expectNothingOf(scene.there, answer.text, JSON.stringify(move.request))
  await learn(t, scene)
}

/** The newest first: what has just been made is used more often. */
function secretOf({ here, there }: Scene, { of, at }: Who): string {
  if (of === 'service') return here.tenant.token
  const { tokens, deadSecrets } = (of === 'foreigner' ? there : here).state
  const alive = [...tokens.values()].filter(({ ownerId }) => of !== 'person' || ownerId !== null)
  const secrets = [...(of === 'person' ? [] : deadSecrets), ...alive.map(({ secret }) => secret)]
  return pick(secrets.toReversed(), at) ?? here.tenant.token
}

const stranger: ModelActor = { tokenId: '', userId: null, role: '$guest', expiresAt: 0 }

function judge(move: Move, state: TenantState, secret: string, now: number) {
  try {
    return move.rule(move.isPublic === true ? stranger : actorOf(state, secret, now))
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

/** No answer names anything of the other tenant that was not named by the request. */
function expectNothingOf({ state, roleIds }: Side, text: string, sent: string): void {
  const things = [state.users, state.groups, state.personas, state.tokens, state.invitations, state.clients]
  const ids = [...roleIds.values(), ...things.flatMap((map) => [...map.keys()])]
  const shown = ids.filter((id) => text.includes(id) && !sent.includes(id))
  assert.deepEqual(shown, [], 'an answer names things of another tenant')
}

/** Reads what the server alone decides: derived usernames, ids of new invitations. */
async function learn(t: TestApp, { here: { tenant, state } }: Scene): Promise<void> {
  for (const user of state.users.values()) {
    if (user.username !== '') continue
    const { json } = await t.get(`/api/service/users/${user.id}`, { token: tenant.token, host: tenant.host })
    const wish = user.email.split('@')[0] ?? ''
    const isTaken = [...state.users.values()].some(({ username }) => sameKey(username, wish))
    assert.match(json.username, isTaken ? new RegExp(`^${wish}-[0-9a-f]{4,}$`) : new RegExp(`^${wish}$`))
    user.username = json.username
  }
  for (const made of state.newInvitations.splice(0)) {
    const shown = await invitationsOf(t, tenant, made.userId)
    const [added, ...others] = shown.filter(({ id }) => !state.invitations.has(id))
    assert.deepEqual([added?.email, added?.expiresAt, others.length], [made.email, made.expiresAt, 0])
    state.invitations.set(added.id, { ...made, id: added.id })
  }
}

/** Both tenants whole, and the rows behind them. */
export async function lookAtAll({ t, sides }: World): Promise<void> {
  for (const side of sides) {
    const [other] = sides.filter((candidate) => candidate !== side)
    const text = await compareWithModel(t, side)
    if (other !== undefined) expectNothingOf(other, text, '')
    await checkRows(t, side)
  }
}
