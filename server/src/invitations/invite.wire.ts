import Type, { type Static } from 'typebox'
import { ApiError } from '../errors/api-error.ts'
import type { NewInvitee } from '../users/users.schema.ts'
import type { InviteResult } from './invite.service.ts'

/** Invitations in one call. Security contract, section 6. */
const entriesMax = 100

const MaybeText = Type.Optional(Type.Union([Type.String(), Type.Null()]))

const Invitee = Type.Object({
  email: MaybeText,
  roleName: MaybeText,
  roleId: MaybeText,
  role_name: MaybeText,
  role_id: MaybeText,
  workspaceRole: MaybeText,
  username: MaybeText,
  firstName: MaybeText,
  lastName: MaybeText,
  attributes: Type.Optional(
    Type.Union([Type.Record(Type.String(), Type.Union([Type.Array(Type.String()), Type.Null()])), Type.Null()]),
  ),
  groups: Type.Optional(Type.Union([Type.Array(Type.String(), { maxItems: 100 }), Type.Null()])),
})

/** Two forms, told apart by the key; `users` wins where both are present. */
export const InviteBody = Type.Object({
  users: Type.Optional(Type.Union([Type.Array(Invitee), Type.Null()])),
  emails: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()])),
  roleName: MaybeText,
  roleId: MaybeText,
})

export const InviteAnswer = Type.Object({
  createdUsers: Type.Record(Type.String(), Type.String(), { description: 'Address as sent → id.' }),
  failedUsers: Type.Record(Type.String(), Type.String(), { description: 'Address as sent → "<error code>: <text>".' }),
})

/** @throws invalid_body */
export function fromInviteBody(body: Static<typeof InviteBody>): NewInvitee[] {
  const entries = body.users ?? body.emails
  if (!entries)
    throw new ApiError('invalid_body', { detail: 'The body has neither users nor emails; send one of them.' })
  if (entries.length > entriesMax) {
    throw new ApiError('invalid_body', {
      detail: `The body invites ${entries.length} people; send at most ${entriesMax} at once.`,
    })
  }
  if (body.users) return body.users.map(fromInvitee)
  return (body.emails ?? []).map((address) => ({ address, ...role(body.roleId, body.roleName) }))
}

function fromInvitee(entry: Static<typeof Invitee>): NewInvitee {
  return {
    address: entry.email ?? '',
    ...role(entry.roleId ?? entry.role_id, entry.roleName ?? entry.role_name ?? entry.workspaceRole),
    ...(entry.username ? { username: entry.username } : {}),
    ...(entry.firstName ? { firstName: entry.firstName } : {}),
    ...(entry.lastName ? { lastName: entry.lastName } : {}),
    ...(entry.attributes ? { attributes: withoutNulls(entry.attributes) } : {}),
    ...(entry.groups ? { groupIds: entry.groups } : {}),
  }
}

/** Empty texts count as absent: some clients always send both keys. */
function role(
  roleId: string | null | undefined,
  roleName: string | null | undefined,
): Pick<NewInvitee, 'roleId' | 'roleName'> {
  return { ...(roleId ? { roleId } : {}), ...(roleName ? { roleName } : {}) }
}

function withoutNulls(attributes: Readonly<Record<string, string[] | null>>): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, values]) => (values === null ? [] : [[name, values]])),
  )
}

/**
 * The answer to both forms. With `users`, official clients learn of a duplicate by 409 alone.
 *
 * @throws user_exists · invalid_email, and other codes, when every entry of the `users` form failed
 */
export function toInviteAnswer(
  { created, failed }: InviteResult,
  form: 'users' | 'emails',
): Static<typeof InviteAnswer> {
  const [first] = failed.values()
  if (form === 'users' && created.size === 0 && first !== undefined) {
    throw new ApiError(first.code === 'group_not_found' ? 'invalid_body' : first.code, {
      detail: sentence([...failed.keys()][0] ?? '', first.text),
    })
  }
  return {
    createdUsers: Object.fromEntries(created),
    failedUsers: Object.fromEntries([...failed].map(([address, { code, text }]) => [address, `${code}: ${text}`])),
  }
}

function sentence(address: string, text: string): string {
  if (address === '') return `An entry has no email. ${text}`
  return `${address.slice(0, 100)}: ${text}`
}
