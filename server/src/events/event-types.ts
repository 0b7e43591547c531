import Type, { type Static, type TObject } from 'typebox'

/** What an event was done to. */
export type SubjectKind =
  | 'user'
  | 'group'
  | 'persona'
  | 'purpose'
  | 'api_token'
  | 'oauth_client'
  | 'sso_mapper'
  | 'invitation'
  | 'tenant'
  | 'outbox_item'
  | 'sso_connection'
  | 'scim_token'
  | 'scim_settings'
  | 'domain'
  | 'sso_test'
export type EventCategory = 'admin' | 'sign-in'

interface EventType {
  readonly subject: SubjectKind
  readonly category: EventCategory
  readonly data: TObject
  readonly personal: TObject
}

const Nothing = Type.Object({}, { additionalProperties: false })
/** Names of the fields that changed; the values, being personal, stand beside it. */
const Changed = Type.Object({ fields: Type.Array(Type.String()) }, { additionalProperties: false })
const Values = Type.Object(
  { before: Type.Record(Type.String(), Type.Unknown()), after: Type.Record(Type.String(), Type.Unknown()) },
  { additionalProperties: false },
)
const Email = Type.Object({ email: Type.String() }, { additionalProperties: false })
const Name = Type.Object({ name: Type.String() }, { additionalProperties: false })
const UserRole = Type.Object({ role: Type.String() }, { additionalProperties: false })
const RoleMove = Type.Object({ from: Type.String(), to: Type.String() }, { additionalProperties: false })
const Client = Type.Object({ clientId: Type.String() }, { additionalProperties: false })
/** Epoch ms; what is open is absent. */
const bounds = { validFrom: Type.Optional(Type.Integer()), expiresAt: Type.Optional(Type.Integer()) }
const Bounded = Type.Object(bounds, { additionalProperties: false })
const BoundedRole = Type.Object({ role: Type.String(), ...bounds }, { additionalProperties: false })
const decentralized = {
  role: Type.String(),
  level: Type.String(),
  privilege: Type.String(),
  objectId: Type.Optional(Type.String()),
}
const BoundedDecentralizedRole = Type.Object({ ...decentralized, ...bounds }, { additionalProperties: false })
const DecentralizedRole = Type.Object(decentralized, { additionalProperties: false })
const By = Type.Object({ by: Type.String() }, { additionalProperties: false })
const Refusal = Type.Object({ method: Type.String(), reason: Type.String() }, { additionalProperties: false })
const Connection = Type.Object({ alias: Type.String() }, { additionalProperties: false })
const Subject = Type.Object({ subjectKind: Type.String() }, { additionalProperties: false })

function admin<D extends TObject, P extends TObject>(subject: SubjectKind, data: D, personal: P) {
  return { subject, category: 'admin', data, personal } as const
}

function signIn<D extends TObject, P extends TObject>(subject: SubjectKind, data: D, personal: P) {
  return { subject, category: 'sign-in', data, personal } as const
}

/** The closed list of facts. A type that nothing produces fails the event coverage test. */
export const eventTypes = {
  'tenant.created': admin('tenant', Type.Object({ slug: Type.String(), plan: Type.String() }), Nothing),
  'tenant.plan_changed': admin('tenant', Type.Object({ from: Type.String(), to: Type.String() }), Nothing),
  'tenant.sign_in_changed': admin('tenant', Changed, Nothing),
  'tenant.disabled': admin('tenant', Nothing, Nothing),
  'user.created': admin('user', UserRole, Type.Object({ email: Type.String(), username: Type.String() })),
  'user.updated': admin('user', Changed, Values),
  'user.enabled': admin('user', Nothing, Nothing),
  'user.disabled': admin('user', Nothing, Nothing),
  'user.role_changed': admin('user', RoleMove, Nothing),
  'user.role_granted': admin('user', BoundedRole, Nothing),
  'user.role_grant_changed': admin('user', BoundedRole, Nothing),
  'user.role_grant_removed': admin('user', UserRole, Nothing),
  'user.sub_role_assigned': admin('user', BoundedRole, Nothing),
  'user.sub_role_changed': admin('user', BoundedRole, Nothing),
  'user.sub_role_unassigned': admin('user', UserRole, Nothing),
  'user.decentralized_role_assigned': admin('user', BoundedDecentralizedRole, Nothing),
  'user.decentralized_role_changed': admin('user', BoundedDecentralizedRole, Nothing),
  'user.decentralized_role_unassigned': admin('user', DecentralizedRole, Nothing),
  'user.adopted': admin('user', Nothing, Nothing),
  'user.deleted': admin(
    'user',
    Type.Object({ transferredTo: Type.Union([Type.String(), Type.Null()]) }),
    Type.Object({ email: Type.String(), username: Type.String() }),
  ),
  'user.personal_data_erased': admin('user', Nothing, Nothing),
  'invitation.sent': admin('user', UserRole, Email),
  'invitation.resent': admin('user', Nothing, Email),
  'invitation.link_copied': admin('user', Nothing, Email),
  'invitation.revoked': admin('user', Nothing, Email),
  'invitation.accepted': admin('user', UserRole, Type.Object({ email: Type.String(), username: Type.String() })),
  'group.created': admin('group', Name, Nothing),
  'group.updated': admin('group', Changed, Values),
  'group.deleted': admin('group', Type.Object({ name: Type.String(), members: Type.Integer() }), Nothing),
  'group.member_added': admin('group', Bounded, Nothing),
  'group.member_changed': admin('group', Bounded, Nothing),
  'group.member_removed': admin('group', Nothing, Nothing),
  'persona.created': admin('persona', Name, Nothing),
  'persona.updated': admin('persona', Changed, Nothing),
  'persona.subject_added': admin('persona', Subject, Nothing),
  'persona.subject_removed': admin('persona', Subject, Nothing),
  'purpose.created': admin('purpose', Name, Nothing),
  'purpose.updated': admin('purpose', Changed, Nothing),
  'purpose.subject_added': admin('purpose', Subject, Nothing),
  'purpose.subject_removed': admin('purpose', Subject, Nothing),
  'api_token.created': admin('api_token', Type.Object({ clientId: Type.String(), name: Type.String() }), Nothing),
  'api_token.updated': admin('api_token', Changed, Nothing),
  'api_token.secret_redrawn': admin('api_token', Client, Nothing),
  'api_token.revoked': admin('api_token', Client, Nothing),
  'oauth_client.created': admin(
    'oauth_client',
    Type.Object({ clientId: Type.String(), name: Type.String(), role: Type.String() }),
    Nothing,
  ),
  'oauth_client.updated': admin('oauth_client', Changed, Nothing),
  'oauth_client.role_changed': admin('oauth_client', RoleMove, Nothing),
  'oauth_client.secret_redrawn': admin('oauth_client', Client, Nothing),
  'oauth_client.deleted': admin('oauth_client', Client, Nothing),
  'oauth_client.token_issued': signIn('oauth_client', Client, Nothing),
  // The object is the session.
  'session.started': signIn('user', Type.Object({ method: Type.String(), secondFactor: Type.String() }), Nothing),
  'session.confirmed': signIn('user', By, Nothing),
  'session.ended': signIn('user', Type.Object({ reason: Type.String() }), Nothing),
  // The subject is empty when nobody has this name.
  'sign_in.refused': signIn('user', Refusal, Type.Object({ login: Type.String() })),
  'password.reset_requested': signIn('user', Nothing, Nothing),
  'password.changed': signIn('user', By, Nothing),
  'email.change_requested': signIn('user', Nothing, Email),
  'email.changed': signIn('user', By, Type.Object({ before: Type.String(), after: Type.String() })),
  'totp.added': signIn('user', Nothing, Nothing),
  'totp.removed': signIn('user', Nothing, Nothing),
  'recovery_codes.made': signIn('user', Nothing, Nothing),
  'passkey.added': signIn('user', Nothing, Name),
  'passkey.removed': signIn('user', Nothing, Name),
  // The object is the session.
  'sso.signed_in': signIn('user', Connection, Nothing),
  // Nobody is named: nothing that a refused message says is proven.
  'sso.refused': signIn('user', Type.Object({ alias: Type.String(), reason: Type.String() }), Nothing),
  'external_identity.linked': signIn('user', Connection, Nothing),
  // The object is the alias of the connection.
  'sso_mapper.created': admin('sso_mapper', Type.Object({ kind: Type.String(), groupId: Type.String() }), Nothing),
  'sso_mapper.updated': admin('sso_mapper', Changed, Nothing),
  'sso_mapper.deleted': admin('sso_mapper', Type.Object({ kind: Type.String() }), Nothing),
  'sso_connection.created': admin('sso_connection', Type.Object({ alias: Type.String() }), Nothing),
  'sso_connection.updated': admin('sso_connection', Changed, Nothing),
  'sso_connection.deleted': admin('sso_connection', Type.Object({ alias: Type.String() }), Nothing),
  // The object is the connection.
  'sso_test.created': admin('sso_test', Nothing, Nothing),
  'sso_test.finished': admin('sso_test', Type.Object({ state: Type.String(), reason: Type.String() }), Nothing),
  'sso_connection.enforcement_changed': admin('sso_connection', Type.Object({ enforced: Type.Boolean() }), Nothing),
  'domain.added': admin('domain', Name, Nothing),
  'domain.verified': admin('domain', Type.Object({ name: Type.String(), by: Type.String() }), Nothing),
  'domain.deleted': admin('domain', Name, Nothing),
  'scim_token.created': admin('scim_token', Type.Object({ label: Type.String(), access: Type.String() }), Nothing),
  'scim_token.rotated': admin(
    'scim_token',
    Type.Object({ replacedBy: Type.String(), endsAt: Type.Integer() }),
    Nothing,
  ),
  'scim_token.revoked': admin('scim_token', Type.Object({ label: Type.String() }), Nothing),
  'scim_settings.updated': admin('scim_settings', Changed, Nothing),
  'outbox_item.retried': admin('outbox_item', Nothing, Nothing),
  'outbox_item.discarded': admin('outbox_item', Nothing, Nothing),
} as const satisfies Readonly<Record<string, EventType>>

export type EventName = keyof typeof eventTypes

export type AdminEventName = {
  [T in EventName]: (typeof eventTypes)[T]['category'] extends 'admin' ? T : never
}[EventName]

/** An event about to be written; `objectId` is the second thing concerned, e.g. the user added to a group. */
export type NewEvent = {
  [T in EventName]: {
    readonly type: T
    readonly subjectId: string
    readonly objectId?: string
    readonly data: Static<(typeof eventTypes)[T]['data']>
    readonly personal: Static<(typeof eventTypes)[T]['personal']>
  }
}[EventName]

export function isEventName(name: string): name is EventName {
  return Object.hasOwn(eventTypes, name)
}

export function isAdminEventName(name: EventName): name is AdminEventName {
  return eventTypes[name].category === 'admin'
}

export const signInEventNames: readonly EventName[] = Object.keys(eventTypes)
  .filter(isEventName)
  .filter((name) => !isAdminEventName(name))
