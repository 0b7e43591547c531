import assert from 'node:assert/strict'
import { startTestApp, type TestApp } from '../../../test/start-test-app.ts'

export const service = '/api/service'
export const hour = 3_600_000

export function bounded(group: string): string {
  return `/api/muster/groups/${group}/members`
}

export async function setMember(t: TestApp, group: string, userId: string, bounds: object): Promise<void> {
  const { status, text } = await t.post(bounded(group), { members: [{ userId, ...bounds }] })
  assert.equal(status, 200, text)
}

export interface Scene {
  readonly t: TestApp
  readonly userId: string
  readonly group: string
  readonly persona: string
  readonly purpose: string
  readonly validFrom: number
  readonly expiresAt: number
}

/** A user who is in a group for one hour, an hour from now; the group holds a persona and a purpose, and somebody for good. */
export async function arrange(): Promise<Scene> {
  const t = await startTestApp()
  const userId = await t.invite('user01@example.com')
  const group = await t.addGroup('data', [await t.invite('always@example.com')])
  const persona = (await t.post(`${service}/personas`, { name: 'base' })).json.id
  const purpose = (await t.post(`${service}/purposes`, { name: 'billing' })).json.id
  await t.post(`${service}/personas/${persona}/subjects`, { users: [], groups: [group] })
  await t.post(`/api/muster/purposes/${purpose}/subjects`, { users: [], groups: [group] })
  const validFrom = t.clock.now().getTime() + hour
  const expiresAt = validFrom + hour
  await setMember(t, group, userId, { validFrom, expiresAt })
  return { t, userId, group, persona, purpose, validFrom, expiresAt }
}

/** Everything on the wire that says whether the user is in the group; all of it must say the same. */
const places: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  'members of the group': async ({ t, group, userId }) =>
    ids((await t.get(`${service}/groups/${group}/members`)).json).includes(userId),
  'members of the group, filtered': async ({ t, group, userId }) =>
    (await t.get(`${service}/groups/${group}/members?${filter({ id: userId })}`)).json.filterRecord === 1,
  'number of members in the list': async ({ t, group }) =>
    (await t.get(`${service}/groups/${group}/members`)).json.totalRecord === 2,
  'groups of the user': async ({ t, group, userId }) =>
    ids((await t.get(`${service}/users/${userId}/groups`)).json).includes(group),
  'number of groups of the user': async ({ t, userId }) =>
    (await t.get(`${service}/users/${userId}/groups?count=true`)).json.totalRecord === 1,
  'groups of the record': async (scene) => (await record(scene)).groups.includes(scene.group),
  groupCount: async (scene) => (await record(scene)).groupCount === 1,
  'persona of the record': async (scene) => (await record(scene)).persona.includes(scene.persona),
  'personas of the record': async (scene) => (await record(scene)).personas.length === 1,
  'purposes of the record': async (scene) => (await record(scene)).purposes.length === 1,
  'record in the list': async ({ t, userId }) => {
    const { records } = (await t.get(`${service}/users`)).json
    return records.find((user: { id: string }) => user.id === userId).groupCount === 1
  },
  'columns of the list': async ({ t, userId }) => {
    const { records } = (await t.get(`${service}/users?columns=groupCount`)).json
    return records.find((user: { id: string }) => user.id === userId).groupCount === 1
  },
  'filter by group': async ({ t, group, userId }) =>
    ids((await t.get(`${service}/users?${filter({ groups: group })}`)).json).includes(userId),
  'filter by group, turned round': async ({ t, group, userId }) =>
    !ids((await t.get(`${service}/users?${filter({ groups: { $neq: group } })}`)).json).includes(userId),
  'filter by groupCount': async ({ t, userId }) =>
    ids((await t.get(`${service}/users?${filter({ groupCount: 1 })}`)).json).includes(userId),
  userCount: async (scene) => (await groupOf(scene)).userCount === 2,
  memberCount: async (scene) => (await groupOf(scene)).memberCount === 2,
  'filter by userCount': async ({ t, group }) =>
    ids((await t.get(`${service}/groups?${filter({ userCount: { $gt: 1 } })}`)).json).includes(group),
  'filter by userCount, from below': async ({ t, group }) =>
    !ids((await t.get(`${service}/groups?${filter({ userCount: { $lt: 2 } })}`)).json).includes(group),
  'groups by id for Java': async ({ t, userId }) =>
    (await t.get(`${service}/identity/users?${filter({ id: userId })}&columns=groups`)).json[0].groups.length === 1,
}

function ids({ records }: { records: { id: string }[] }): string[] {
  return records.map(({ id }) => id)
}

export function filter(tree: object): string {
  return `filter=${encodeURIComponent(JSON.stringify(tree))}`
}

async function record({ t, userId }: Scene) {
  return (await t.get(`${service}/users/${userId}`)).json
}

async function groupOf({ t, group }: Scene) {
  return (await t.get(`${service}/groups`)).json.records.find(({ id }: { id: string }) => id === group)
}

export async function expectEverywhere(scene: Scene, isMember: boolean, when: string): Promise<void> {
  for (const [place, ask] of Object.entries(places)) assert.equal(await ask(scene), isMember, `${place}, ${when}`)
}
