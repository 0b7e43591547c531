import type { TestApp } from '../../../test/start-test-app.ts'
import type { Answer } from '../../../test/test-client.ts'

/** Takes an admin away, or tries to. */
export type Taking = (t: TestApp, id: string, token: string) => Promise<Answer>

const rolesFor = new WeakMap<TestApp, Promise<string>>()
/** The id of $guest in this app. */
export function guestRole(t: TestApp): Promise<string> {
  const known = rolesFor.get(t) ?? t.roleId('$guest')
  rolesFor.set(t, known)
  return known
}

/** Every way in which a request can take an admin away. */
export const waysOfTaking: Readonly<Record<string, Taking>> = {
  'POST roles/update': async (t, id, token) =>
    t.post(`/api/service/users/${id}/roles/update`, { roleId: await guestRole(t) }, { token }),
  'PUT roles': async (t, id, token) =>
    t.put(`/api/service/users/${id}/roles`, { roles: [await guestRole(t)] }, { token }),
  'update of workspaceRole': (t, id, token) =>
    t.post(`/api/service/users/${id}`, { firstName: 'X', workspaceRole: '$member' }, { token }),
  'update of roles': (t, id, token) =>
    t.post(`/api/service/users/${id}`, { firstName: 'X', roles: ['default-roles-default', '$guest'] }, { token }),
  disable: (t, id, token) => t.post(`/api/service/users/${id}`, { firstName: 'X', enabled: false }, { token }),
  delete: (t, id, token) => t.post(`/api/service/users/${id}/delete`, undefined, { token }),
}
