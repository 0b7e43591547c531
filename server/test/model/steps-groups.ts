import assert from 'node:assert/strict'
import fc from 'fast-check'
import { idOf, idsOf, needAll, ref, refs, step } from './step.ts'
import { Refusal, need, onlyAdmins, sameKey, type TenantState } from './tenant-state.ts'

/** Internal names, which are compared without regard to case. */
const name = fc.constantFrom('team', 'Team', 'ops', 'data_science')
const alias = fc.constantFrom('Team', 'Ops & Co', 'ςΣ', 'Daten "x"')

export const createGroup = step({
  name: 'create group',
  weight: 6,
  input: fc.record({ name, alias, isDefault: fc.boolean(), users: refs }),
  move: (scene, { name: groupName, alias: shown, isDefault, users }) => {
    const { state } = scene.here
    const userIds = idsOf(scene, 'users', users)
    const attributes = { alias: [shown], isDefault: [String(isDefault)] }
    return {
      request: {
        method: 'POST',
        path: '/api/service/groups',
        body: { group: { name: groupName, attributes }, users: userIds },
      },
      rule: (actor) => {
        onlyAdmins(actor)
        if ([...state.groups.values()].some((group) => sameKey(group.name, groupName)))
          throw new Refusal(409, 'group_exists')
        return (json) => {
          const statuses = userIds.map((id) => [id, state.users.has(id) ? 200 : 404])
          const shownStatuses = Object.entries<{ status: number }>(json.users).map(([id, { status }]) => [id, status])
          assert.deepEqual(Object.fromEntries(shownStatuses), Object.fromEntries(statuses))
          const members = new Set(userIds.filter((id) => state.users.has(id)))
          const group = { id: json.group, name: groupName, alias: shown, description: '', isDefault, members }
          state.groups.set(group.id, group)
        }
      },
    }
  },
})

export const updateGroup = step({
  name: 'update group',
  weight: 3,
  input: fc.record({
    group: ref,
    change: fc.record({ alias, isDefault: fc.boolean(), description: fc.constantFrom('', 'x') }, { requiredKeys: [] }),
  }),
  move: (scene, { group: which, change }) => {
    const { state } = scene.here
    const id = idOf(scene, 'groups', which)
    const attributes = {
      ...(change.isDefault === undefined ? {} : { isDefault: [String(change.isDefault)] }),
      ...(change.description === undefined
        ? {}
        : { description: change.description === '' ? [] : [change.description] }),
    }
    const body = { ...(change.alias === undefined ? {} : { alias: change.alias }), attributes }
    return {
      request: { method: 'POST', path: `/api/service/groups/${id}`, body },
      rule: (actor) => {
        onlyAdmins(actor)
        const group = need(state.groups, id, 'group_not_found')
        return () => void Object.assign(group, change)
      },
    }
  },
})

export const deleteGroup = step({
  name: 'delete group',
  weight: 2,
  input: ref,
  move: (scene, which) => {
    const { state } = scene.here
    const id = idOf(scene, 'groups', which)
    return {
      request: { method: 'POST', path: `/api/service/groups/${id}/delete` },
      rule: (actor) => {
        onlyAdmins(actor)
        need(state.groups, id, 'group_not_found')
        return () => {
          state.groups.delete(id)
          for (const persona of state.personas.values()) persona.groups.delete(id)
        }
      },
    }
  },
})

export const changeMembers = step({
  name: 'members',
  weight: 6,
  input: fc.record({ group: ref, users: refs, verb: fc.constantFrom<'add' | 'remove'>('add', 'add', 'remove') }),
  move: (scene, { group: which, users, verb }) => {
    const { state } = scene.here
    const id = idOf(scene, 'groups', which)
    const userIds = idsOf(scene, 'users', users)
    const path = `/api/service/groups/${id}/members${verb === 'add' ? '' : '/remove'}`
    return {
      request: { method: 'POST', path, body: { users: userIds } },
      rule: (actor) => {
        onlyAdmins(actor)
        const group = need(state.groups, id, 'group_not_found')
        if (verb === 'add') needAll(state.users, userIds, 'user_not_found')
        return (json) => {
          if (verb === 'add') assert.deepEqual(json.added, [...new Set(userIds)])
          for (const userId of userIds) {
            if (verb === 'add') group.members.add(userId)
            else group.members.delete(userId)
          }
        }
      },
    }
  },
})

export const joinGroups = step({
  name: 'join groups',
  weight: 3,
  input: fc.record({ user: ref, groups: refs }),
  move: (scene, { user: who, groups }) => {
    const { state } = scene.here
    const id = idOf(scene, 'users', who)
    const groupIds = idsOf(scene, 'groups', groups)
    return {
      request: { method: 'POST', path: `/api/service/users/${id}/groups`, body: { groups: groupIds } },
      rule: (actor) => {
        onlyAdmins(actor)
        need(state.users, id, 'user_not_found')
        needAll(state.groups, groupIds, 'group_not_found')
        return () => addTo(state, groupIds, id)
      },
    }
  },
})

function addTo(state: TenantState, groupIds: readonly string[], userId: string): void {
  for (const groupId of groupIds) state.groups.get(groupId)?.members.add(userId)
}
