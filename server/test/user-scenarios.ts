import type { EventName } from '../src/events/event-types.ts'
import { makeObject, newText } from './authz-world.ts'
import { newEmail, post, type Scenario } from './scenario.ts'
import type { TestApp } from './start-test-app.ts'

const users = '/api/service/users'

export const ofUsers: readonly Scenario[] = [
  post(
    `POST ${users}`,
    'one address',
    async () => ({ path: users, body: { emails: [newEmail()] } }),
    ['user.created', 'invitation.sent'],
    [],
  ),
  post(
    `POST ${users}`,
    'two people, one into a group, one of them bad',
    async (t) => ({
      path: users,
      body: {
        users: [
          { email: newEmail() },
          { email: newEmail(), groups: [await makeObject(t, 'group')] },
          { email: 'no address' },
        ],
      },
    }),
    ['user.created', 'user.created', 'group.member_added', 'invitation.sent', 'invitation.sent'],
    [],
  ),
  post(
    `POST ${users}`,
    'somebody whose invitation was revoked',
    async (t) => {
      const address = newEmail()
      await revoke(t, await t.invite(address))
      return { path: users, body: { emails: [address] } }
    },
    ['invitation.sent'],
    [],
  ),
  update('names', async () => ({ firstName: newText(), lastName: newText() }), ['user.updated']),
  update('attributes', async () => ({ attributes: { designation: ['Analyst'] } }), ['user.updated']),
  update('the address of a pending user', async () => ({ email: newEmail() }), ['user.updated', 'invitation.sent']),
  update('disabled', async () => ({ enabled: false }), ['user.disabled']),
  update('the role', async () => ({ workspaceRole: '$guest' }), ['user.role_changed']),
  update('groups', async (t) => ({ groups: [await makeObject(t, 'group'), await makeObject(t, 'group')] }), [
    'group.member_added',
    'group.member_added',
  ]),
  update('personas', async (t) => ({ persona: [await makeObject(t, 'persona')] }), ['persona.subject_added']),
  update(
    'everything at once',
    async (t) => ({
      firstName: newText(),
      enabled: false,
      workspaceRole: '$guest',
      groups: [await makeObject(t, 'group')],
      persona: [await makeObject(t, 'persona')],
    }),
    ['user.disabled', 'user.updated', 'user.role_changed', 'group.member_added', 'persona.subject_added'],
  ),
  post(
    `POST ${users}/{id}`,
    'enabled again, out of groups and personas',
    async (t) => {
      const id = await makeObject(t, 'user')
      await t.post(`${users}/${id}`, {
        enabled: false,
        groups: [await makeObject(t, 'group')],
        persona: [await makeObject(t, 'persona')],
      })
      return { path: `${users}/${id}`, body: { enabled: true, groups: [], persona: [] } }
    },
    ['user.enabled', 'group.member_removed', 'persona.subject_removed'],
    [],
  ),
  post(
    `POST ${users}/{id}/roles/update`,
    'another role',
    async (t) => ({
      path: `${users}/${await makeObject(t, 'user')}/roles/update`,
      body: { roleId: await t.roleId('$guest') },
    }),
    ['user.role_changed'],
    [],
  ),
  post(
    `PUT ${users}/{id}/roles`,
    'another role',
    async (t) => ({
      path: `${users}/${await makeObject(t, 'user')}/roles`,
      body: { roles: [await t.roleId('$guest')] },
    }),
    ['user.role_changed'],
    [],
  ),
  post(
    `POST ${users}/{id}/delete`,
    'in a group, a persona and a purpose',
    async (t) => {
      // With a password, which goes as well.
      const { id } = await t.addUser(newText())
      await t.post(`${users}/${id}`, {
        groups: [await makeObject(t, 'group')],
        persona: [await makeObject(t, 'persona')],
      })
      await t.post(`/api/muster/purposes/${await makeObject(t, 'purpose')}/subjects`, { users: [id], groups: [] })
      await makeObject(t, 'api-token', t.acme, id)
      return { path: `${users}/${id}/delete`, body: { transferToUserId: await makeObject(t, 'user') } }
    },
    ['group.member_removed', 'persona.subject_removed', 'purpose.subject_removed', 'user.deleted'],
  ),
  post(
    `POST ${users}/{id}/groups`,
    'two groups, one of them his already',
    async (t) => {
      const id = await makeObject(t, 'user')
      const mine = await t.addGroup(newText(), [id])
      return { path: `${users}/${id}/groups`, body: { groups: [mine, await makeObject(t, 'group')] } }
    },
    ['group.member_added'],
    [],
  ),
]

/** A change of a fresh user; the same change again is none. */
function update(what: string, body: (t: TestApp) => Promise<object>, leaves: readonly EventName[]): Scenario {
  return post(
    `POST ${users}/{id}`,
    what,
    async (t) => ({ path: `${users}/${await makeObject(t, 'user')}`, body: await body(t) }),
    leaves,
    [],
  )
}

async function revoke(t: TestApp, userId: string): Promise<void> {
  const list = await t.get(`/api/muster/invitations?filter=${encodeURIComponent(JSON.stringify({ userId }))}`)
  await t.post(`/api/muster/invitations/${list.json.records[0].id}/revoke`)
}
