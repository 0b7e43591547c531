import fc from 'fast-check'
import { idOf, idsOf, needAll, ref, refs, step } from './step.ts'
import { Refusal, need, onlyAdmins, sameKey, type ModelPersona, type TenantState } from './tenant-state.ts'

const name = fc.constantFrom('base', 'Base', 'finance', 'legal')

/** @throws Refusal */
function requireFree(state: TenantState, wanted: string, own?: ModelPersona): void {
  if ([...state.personas.values()].some((persona) => persona !== own && sameKey(persona.name, wanted)))
    throw new Refusal(409, 'persona_exists')
}

export const createPersona = step({
  name: 'create persona',
  weight: 4,
  input: name,
  move: ({ here: { state } }, wanted) => ({
    request: { method: 'POST', path: '/api/service/personas', body: { name: wanted } },
    rule: (actor) => {
      onlyAdmins(actor)
      requireFree(state, wanted)
      return ({ id, qualifiedName }) =>
        state.personas.set(id, {
          id,
          qualifiedName,
          name: wanted,
          description: '',
          users: new Set(),
          groups: new Set(),
        })
    },
  }),
})

export const updatePersona = step({
  name: 'update persona',
  weight: 2,
  input: fc.record({
    persona: ref,
    change: fc.record({ name, description: fc.constantFrom('', 'x') }, { requiredKeys: [] }),
  }),
  move: (scene, { persona: which, change }) => {
    const { state } = scene.here
    const id = idOf(scene, 'personas', which)
    return {
      request: { method: 'POST', path: `/api/service/personas/${id}`, body: change },
      rule: (actor) => {
        onlyAdmins(actor)
        const persona = need(state.personas, id, 'persona_not_found')
        if (change.name !== undefined) requireFree(state, change.name, persona)
        return () => void Object.assign(persona, change)
      },
    }
  },
})

export const replaceSubjects = step({
  name: 'subjects',
  weight: 5,
  input: fc.record({ persona: ref, users: refs, groups: refs }),
  move: (scene, { persona: which, users, groups }) => {
    const { state } = scene.here
    const id = idOf(scene, 'personas', which)
    const userIds = idsOf(scene, 'users', users)
    const groupIds = idsOf(scene, 'groups', groups)
    return {
      request: {
        method: 'POST',
        path: `/api/service/personas/${id}/subjects`,
        body: { users: userIds, groups: groupIds },
      },
      rule: (actor) => {
        onlyAdmins(actor)
        const persona = need(state.personas, id, 'persona_not_found')
        needAll(state.users, userIds, 'user_not_found')
        needAll(state.groups, groupIds, 'group_not_found')
        return () => void Object.assign(persona, { users: new Set(userIds), groups: new Set(groupIds) })
      },
    }
  },
})
