import { makeObject, newText } from './authz-world.ts'
import { post, type Scenario } from './scenario.ts'

const groups = '/api/service/groups'

export const ofGroups: readonly Scenario[] = [
  post(
    `POST ${groups}`,
    'with a member, and one who does not exist',
    async (t) => ({
      path: groups,
      body: { group: { name: newText() }, users: [await makeObject(t, 'user'), 'nobody'] },
    }),
    ['group.created', 'group.member_added'],
  ),
  post(
    `POST ${groups}/{id}`,
    'alias and description',
    async (t) => ({
      path: `${groups}/${await makeObject(t, 'group')}`,
      body: { alias: newText(), attributes: { description: ['x'] } },
    }),
    ['group.updated'],
    [],
  ),
  post(
    `POST ${groups}/{id}/delete`,
    'with members, a persona and a purpose',
    async (t) => {
      const id = await t.addGroup(newText(), [await makeObject(t, 'user'), await makeObject(t, 'user')])
      for (const address of [
        `/api/service/personas/${await makeObject(t, 'persona')}`,
        `/api/muster/purposes/${await makeObject(t, 'purpose')}`,
      ]) {
        await t.post(`${address}/subjects`, { users: [], groups: [id] })
      }
      return { path: `${groups}/${id}/delete` }
    },
    ['persona.subject_removed', 'purpose.subject_removed', 'group.deleted'],
  ),
  post(
    `POST ${groups}/{id}/members`,
    'two users, one named twice',
    async (t) => {
      const [one, two] = [await makeObject(t, 'user'), await makeObject(t, 'user')]
      return { path: `${groups}/${await makeObject(t, 'group')}/members`, body: { users: [one, two, one] } }
    },
    ['group.member_added', 'group.member_added'],
    [],
  ),
  post(
    `POST ${groups}/{id}/members/remove`,
    'a member and a stranger',
    async (t) => {
      const member = await makeObject(t, 'user')
      const id = await t.addGroup(newText(), [member])
      return { path: `${groups}/${id}/members/remove`, body: { users: [member, await makeObject(t, 'user')] } }
    },
    ['group.member_removed'],
    [],
  ),
]

export const ofLinks: readonly Scenario[] = (['persona', 'purpose'] as const).flatMap((kind) => {
  const list = `/api/service/${kind}s`
  const subjects = kind === 'persona' ? `${list}/{id}/subjects` : '/api/muster/purposes/{id}/subjects'
  return [
    post(`POST ${list}`, 'a new one', async () => ({ path: list, body: { name: newText() } }), [`${kind}.created`]),
    post(
      `POST ${list}/{id}`,
      'name and description',
      async (t) => ({ path: `${list}/${await makeObject(t, kind)}`, body: { name: newText(), description: 'x' } }),
      [`${kind}.updated`],
      [],
    ),
    post(
      `POST ${subjects}`,
      'a user comes, another goes, a group comes',
      async (t) => {
        const id = await makeObject(t, kind)
        const path = subjects.replace('{id}', id)
        await t.post(path, { users: [await makeObject(t, 'user')], groups: [] })
        return { path, body: { users: [await makeObject(t, 'user')], groups: [await makeObject(t, 'group')] } }
      },
      [`${kind}.subject_added`, `${kind}.subject_added`, `${kind}.subject_removed`],
      [],
    ),
  ]
})
