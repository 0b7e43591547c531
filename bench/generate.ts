import { issueServiceToken } from '../server/src/api-tokens/api-tokens.service.ts'
import { operatorCtx } from '../server/src/commands/operator.ts'
import type { Database } from '../server/src/db/database.ts'
import { rawRows, type Db, type Trx } from '../server/src/db/db.ts'
import { readRoles } from '../server/src/roles/roles.service.ts'
import { createTenant } from '../server/src/tenants/tenants.service.ts'
import {
  createdEvent,
  groupRow,
  invitationRow,
  personaRow,
  purposeRow,
  userRow,
  type NewRow,
  type RoleIds,
} from './directory-rows.ts'
import type { Person } from './operations.ts'
import { fewBelow, seededRandom } from './random.ts'

export const tenantSlug = 'bench'

/** What surrounds the users; part of what makes one generated directory like another. */
export const shape = { groups: 500, membershipsEach: 5, personas: 50, purposes: 20 } as const
/** Who holds a persona or purpose directly, and through which groups. */
const subjectsEach = { groups: 4, users: 20 } as const

const usersPerTransaction = 5_000
/** Values of one statement, below the limits of both databases. */
const valuesMax = 30_000
/** Load requests choose among this many people at most, spread evenly over the directory. */
const peopleMax = 100_000

export interface Generated {
  /** A service token with the role $admin. */
  readonly token: string
  readonly people: readonly Person[]
}

/** Fills a migrated database with one tenant, with all that the server itself would have kept in step. */
export async function generateDirectory(db: Db, users: number): Promise<Generated> {
  const tenant = await createTenant(operatorCtx(db, ''), { slug: tenantSlug, name: 'Bench', plan: 'enterprise' })
  const ctx = operatorCtx(db, tenant.id)
  const { token, secret } = await issueServiceToken(ctx, {
    displayName: 'bench',
    role: '$admin',
    rights: [],
    lifetimeSeconds: null,
    secret: null,
  })
  const book = await readRoles(ctx)
  const roleId = (name: string) => book.requireWorkspaceRoleByName(name).id
  const roles: RoleIds = { admin: roleId('$admin'), member: roleId('$member'), guest: roleId('$guest') }
  const filler = new Filler(db, tenant.id, roles)
  await filler.addGroups()
  for (let from = 0; from < users; from += usersPerTransaction) {
    await filler.addUsers(from, Math.min(from + usersPerTransaction, users), token.id)
  }
  await filler.addPersonasAndPurposes(users)
  await filler.addTotals(users)
  const step = Math.max(1, Math.ceil(users / peopleMax))
  const numbers = Array.from({ length: Math.floor(users / step) }, (_, index) => index * step)
  return {
    token: secret,
    people: numbers.map((number) => userRow(tenant.id, number, roles, 0)).map(({ id, email }) => ({ id, email })),
  }
}

class Filler {
  readonly #db: Db
  readonly #tenantId: string
  readonly #roles: RoleIds
  readonly #now = Date.now()
  readonly #groupIds: readonly string[]
  readonly #members = new Map<string, number>()
  readonly #roleMembers = new Map<string, number>()
  #invitations = 0

  constructor(db: Db, tenantId: string, roles: RoleIds) {
    this.#db = db
    this.#tenantId = tenantId
    this.#roles = roles
    this.#groupIds = Array.from({ length: shape.groups }, (_, number) => groupRow(tenantId, number).id)
  }

  async addGroups(): Promise<void> {
    const groups = Array.from({ length: shape.groups }, (_, number) => groupRow(this.#tenantId, number))
    await this.#db.engine.transact((trx) => insertRows(trx, 'groups', groups))
  }

  async addUsers(from: number, to: number, inviterId: string): Promise<void> {
    const users = Array.from({ length: to - from }, (_, index) =>
      userRow(this.#tenantId, from + index, this.#roles, this.#now),
    )
    const memberships = users.flatMap((user, index) => this.#membershipsOf(user.id, from + index, user.created_at))
    const invitations = users.map((user) => invitationRow(user, inviterId)).filter((row) => row !== null)
    const roleNames = new Map([
      [this.#roles.admin, '$admin'],
      [this.#roles.guest, '$guest'],
    ])
    const events = users.map((user) => createdEvent(user, roleNames.get(user.workspace_role_id) ?? '$member'))
    for (const user of users) count(this.#roleMembers, user.workspace_role_id)
    for (const row of memberships) count(this.#members, row.group_id)
    this.#invitations += invitations.length
    await this.#db.engine.transact(async (trx) => {
      await insertRows(trx, 'users', users)
      await insertRows(trx, 'group_members', memberships)
      await insertRows(trx, 'invitations', invitations)
      await insertRows(trx, 'events', events)
    })
  }

  /** In the order of the key, as far as one batch goes: the index then grows at few places at a time. */
  #membershipsOf(userId: string, number: number, addedAt: number): NewRow<'group_members'>[] {
    const random = seededRandom(40_000_000 + number)
    return fewBelow(random, shape.membershipsEach, shape.groups).map((group) => ({
      tenant_id: this.#tenantId,
      group_id: this.#groupIds[group] ?? '',
      user_id: userId,
      source: 'local',
      added_at: addedAt,
    }))
  }

  async addPersonasAndPurposes(users: number): Promise<void> {
    const random = seededRandom(50_000_000)
    const userIds = () =>
      fewBelow(random, subjectsEach.users, users).map((number) => userRow(this.#tenantId, number, this.#roles, 0).id)
    const groupIds = () =>
      fewBelow(random, subjectsEach.groups, shape.groups).map((group) => this.#groupIds[group] ?? '')
    const subjects = () => [
      ...groupIds().map((id) => ({ subject_kind: 'group', subject_id: id })),
      ...userIds().map((id) => ({ subject_kind: 'user', subject_id: id })),
    ]
    const tenant = { tenant_id: this.#tenantId }
    const personas = Array.from({ length: shape.personas }, (_, number) => personaRow(this.#tenantId, number))
    const purposes = Array.from({ length: shape.purposes }, (_, number) => purposeRow(this.#tenantId, number))
    await this.#db.engine.transact(async (trx) => {
      await insertRows(trx, 'personas', personas)
      await insertRows(
        trx,
        'persona_subjects',
        personas.flatMap(({ id }) => subjects().map((subject) => ({ ...tenant, persona_id: id, ...subject }))),
      )
      await insertRows(trx, 'purposes', purposes)
      await insertRows(
        trx,
        'purpose_subjects',
        purposes.flatMap(({ id }) => subjects().map((subject) => ({ ...tenant, purpose_id: id, ...subject }))),
      )
    })
  }

  async addTotals(users: number): Promise<void> {
    const totals = {
      users,
      groups: shape.groups,
      personas: shape.personas,
      purposes: shape.purposes,
      invitations: this.#invitations,
    }
    await this.#db.engine.transact(async (trx) => {
      await insertRows(
        trx,
        'counters',
        Object.entries(totals).map(([name, value]) => ({ tenant_id: this.#tenantId, name, value })),
      )
      for (const [id, members] of this.#members) {
        await rawRows(trx, 'update groups set member_count = ? where tenant_id = ? and id = ?', [
          members,
          this.#tenantId,
          id,
        ])
      }
      for (const [id, members] of this.#roleMembers) {
        await rawRows(trx, 'update roles set member_count = ? where tenant_id = ? and id = ?', [
          members,
          this.#tenantId,
          id,
        ])
      }
    })
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** Many rows per statement; table and columns are names of our own tables, values are bound. */
export async function insertRows<T extends keyof Database>(
  trx: Trx,
  table: T,
  rows: readonly NewRow<T>[],
): Promise<void> {
  const columns = Object.keys(rows[0] ?? {})
  const perStatement = Math.floor(valuesMax / Math.max(columns.length, 100))
  const one = `(${columns.map(() => '?').join(', ')})`
  for (let start = 0; start < rows.length; start += perStatement) {
    const batch = rows.slice(start, start + perStatement)
    const text = `insert into ${table} (${columns.join(', ')}) values ${batch.map(() => one).join(', ')}`
    await rawRows(
      trx,
      text,
      batch.flatMap((row) => Object.values(row)),
    )
  }
}
