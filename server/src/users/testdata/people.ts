import { inTransaction } from '../../access/in-transaction.ts'
import type { TrxCtx } from '../../access/ctx.ts'
import type { TenantSettings } from '../../tenants/tenants.schema.ts'
import type { TestApp, TestTenant } from '../../../test/start-test-app.ts'

/** What an invitation may say about a person; the address is derived from the username. */
export interface Invitee {
  readonly username: string
  readonly email?: string
  readonly roleName?: string
  readonly firstName?: string
  readonly lastName?: string
  readonly attributes?: Readonly<Record<string, readonly string[]>>
  readonly groups?: readonly string[]
}

/** Invites people in one call; answers their ids in the order given. */
export async function invitePeople(
  t: TestApp,
  people: readonly Invitee[],
  tenant: TestTenant = t.acme,
): Promise<string[]> {
  const users = people.map((person) => ({ email: `${person.username}@example.com`, ...person }))
  const { status, json, text } = await t.post(
    '/api/service/users',
    { users },
    { token: tenant.token, host: tenant.host },
  )
  if (status !== 200 || Object.keys(json.failedUsers).length > 0) throw new Error(`invitations failed: ${text}`)
  return users.map(({ email }) => json.createdUsers[email])
}

/** The address of the list with these parameters, percent-encoded. */
export function usersAddress(parameters: Readonly<Record<string, string | number>> = {}): string {
  const query = new URLSearchParams(
    Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)])),
  )
  return `/api/service/users?${query.toString()}`
}

/** The usernames on one page, in its order. */
export async function usernames(
  t: TestApp,
  parameters: Readonly<Record<string, string | number>>,
  token?: string,
): Promise<string[]> {
  const { status, json, text } = await t.get(usersAddress(parameters), token === undefined ? {} : { token })
  if (status !== 200) throw new Error(`${JSON.stringify(parameters)} → ${status} ${text}`)
  return json.records.map((record: { username: string }) => record.username)
}

/** Writes what no address of the API can bring about yet, such as a sign-in. */
export function writeDirectly(t: TestApp, work: (ctx: TrxCtx) => Promise<unknown>, tenant = t.acme): Promise<unknown> {
  return inTransaction(t.operator(tenant), work)
}

/** Facts about one person, oldest first. */
export async function eventTypesAbout(t: TestApp, userId: string): Promise<string[]> {
  const rows = await t.db
    .selectFrom('events')
    .select('type')
    .where('subject_id', '=', userId)
    .orderBy('at')
    .orderBy('id')
    .execute()
  return rows.map((row) => row.type)
}

/** All that an update can touch: what must stay when it is refused. */
export async function stateOf(t: TestApp, userId: string): Promise<unknown> {
  const user = await t.db.selectFrom('users').selectAll().where('id', '=', userId).executeTakeFirst()
  const groups = await t.db
    .selectFrom('group_members')
    .select('group_id')
    .where('user_id', '=', userId)
    .orderBy('group_id')
    .execute()
  const personas = await t.db
    .selectFrom('persona_subjects')
    .select('persona_id')
    .where('subject_id', '=', userId)
    .orderBy('persona_id')
    .execute()
  return { user, groups, personas, events: await eventTypesAbout(t, userId) }
}

/** Settings that no address changes yet. */
export function changeSettings(t: TestApp, settings: Partial<TenantSettings>): Promise<unknown> {
  return writeDirectly(t, ({ db, tenantId }) =>
    db
      .updateTable('tenants')
      .set({ settings: JSON.stringify(settings) })
      .where('id', '=', tenantId)
      .execute(),
  )
}

/** Makes a user one whom the IdP created, with SCIM switched on. */
export async function makeScimManaged(t: TestApp, userId: string): Promise<void> {
  await changeSettings(t, { scimIsOn: true })
  await writeDirectly(t, ({ db }) => db.updateTable('users').set({ source: 'scim' }).where('id', '=', userId).execute())
}
