import type { TrxCtx } from '../access/ctx.ts'
import { toKey } from '../db/normal-key.ts'
import { recordEvent } from '../events/record-event.ts'
import type { Attributes } from '../text/clean-text.ts'
import { titleKey } from './user-rules.ts'
import { updateUser } from './user-writes.queries.ts'
import type { User } from './users.schema.ts'

/** What an identity provider says of somebody at the first sign-in; empty names say nothing. */
export interface FirstSignIn {
  readonly firstName: string
  readonly lastName: string
  readonly attributes: Attributes
}

/** Takes over names and attributes for a user who is held. What is so already stays. */
export async function takeOverNames(ctx: TrxCtx, user: User, said: FirstSignIn): Promise<void> {
  const before = { firstName: user.firstName, lastName: user.lastName, attributes: user.attributes }
  const after = {
    firstName: said.firstName === '' ? user.firstName : said.firstName,
    lastName: said.lastName === '' ? user.lastName : said.lastName,
    attributes: { ...user.attributes, ...said.attributes },
  }
  const names = ['firstName', 'lastName', 'attributes'] as const
  const changed = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
  if (changed.length === 0) return
  await updateUser(ctx.db, ctx.tenantId, user.id, {
    first_name: after.firstName,
    first_name_key: toKey(after.firstName),
    last_name: after.lastName,
    last_name_key: toKey(after.lastName),
    attributes: JSON.stringify(after.attributes),
    title_key: titleKey(after.attributes),
    modified_at: ctx.now.getTime(),
  })
  const pick = (values: typeof before) => Object.fromEntries(changed.map((name) => [name, values[name]]))
  await recordEvent(ctx, {
    type: 'user.updated',
    subjectId: user.id,
    data: { fields: [...changed] },
    personal: { before: pick(before), after: pick(after) },
  })
}

/** The identity provider vouches for the address of somebody who is held. */
export async function confirmAddress(ctx: TrxCtx, user: User): Promise<void> {
  if (user.emailVerified) return
  await updateUser(ctx.db, ctx.tenantId, user.id, { email_verified: 1, modified_at: ctx.now.getTime() })
  await recordEvent(ctx, {
    type: 'user.updated',
    subjectId: user.id,
    data: { fields: ['emailVerified'] },
    personal: { before: { emailVerified: false }, after: { emailVerified: true } },
  })
}
