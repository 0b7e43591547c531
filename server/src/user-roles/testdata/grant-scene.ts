import assert from 'node:assert/strict'
import { startTestApp, type TestApp } from '../../../test/start-test-app.ts'
import type { WorkspaceRole } from '../../access/permissions.ts'

export const hour = 3_600_000

export function grants(userId: string): string {
  return `/api/muster/users/${userId}/role-grants`
}

export async function grant(t: TestApp, userId: string, role: WorkspaceRole, bounds: object): Promise<void> {
  const { status, text } = await t.post(grants(userId), { roleId: await t.roleId(role), ...bounds })
  assert.equal(status, 200, text)
}

export function filter(tree: object): string {
  return `filter=${encodeURIComponent(JSON.stringify(tree))}`
}

export interface Scene {
  readonly t: TestApp
  readonly userId: string
  readonly token: string
  readonly validFrom: number
  readonly expiresAt: number
}

/** A member who is an admin for one hour, an hour from now; there is an admin for good. */
export async function arrange(own: WorkspaceRole = '$member', granted: WorkspaceRole = '$admin'): Promise<Scene> {
  const t = await startTestApp()
  await t.addUser('admin01', '$admin')
  const { id: userId, token } = await t.addUser('user01', own)
  const validFrom = t.clock.now().getTime() + hour
  const expiresAt = validFrom + hour
  await grant(t, userId, granted, { validFrom, expiresAt })
  return { t, userId, token, validFrom, expiresAt }
}

/** The role of the user by everything on the wire that tells it. */
export const places: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  'workspaceRole of the record': async ({ t, userId }) =>
    (await t.get(`/api/service/users/${userId}`)).json.workspaceRole,
  'roles of the record': async ({ t, userId }) => (await t.get(`/api/service/users/${userId}`)).json.roles.at(1),
  'record in the list': async ({ t, userId }) => {
    const { records } = (await t.get('/api/service/users')).json
    return records.find(({ id }: { id: string }) => id === userId).workspaceRole
  },
  'filter by workspaceRole': (scene) => roleFoundBy(scene, 'workspaceRole'),
  'filter by roles': (scene) => roleFoundBy(scene, 'roles'),
  whoami: async ({ t, token }) => (await t.get('/api/service/whoami', { token })).json.workspaceRole,
  'roles of whoami': async ({ t, token }) => (await t.get('/api/service/whoami', { token })).json.roles[0].name,
  'assigned role of whoami': async ({ t, token }) =>
    (await t.get('/api/service/whoami', { token })).json.assignedRole.name,
  'what the token may do': async ({ t, token }) => {
    const mayWrite = (await t.post('/api/service/users', { users: [] }, { token })).status === 200
    const mayRead = (await t.get('/api/service/roles', { token })).status === 200
    return mayWrite ? '$admin' : mayRead ? '$member' : '$guest'
  },
}

async function roleFoundBy({ t, userId }: Scene, field: string): Promise<string> {
  const found: string[] = []
  for (const role of ['$admin', '$member', '$guest']) {
    const { json } = await t.get(`/api/service/users?${filter({ [field]: role, id: userId })}`)
    const others = await t.get(`/api/service/users?${filter({ [field]: { $neq: role }, id: userId })}`)
    assert.equal(json.filterRecord + others.json.filterRecord, 1)
    if (json.filterRecord === 1) found.push(role)
  }
  return found.join()
}

export async function counts(t: TestApp): Promise<Record<string, string>> {
  const { records } = (await t.get('/api/service/roles')).json
  return Object.fromEntries(
    records.map(({ name, userCount }: { name: string; userCount: string }) => [name, userCount]),
  )
}

export async function expectEverywhere(scene: Scene, role: WorkspaceRole, when: string): Promise<void> {
  for (const [place, ask] of Object.entries(places)) assert.equal(await ask(scene), role, `${place}, ${when}`)
  const others = { $admin: 1, $member: 0, $guest: 0 }
  const expected = Object.fromEntries(
    Object.entries(others).map(([name, number]) => [name, String(number + Number(name === role))]),
  )
  const counted = await counts(scene.t)
  assert.deepEqual({ ...counted, ...expected }, counted, `counts, ${when}`)
}
