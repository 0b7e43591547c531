import Type, { type Static } from 'typebox'
import { isAdminEventName, type AdminEventName, type EventName } from '../events/event-types.ts'
import type { AuditEvent } from './audit-log.schema.ts'

export const LoginEventRecord = Type.Object({
  clientId: Type.String(),
  details: Type.Object({}, { description: 'How, and why it was refused; texts.' }),
  ipAddress: Type.String(),
  realmId: Type.String(),
  sessionId: Type.Optional(Type.String()),
  time: Type.Integer({ description: 'Epoch milliseconds.' }),
  type: Type.String({ description: 'One of the closed list of the contract, 6.6.' }),
  userId: Type.Optional(Type.String({ description: 'Absent when nobody has the name that was typed.' })),
})

export const AdminEventRecord = Type.Object({
  operationType: Type.String({ description: 'CREATE, UPDATE, DELETE or ACTION.' }),
  realmId: Type.String(),
  representation: Type.String({ description: 'JSON as text.' }),
  resourcePath: Type.String(),
  resourceType: Type.String(),
  time: Type.Integer({ description: 'Epoch milliseconds.' }),
  authDetails: Type.Object({
    clientId: Type.String(),
    ipAddress: Type.String(),
    realmId: Type.String(),
    userId: Type.String(),
  }),
})

type OperationType = 'CREATE' | 'UPDATE' | 'DELETE' | 'ACTION'
type ResourceType =
  | 'IDENTITY_PROVIDER'
  | 'REALM'
  | 'USER'
  | 'GROUP'
  | 'GROUP_MEMBERSHIP'
  | 'REALM_ROLE_MAPPING'
  | 'CLIENT'
  | 'IDENTITY_PROVIDER_MAPPER'
  | 'CUSTOM'

interface WireForm {
  readonly operation: OperationType
  readonly resource: ResourceType
  /** `{subject}` and `{object}` stand for ids. */
  readonly path: string
}

const ssoMapper = {
  resource: 'IDENTITY_PROVIDER_MAPPER',
  path: 'identity-provider/instances/{object}/mappers/{subject}',
} as const
const roleMappings = 'users/{subject}/role-mappings/realm'
const decentralizedRoles = 'users/{subject}/decentralized-roles'

/** How each fact is spelled for clients that know Keycloak's names; everything of Muster's own is CUSTOM. */
export const wireForms: Readonly<Record<AdminEventName, WireForm>> = {
  'tenant.created': { operation: 'CREATE', resource: 'REALM', path: 'tenants/{subject}' },
  'tenant.plan_changed': { operation: 'UPDATE', resource: 'REALM', path: 'tenants/{subject}' },
  'tenant.sign_in_changed': { operation: 'UPDATE', resource: 'REALM', path: 'tenants/{subject}/sign-in' },
  'tenant.disabled': { operation: 'UPDATE', resource: 'REALM', path: 'tenants/{subject}' },
  'user.created': { operation: 'CREATE', resource: 'USER', path: 'users/{subject}' },
  'user.updated': { operation: 'UPDATE', resource: 'USER', path: 'users/{subject}' },
  'user.enabled': { operation: 'UPDATE', resource: 'USER', path: 'users/{subject}' },
  'user.disabled': { operation: 'UPDATE', resource: 'USER', path: 'users/{subject}' },
  'user.role_changed': { operation: 'UPDATE', resource: 'REALM_ROLE_MAPPING', path: roleMappings },
  'user.role_granted': { operation: 'CREATE', resource: 'REALM_ROLE_MAPPING', path: roleMappings },
  'user.role_grant_changed': { operation: 'UPDATE', resource: 'REALM_ROLE_MAPPING', path: roleMappings },
  'user.role_grant_removed': { operation: 'DELETE', resource: 'REALM_ROLE_MAPPING', path: roleMappings },
  'user.sub_role_assigned': { operation: 'CREATE', resource: 'REALM_ROLE_MAPPING', path: roleMappings },
  'user.sub_role_changed': { operation: 'UPDATE', resource: 'REALM_ROLE_MAPPING', path: roleMappings },
  'user.sub_role_unassigned': { operation: 'DELETE', resource: 'REALM_ROLE_MAPPING', path: roleMappings },
  'user.decentralized_role_assigned': { operation: 'CREATE', resource: 'CUSTOM', path: decentralizedRoles },
  'user.decentralized_role_changed': { operation: 'UPDATE', resource: 'CUSTOM', path: decentralizedRoles },
  'user.decentralized_role_unassigned': { operation: 'DELETE', resource: 'CUSTOM', path: decentralizedRoles },
  'user.adopted': { operation: 'UPDATE', resource: 'USER', path: 'users/{subject}' },
  'user.deleted': { operation: 'DELETE', resource: 'USER', path: 'users/{subject}' },
  'user.personal_data_erased': { operation: 'ACTION', resource: 'CUSTOM', path: 'users/{subject}/personal-data' },
  'invitation.sent': { operation: 'ACTION', resource: 'USER', path: 'users/{subject}/execute-actions-email' },
  'invitation.resent': { operation: 'ACTION', resource: 'USER', path: 'users/{subject}/execute-actions-email' },
  'invitation.link_copied': { operation: 'ACTION', resource: 'CUSTOM', path: 'users/{subject}/invitation' },
  'invitation.revoked': { operation: 'DELETE', resource: 'CUSTOM', path: 'users/{subject}/invitation' },
  'invitation.accepted': { operation: 'ACTION', resource: 'USER', path: 'users/{subject}/invitation' },
  'group.created': { operation: 'CREATE', resource: 'GROUP', path: 'groups/{subject}' },
  'group.updated': { operation: 'UPDATE', resource: 'GROUP', path: 'groups/{subject}' },
  'group.deleted': { operation: 'DELETE', resource: 'GROUP', path: 'groups/{subject}' },
  'group.member_added': { operation: 'CREATE', resource: 'GROUP_MEMBERSHIP', path: 'users/{object}/groups/{subject}' },
  'group.member_changed': {
    operation: 'UPDATE',
    resource: 'GROUP_MEMBERSHIP',
    path: 'users/{object}/groups/{subject}',
  },
  'group.member_removed': {
    operation: 'DELETE',
    resource: 'GROUP_MEMBERSHIP',
    path: 'users/{object}/groups/{subject}',
  },
  'persona.created': { operation: 'CREATE', resource: 'CUSTOM', path: 'personas/{subject}' },
  'persona.updated': { operation: 'UPDATE', resource: 'CUSTOM', path: 'personas/{subject}' },
  'persona.subject_added': { operation: 'CREATE', resource: 'CUSTOM', path: 'personas/{subject}/subjects/{object}' },
  'persona.subject_removed': { operation: 'DELETE', resource: 'CUSTOM', path: 'personas/{subject}/subjects/{object}' },
  'purpose.created': { operation: 'CREATE', resource: 'CUSTOM', path: 'purposes/{subject}' },
  'purpose.updated': { operation: 'UPDATE', resource: 'CUSTOM', path: 'purposes/{subject}' },
  'purpose.subject_added': { operation: 'CREATE', resource: 'CUSTOM', path: 'purposes/{subject}/subjects/{object}' },
  'purpose.subject_removed': { operation: 'DELETE', resource: 'CUSTOM', path: 'purposes/{subject}/subjects/{object}' },
  'api_token.created': { operation: 'CREATE', resource: 'CLIENT', path: 'clients/{subject}' },
  'api_token.updated': { operation: 'UPDATE', resource: 'CLIENT', path: 'clients/{subject}' },
  'api_token.secret_redrawn': { operation: 'UPDATE', resource: 'CLIENT', path: 'clients/{subject}' },
  'api_token.revoked': { operation: 'DELETE', resource: 'CLIENT', path: 'clients/{subject}' },
  'oauth_client.created': { operation: 'CREATE', resource: 'CLIENT', path: 'clients/{subject}' },
  'oauth_client.updated': { operation: 'UPDATE', resource: 'CLIENT', path: 'clients/{subject}' },
  'oauth_client.role_changed': { operation: 'UPDATE', resource: 'CLIENT', path: 'clients/{subject}/role' },
  'oauth_client.secret_redrawn': { operation: 'UPDATE', resource: 'CLIENT', path: 'clients/{subject}' },
  'oauth_client.deleted': { operation: 'DELETE', resource: 'CLIENT', path: 'clients/{subject}' },
  'sso_mapper.created': { operation: 'CREATE', ...ssoMapper },
  'sso_mapper.updated': { operation: 'UPDATE', ...ssoMapper },
  'sso_mapper.deleted': { operation: 'DELETE', ...ssoMapper },
  'sso_connection.created': { operation: 'CREATE', resource: 'IDENTITY_PROVIDER', path: 'identity-provider/{subject}' },
  'sso_connection.updated': { operation: 'UPDATE', resource: 'IDENTITY_PROVIDER', path: 'identity-provider/{subject}' },
  'sso_connection.deleted': { operation: 'DELETE', resource: 'IDENTITY_PROVIDER', path: 'identity-provider/{subject}' },
  'sso_test.created': { operation: 'CREATE', resource: 'CUSTOM', path: 'identity-provider/{object}/tests/{subject}' },
  'sso_test.finished': { operation: 'UPDATE', resource: 'CUSTOM', path: 'identity-provider/tests/{subject}' },
  'sso_connection.enforcement_changed': { operation: 'UPDATE', resource: 'REALM', path: 'identity-provider/{subject}' },
  'domain.added': { operation: 'CREATE', resource: 'CUSTOM', path: 'domains/{subject}' },
  'domain.verified': { operation: 'UPDATE', resource: 'CUSTOM', path: 'domains/{subject}' },
  'domain.deleted': { operation: 'DELETE', resource: 'CUSTOM', path: 'domains/{subject}' },
  'scim_token.created': { operation: 'CREATE', resource: 'CUSTOM', path: 'scim/tokens/{subject}' },
  'scim_token.rotated': { operation: 'UPDATE', resource: 'CUSTOM', path: 'scim/tokens/{subject}' },
  'scim_token.revoked': { operation: 'DELETE', resource: 'CUSTOM', path: 'scim/tokens/{subject}' },
  'scim_settings.updated': { operation: 'UPDATE', resource: 'CUSTOM', path: 'scim/settings/{subject}' },
  'outbox_item.retried': { operation: 'ACTION', resource: 'CUSTOM', path: 'outbox/{subject}' },
  'outbox_item.discarded': { operation: 'DELETE', resource: 'CUSTOM', path: 'outbox/{subject}' },
}

/** What a kind says by itself, where operation and path are those of another kind too. */
const saidByKind: Readonly<Record<string, object>> = {
  'user.enabled': { enabled: true },
  'user.disabled': { enabled: false },
  'tenant.disabled': { state: 'disabled' },
}

type SignInEventName = Exclude<EventName, AdminEventName>

/** Keycloak's name for each, from the closed list of the contract, 6.6; whose end is `_ERROR` was refused. */
const signInTypes: Readonly<Record<SignInEventName, string>> = {
  // Programs sign in as the client they are.
  'oauth_client.token_issued': 'CLIENT_LOGIN',
  'session.started': 'LOGIN',
  'session.confirmed': 'LOGIN',
  'session.ended': 'LOGOUT',
  'sign_in.refused': 'LOGIN_ERROR',
  'sso.signed_in': 'IDENTITY_PROVIDER_LOGIN',
  'sso.refused': 'IDENTITY_PROVIDER_LOGIN_ERROR',
  'external_identity.linked': 'FEDERATED_IDENTITY_LINK',
  'password.reset_requested': 'SEND_RESET_PASSWORD',
  'password.changed': 'UPDATE_PASSWORD',
  'email.change_requested': 'SEND_VERIFY_EMAIL',
  'email.changed': 'UPDATE_EMAIL',
  'totp.added': 'UPDATE_TOTP',
  'totp.removed': 'REMOVE_TOTP',
  // As Keycloak 26 itself calls what it does with passkeys and recovery codes.
  'recovery_codes.made': 'CUSTOM_REQUIRED_ACTION',
  'passkey.added': 'CUSTOM_REQUIRED_ACTION',
  'passkey.removed': 'CUSTOM_REQUIRED_ACTION',
}

interface SignInForm {
  /** One of the closed list of the contract, 6.6. */
  readonly type: string
  /** Whether it is a program's own; people sign in to the console. */
  readonly isOfClient: boolean
}

export function signInForm(type: EventName): SignInForm {
  if (isAdminEventName(type)) throw new Error(`${type} is no sign-in`)
  return { type: signInTypes[type], isOfClient: type === 'oauth_client.token_issued' }
}

const realmId = 'default'
/** What people work with, as clients know it. */
export const consoleClient = 'atlan-frontend'

export function toAdminEvent(event: AuditEvent): Static<typeof AdminEventRecord> {
  if (!isAdminEventName(event.type)) throw new Error(`${event.type} is a sign-in`)
  const { operation, resource, path } = wireForms[event.type]
  return {
    operationType: operation,
    realmId,
    representation: JSON.stringify({ ...saidByKind[event.type], ...event.data }),
    // As functions: in a text that replaces, $& and its like would mean something.
    resourcePath: path.replace('{subject}', () => event.subjectId).replace('{object}', () => event.objectId),
    resourceType: resource,
    time: event.at,
    authDetails: {
      clientId: event.actorKind === 'user' ? consoleClient : event.actorName,
      ipAddress: event.address,
      realmId,
      userId: event.actorId,
    },
  }
}

export function toLoginEvent(event: AuditEvent): Static<typeof LoginEventRecord> {
  const { type, isOfClient } = signInForm(event.type)
  return {
    clientId: isOfClient ? String(event.data['clientId']) : consoleClient,
    details: isOfClient ? {} : event.data,
    ipAddress: event.address,
    realmId,
    ...(event.objectId === '' ? {} : { sessionId: event.objectId }),
    time: event.at,
    type,
    ...(event.subjectId === '' ? {} : { userId: event.subjectId }),
  }
}
