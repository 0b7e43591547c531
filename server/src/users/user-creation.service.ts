import { v7 as uuid } from 'uuid'
import type { TrxCtx } from '../access/ctx.ts'
import { addToCounter } from '../db/counters.ts'
import { toKey } from '../db/normal-key.ts'
import type { NewEvent } from '../events/event-types.ts'
import { recordEvents } from '../events/record-event.ts'
import { moveMembers } from '../roles/roles.service.ts'
import type { Attributes } from '../text/clean-text.ts'
import { emailKey, titleKey, usernameFromEmail } from './user-rules.ts'
import { insertUsers, selectTakenUsernameKeys } from './user-writes.queries.ts'
import type { UserSource } from './users.schema.ts'

export interface NewUser {
  /** In canonical form; empty for a provisioned user without one. */
  readonly email: string
  /** Checked; null derives one from the address and makes it unique. */
  readonly username: string | null
  readonly firstName: string
  readonly lastName: string
  readonly attributes: Attributes
  readonly role: { readonly id: string; readonly name: string }
  readonly source: UserSource
  readonly enabled: boolean
  readonly emailVerified: boolean
  /** Present while the person has not accepted yet. */
  readonly invitation: { readonly by: string; readonly byName: string } | null
}

export interface CreatedUser extends NewUser {
  readonly id: string
  readonly username: string
}

const attemptsMax = 4

/**
 * Creates users; one whose address or chosen username is taken, even by somebody at this very moment, is left out.
 * Writes counters and `user.created`; default groups and invitations are the caller's.
 *
 * @returns those created, in the order given
 */
export async function createUsers(ctx: TrxCtx, newUsers: readonly NewUser[]): Promise<CreatedUser[]> {
  const created: CreatedUser[] = []
  let left = newUsers.map((user) => ({ ...user, id: uuid() }))
  for (let attempt = 0; left.length > 0 && attempt < attemptsMax; attempt += 1) {
    const named = await chooseUsernames(ctx, left, attempt)
    const inserted = await insertUsers(
      ctx.db,
      named.map((user) => toRow(ctx, user)),
    )
    created.push(...named.filter((user) => inserted.has(user.id)))
    // A derived name may have been taken meanwhile: those are tried again with another; an address or chosen name is final.
    left = left.filter((user) => !inserted.has(user.id) && user.username === null)
  }
  await account(ctx, created)
  const order = new Map(newUsers.map((user, index) => [user.email, index]))
  return created.toSorted((a, b) => (order.get(a.email) ?? 0) - (order.get(b.email) ?? 0))
}

type Candidate = NewUser & { readonly id: string }

/** Two look-ups for the whole batch: first the plain names, then those with a suffix. */
async function chooseUsernames(ctx: TrxCtx, users: readonly Candidate[], attempt: number): Promise<CreatedUser[]> {
  const wishes = users.map((user) => user.username ?? usernameFromEmail(user.email))
  const taken = await selectTakenUsernameKeys(ctx.db, ctx.tenantId, wishes.map(toKey))
  const used = new Set<string>()
  return users.map((user, index) => {
    const wish = wishes[index] ?? user.id
    if (user.username !== null) return { ...user, username: user.username }
    const isFree = attempt === 0 && !taken.has(toKey(wish)) && !used.has(toKey(wish))
    // The end of the id is random: a suffix nobody else has.
    const username = isFree ? wish : `${wish}-${user.id.slice(-4 - 4 * attempt)}`
    used.add(toKey(username))
    return { ...user, username }
  })
}

function toRow(ctx: TrxCtx, user: CreatedUser) {
  const now = ctx.now.getTime()
  return {
    tenant_id: ctx.tenantId,
    id: user.id,
    username: user.username,
    username_key: toKey(user.username),
    email: user.email,
    email_key: emailKey(user.email, user.id),
    first_name: user.firstName,
    first_name_key: toKey(user.firstName),
    last_name: user.lastName,
    last_name_key: toKey(user.lastName),
    enabled: user.enabled ? 1 : 0,
    email_verified: user.emailVerified ? 1 : 0,
    source: user.source,
    workspace_role_id: user.role.id,
    attributes: JSON.stringify(user.attributes),
    title_key: titleKey(user.attributes),
    locked_until: 0,
    invited_at: user.invitation === null ? 0 : now,
    invited_by: user.invitation?.by ?? '',
    invited_by_name: user.invitation?.byName ?? '',
    accepted_at: 0,
    last_login_at: 0,
    created_at: now,
    modified_at: now,
    version: 1,
    links_version: 1,
  }
}

async function account(ctx: TrxCtx, created: readonly CreatedUser[]): Promise<void> {
  await addToCounter(ctx.db, ctx.tenantId, 'users', created.length)
  const byRole = Map.groupBy(created, (user) => user.role.id)
  for (const [roleId, users] of [...byRole].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    await moveMembers(ctx, null, roleId, users.length)
  }
  const events: NewEvent[] = created.map((user) => ({
    type: 'user.created',
    subjectId: user.id,
    data: { role: user.role.name },
    personal: { email: user.email, username: user.username },
  }))
  await recordEvents(ctx, events)
}
