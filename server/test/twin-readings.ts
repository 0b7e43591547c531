import type { Ids } from './foreign-ids.ts'

/** What a tenant has, and its twin as well. */
export interface ReadIds extends Ids {
  readonly mapper: string
  /** Of somebody with role grants. */
  readonly granted: string
}

/** Every address that reads, with filters and sorts that take other ways through the database. */
export function readings(ids: ReadIds): string[] {
  const filter = (value: unknown) => `filter=${encodeURIComponent(JSON.stringify(value))}`
  const service = [
    'users?maxLoginEvents=100',
    'users?sort=-email',
    `users?${filter({ groups: ids.group })}`,
    `users?${filter({ email: { $ilike: '%example%' } })}`,
    `users?${filter({ workspaceRole: '$member' })}`,
    `users?${filter({ groupCount: { $gte: 1 } })}`,
    `users/${ids.user}`,
    `users/${ids.user}/groups`,
    'groups',
    'v2/groups',
    `groups?${filter({ alias: { $ilike: '%new%' } })}`,
    'groups?sort=-userCount',
    ...[1, 2, 3].map((least) => `groups?${filter({ userCount: { $gte: least } })}`),
    `groups/${ids.group}/members`,
    `groups/${ids.group}/members?${filter({ username: { $like: 'new%' } })}`,
    'roles',
    'personas',
    `personas/${ids.persona}`,
    'purposes',
    `purposes/${ids.purpose}`,
    'apikeys',
    'oauth-clients',
    'idp/okta/mappers',
    `idp/okta/mappers/${ids.mapper}`,
    `oauth-clients?${filter({ role: '$guest' })}`,
    `oauth-clients/${ids.oauthClientId}`,
    'events/main?max=1000',
    `events/main?resourcePath=groups/${ids.group}`,
    'events/login',
    'whoami',
    'users/current',
    `identity/users?${filter({ id: ids.user })}&columns=groups`,
    `identity/groups?${filter({ id: ids.group })}`,
  ]
  const muster = [
    'invitations?limit=100',
    `invitations/${ids.invitation}`,
    'users?limit=2',
    'groups?limit=100',
    `groups/${ids.group}/members`,
    ...[ids.user, ids.granted].flatMap((id) =>
      ['role-grants', 'sub-roles', 'decentralized-roles'].map((kind) => `users/${id}/${kind}`),
    ),
    'outbox?limit=100&columns=id,kind,subjectId,to,state',
    `outbox/${ids.outboxItem}`,
    'sso-connections',
    'scim/settings',
  ]
  return [...service.map((path) => `/api/service/${path}`), ...muster.map((path) => `/api/muster/${path}`)]
}

/** What an identity provider reads, sorted: the twin's rows were made in another order. */
export function scimReadings(ids: Ids): string[] {
  const paths = [
    'Users?sortBy=userName&count=1000',
    `Users?sortBy=userName&filter=${encodeURIComponent('userName sw "new" and active eq true')}`,
    `Users?sortBy=userName&filter=${encodeURIComponent('emails.value co "example" or name.familyName pr')}`,
    `Users?sortBy=userName&filter=${encodeURIComponent(`groups.value eq "${ids.group}"`)}`,
    `Users/${ids.user}`,
    'Groups?sortBy=displayName&count=1000',
    `Groups?sortBy=displayName&filter=${encodeURIComponent(`members.value eq "${ids.user}"`)}`,
    `Groups/${ids.group}`,
  ]
  return paths.map((path) => `/api/scim/v2/${path}`)
}
