import type { SubRole, WorkspaceRole } from '../src/access/permissions.ts'
import type { EventName } from '../src/events/event-types.ts'
import { makeObject, newText } from './authz-world.ts'
import { post, type Scenario } from './scenario.ts'
import type { TestApp } from './start-test-app.ts'

const users = '/api/muster/users'
const members = '/api/muster/groups/{id}/members'
const expiresAt = '2030-01-01T00:00:00Z'
const later = '2031-01-01T00:00:00Z'

type Kind = 'role-grants' | 'sub-roles' | 'decentralized-roles'

/** A user who was given these already, and the address. */
async function userWith(t: TestApp, given: readonly (readonly [Kind, object])[]): Promise<string> {
  const id = await makeObject(t, 'user')
  for (const [kind, body] of given) await t.post(`${users}/${id}/${kind}`, body)
  return `${users}/${id}`
}

function give(
  kind: Kind,
  what: string,
  arrange: (t: TestApp) => Promise<{ before?: object; body: object }>,
  leaves: EventName,
): Scenario {
  return post(
    `POST ${users}/{id}/${kind}`,
    what,
    async (t) => {
      const { before, body } = await arrange(t)
      return { path: `${await userWith(t, before === undefined ? [] : [[kind, before]])}/${kind}`, body }
    },
    [leaves],
    [],
  )
}

async function held(t: TestApp, role: WorkspaceRole | SubRole, more: object = {}): Promise<object> {
  return { roleId: await t.roleId(role), ...more }
}

const onOne = { level: 'connection', privilege: 'admin', objectId: 'warehouse' }

export const ofRoles: readonly Scenario[] = [
  give(
    'role-grants',
    'admin for a time',
    async (t) => ({ body: await held(t, '$admin', { expiresAt }) }),
    'user.role_granted',
  ),
  give(
    'role-grants',
    'other bounds',
    async (t) => ({
      before: await held(t, '$admin', { expiresAt }),
      body: await held(t, '$admin', { expiresAt: later }),
    }),
    'user.role_grant_changed',
  ),
  post(
    `DELETE ${users}/{id}/role-grants/{roleId}`,
    'one that is valid',
    async (t) => ({
      path: `${await userWith(t, [['role-grants', await held(t, '$admin', { expiresAt })]])}/role-grants/${await t.roleId('$admin')}`,
    }),
    ['user.role_grant_removed'],
    [],
  ),
  give(
    'sub-roles',
    'one for good',
    async (t) => ({ body: await held(t, '$governance-admin') }),
    'user.sub_role_assigned',
  ),
  give(
    'sub-roles',
    'with an end now',
    async (t) => ({
      before: await held(t, '$governance-admin'),
      body: await held(t, '$governance-admin', { expiresAt }),
    }),
    'user.sub_role_changed',
  ),
  post(
    `DELETE ${users}/{id}/sub-roles/{roleId}`,
    'one that is held',
    async (t) => ({
      path: `${await userWith(t, [['sub-roles', await held(t, '$workflow-admin')]])}/sub-roles/${await t.roleId('$workflow-admin')}`,
    }),
    ['user.sub_role_unassigned'],
    [],
  ),
  give(
    'decentralized-roles',
    'on one connection',
    async (t) => ({ body: await held(t, '$member', onOne) }),
    'user.decentralized_role_assigned',
  ),
  give(
    'decentralized-roles',
    'another privilege on the same connection, for a time',
    async (t) => ({
      before: await held(t, '$member', onOne),
      body: await held(t, '$member', { ...onOne, privilege: 'read', expiresAt }),
    }),
    'user.decentralized_role_changed',
  ),
  post(
    `DELETE ${users}/{id}/decentralized-roles/{heldId}`,
    'one that is held',
    async (t) => {
      const path = `${users}/${await makeObject(t, 'user')}/decentralized-roles`
      return { path: `${path}/${(await t.post(path, await held(t, '$member', onOne))).json.id}` }
    },
    ['user.decentralized_role_unassigned'],
    [],
  ),
  post(
    'POST /api/service/users/{id}/roles/update',
    'another role, for a member with a grant and a sub-role',
    async (t) => {
      const path = await userWith(t, [
        ['role-grants', await held(t, '$admin', { expiresAt })],
        ['sub-roles', await held(t, '$governance-admin')],
      ])
      return { path: `${path.replace('muster', 'service')}/roles/update`, body: await held(t, '$guest') }
    },
    ['user.role_changed', 'user.role_grant_removed', 'user.sub_role_unassigned'],
    [],
  ),
]

export const ofBoundMembers: readonly Scenario[] = [
  post(
    `POST ${members}`,
    'one for a time, one to come, one who is in it for good',
    async (t) => {
      const [one, two, three] = [await makeObject(t, 'user'), await makeObject(t, 'user'), await makeObject(t, 'user')]
      const group = await t.addGroup(newText(), [three])
      const body = {
        members: [
          { userId: one, expiresAt },
          { userId: two, validFrom: expiresAt, expiresAt: later },
          { userId: three, expiresAt },
        ],
      }
      return { path: members.replace('{id}', group), body }
    },
    ['group.member_added', 'group.member_added', 'group.member_changed'],
    [],
  ),
  post(
    'POST /api/service/groups/{id}/members',
    'somebody who is in it for a time',
    async (t) => {
      const [group, userId] = [await makeObject(t, 'group'), await makeObject(t, 'user')]
      await t.post(members.replace('{id}', group), { members: [{ userId, expiresAt }] })
      return { path: `/api/service/groups/${group}/members`, body: { users: [userId] } }
    },
    ['group.member_changed'],
    [],
  ),
]
