import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { workspaceRoles, type SubRole, type WorkspaceRole } from '../src/access/permissions.ts'
import { issueServiceToken } from '../src/api-tokens/api-tokens.service.ts'
import { operatorCtx } from '../src/commands/operator.ts'
import { createTenant } from '../src/tenants/tenants.service.ts'
import { startTestApp, type TestApp, type TestTenant } from './start-test-app.ts'
import * as model from './time-model.ts'
import type { Bounds, ModelUser } from './time-model.ts'

const runs = 8
const subRoleNames: readonly SubRole[] = ['$governance-admin', '$workflow-admin']
const levels = ['connection', 'glossary']

let t: TestApp
let sequences = 0
let steps = 0

before(async () => {
  t = await startTestApp()
})

after(async () => {
  console.log(
    `time: ${sequences} histories, ${steps} changes and moves of the clock, each followed by a look at everything`,
  )
  await t[Symbol.asyncDispose]()
  assert.ok(steps > 0)
})

/** Three users, two groups with a persona each, and what they should look like. */
interface World {
  readonly tenant: TestTenant
  readonly userIds: readonly string[]
  readonly groupIds: readonly string[]
  readonly personaIds: readonly string[]
  readonly roleIds: ReadonlyMap<string, string>
  readonly users: readonly ModelUser[]
}

async function makeWorld(): Promise<World> {
  const slug = `time-${(sequences += 1)}`
  const { id } = await createTenant(operatorCtx(t.serverDb, '', t.clock.now()), { slug, name: slug, plan: 'standard' })
  const issued = { displayName: 'test', role: '$admin', rights: [], lifetimeSeconds: null, secret: null } as const
  const { secret } = await issueServiceToken(operatorCtx(t.serverDb, id, t.clock.now()), issued)
  const tenant = { id, host: `${slug}.localhost`, token: secret }
  const auth = { token: secret, host: tenant.host }
  const userIds = [
    await t.invite('u0@example.com', '$member', tenant),
    await t.invite('u1@example.com', '$member', tenant),
  ]
  userIds.push(await t.invite('u2@example.com', '$member', tenant))
  const groupIds = [await t.addGroup('g0', [], tenant), await t.addGroup('g1', [], tenant)]
  const personaIds: string[] = []
  for (const group of groupIds) {
    const persona = (await t.post('/api/service/personas', { name: `of ${group}` }, auth)).json.id
    await t.post(`/api/service/personas/${persona}/subjects`, { users: [], groups: [group] }, auth)
    personaIds.push(persona)
  }
  const { records }: { records: { name: string; id: string }[] } = (await t.get('/api/service/roles', auth)).json
  const roleIds = new Map(records.map((one) => [one.name, one.id]))
  return { tenant, userIds, groupIds, personaIds, roleIds, users: userIds.map(model.newModelUser) }
}

const user = fc.nat(2)
const group = fc.nat(1)
const role = fc.constantFrom(...workspaceRoles)
const subRole = fc.constantFrom(...subRoleNames)
/** Milliseconds from now; null is open. */
const offsets = fc.record({
  from: fc.option(fc.integer({ min: -3, max: 6 })),
  lasts: fc.option(fc.integer({ min: 1, max: 8 })),
})

const step = fc.oneof(
  fc.record({ kind: fc.constant('advance' as const), by: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('set member' as const), user, group, offsets }),
  fc.record({ kind: fc.constant('add member' as const), user, group }),
  fc.record({ kind: fc.constant('remove member' as const), user, group }),
  fc.record({ kind: fc.constant('replace groups' as const), user, groups: fc.uniqueArray(group) }),
  fc.record({ kind: fc.constant('change role' as const), user, role, way: fc.nat(1) }),
  fc.record({ kind: fc.constant('grant' as const), user, role, offsets }),
  fc.record({ kind: fc.constant('remove grant' as const), user, role }),
  fc.record({ kind: fc.constant('assign sub-role' as const), user, subRole, offsets }),
  fc.record({ kind: fc.constant('unassign sub-role' as const), user, subRole }),
  fc.record({
    kind: fc.constant('assign on one' as const),
    user,
    level: fc.constantFrom(...levels),
    privilege: fc.constantFrom('read', 'write'),
    offsets,
  }),
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

function boundsOf({ from, lasts }: { from: number | null; lasts: number | null }, now: number): Bounds {
  const validFrom = from === null ? null : now + from
  // What ended already would be refused: it ends after now, and after its beginning.
  return { validFrom, expiresAt: lasts === null ? null : Math.max(now, validFrom ?? now) + lasts }
}

async function take(world: World, chosen: Step): Promise<void> {
  if (chosen.kind === 'advance') return t.clock.advance(chosen.by)
  const now = t.clock.now().getTime()
  const it = world.users[chosen.user]
  const id = world.userIds[chosen.user]
  if (it === undefined || id === undefined) throw new Error('no such user')
  const { host, token } = world.tenant
  const send = async (method: string, path: string, body: unknown, status = 200) => {
    const answer = await t.request(method, path, { host, token, ...(body === undefined ? {} : { body }) })
    assert.equal(answer.status, status, `${JSON.stringify(chosen)}: ${answer.text}`)
  }
  const held = `/api/muster/users/${id}`
  switch (chosen.kind) {
    case 'set member': {
      const bounds = boundsOf(chosen.offsets, now)
      it.groups.set(chosen.group, bounds)
      return send('POST', `/api/muster/groups/${world.groupIds[chosen.group]}/members`, {
        members: [{ userId: id, ...bounds }],
      })
    }
    case 'add member':
      it.groups.set(chosen.group, model.open)
      return send('POST', `/api/service/groups/${world.groupIds[chosen.group]}/members`, { users: [id] })
    case 'remove member':
      it.groups.delete(chosen.group)
      return send('POST', `/api/service/groups/${world.groupIds[chosen.group]}/members/remove`, { users: [id] })
    case 'replace groups':
      model.replaceGroups(it, chosen.groups, now)
      return send('POST', `/api/service/users/${id}`, { groups: chosen.groups.map((number) => world.groupIds[number]) })
    case 'change role': {
      model.changeRole(it, chosen.role, now)
      const roleId = world.roleIds.get(chosen.role)
      return chosen.way === 0
        ? send('POST', `/api/service/users/${id}/roles/update`, { roleId })
        : send('PUT', `/api/service/users/${id}/roles`, { roles: [roleId] }, 204)
    }
    case 'grant': {
      const bounds = boundsOf({ ...chosen.offsets, lasts: chosen.offsets.lasts ?? 3 }, now)
      const isFree = model.grant(it, chosen.role, bounds, now)
      return send(
        'POST',
        `${held}/role-grants`,
        { roleId: world.roleIds.get(chosen.role), ...bounds },
        isFree ? 200 : 409,
      )
    }
    case 'remove grant':
      it.grants.delete(chosen.role)
      return send('DELETE', `${held}/role-grants/${world.roleIds.get(chosen.role)}`, undefined)
    case 'assign sub-role': {
      const bounds = boundsOf(chosen.offsets, now)
      const isMember = it.role === '$member'
      if (isMember) it.subRoles.set(chosen.subRole, bounds)
      return send(
        'POST',
        `${held}/sub-roles`,
        { roleId: world.roleIds.get(chosen.subRole), ...bounds },
        isMember ? 200 : 409,
      )
    }
    case 'unassign sub-role':
      it.subRoles.delete(chosen.subRole)
      return send('DELETE', `${held}/sub-roles/${world.roleIds.get(chosen.subRole)}`, undefined)
    case 'assign on one': {
      const { level, privilege } = chosen
      const bounds = boundsOf(chosen.offsets, now)
      it.decentralized.set(level, { privilege, bounds })
      return send('POST', `${held}/decentralized-roles`, {
        roleId: world.roleIds.get('$guest'),
        level,
        privilege,
        ...bounds,
      })
    }
  }
}

interface Record_ {
  readonly id: string
  readonly workspaceRole: string
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly groupCount: number
  readonly persona: readonly string[]
  readonly decentralizedRoles: readonly { readonly level: string; readonly privilege: string }[]
}

/** Everything the wire shows, against what the model says. */
async function look(world: World): Promise<void> {
  const now = t.clock.now().getTime()
  const { host, token } = world.tenant
  const list = async (path: string) => (await t.get(path, { host, token })).json
  const filter = (tree: object) => `filter=${encodeURIComponent(JSON.stringify(tree))}`
  const pictures = world.users.map((it) => model.picture(it, now))
  const { records }: { records: Record_[] } = await list('/api/service/users')
  for (const [index, expected] of pictures.entries()) {
    const record = records.find(({ id }) => id === world.userIds[index])
    assert.deepEqual(pictureOf(world, record), expected)
    assert.equal(record?.groupCount, expected.groups.length)
    assert.deepEqual(record?.persona.toSorted(), expected.groups.map((number) => world.personaIds[number]).toSorted())
  }
  const single = await list(`/api/service/users/${world.userIds[0]}`)
  assert.deepEqual(pictureOf(world, single), pictures[0])
  const usersWhere = (test_: (it: (typeof pictures)[number]) => boolean) =>
    world.userIds.filter((_id, index) => pictures[index] !== undefined && test_(pictures[index])).toSorted()
  const found = async (path: string) => {
    const page = await list(path)
    assert.equal(page.filterRecord, page.records.length)
    return page.records.map(({ id }: { id: string }) => id).toSorted()
  }
  const sizes = world.groupIds.map((_id, number) => pictures.filter(({ groups }) => groups.includes(number)).length)
  for (const [number, groupId] of world.groupIds.entries()) {
    const members = usersWhere(({ groups }) => groups.includes(number))
    assert.deepEqual(await found(`/api/service/groups/${groupId}/members`), members)
    assert.deepEqual(await found(`/api/service/users?${filter({ groups: groupId })}`), members)
    const mine = (await list(`/api/muster/groups/${groupId}/members?${filter({ state: 'active' })}`)).records
    assert.deepEqual(mine.map(({ userId }: { userId: string }) => userId).toSorted(), members)
  }
  const groups = (await list('/api/service/groups?sort=userCount')).records
  assert.deepEqual(
    groups.map(({ userCount }: { userCount: number }) => userCount),
    sizes.toSorted((a, b) => a - b),
  )
  for (const { id, userCount, memberCount } of groups)
    assert.deepEqual([userCount, memberCount], [sizes[world.groupIds.indexOf(id)], sizes[world.groupIds.indexOf(id)]])
  assert.deepEqual(
    (await found(`/api/service/groups?${filter({ userCount: sizes[0] })}`)).includes(world.groupIds[0] ?? ''),
    true,
  )
  const counted: { name: string; userCount: string }[] = (await list('/api/service/roles?sort=memberCount')).records
  for (const { name, userCount } of counted) {
    const holders = usersWhere(({ roles }) => roles.includes(name))
    assert.equal(Number(userCount), holders.length, `${name} at ${now}`)
    assert.deepEqual(await found(`/api/service/users?${filter({ roles: name })}`), holders)
  }
}

function pictureOf(world: World, record: Record_ | undefined) {
  return {
    workspaceRole: record?.workspaceRole as WorkspaceRole,
    roles: record?.roles,
    groups: record?.groups.map((id) => world.groupIds.indexOf(id)).toSorted((a, b) => a - b),
    decentralized: record?.decentralizedRoles.map(({ level, privilege }) => `${level} ${privilege}`).toSorted(),
  }
}

test('whatever is given, changed and taken, and however the clock moves, the wire shows what the model says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 25 }), async (history) => {
      const world = await makeWorld()
      for (const chosen of history) {
        await take(world, chosen)
        await look(world)
        steps += 1
      }
    }),
    { numRuns: runs },
  )
})
