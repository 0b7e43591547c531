import type { ApiTokensTable } from '../api-tokens/api-tokens.table.ts'
import type { AuditCheckpointsTable } from '../audit-chain/audit-checkpoints.table.ts'
import type { DecentralizedRolesTable } from '../decentralized-roles/decentralized-roles.table.ts'
import type { DomainsTable } from '../domains/domains.table.ts'
import type { EventsTable } from '../events/events.table.ts'
import type { GroupMembersTable, GroupsTable } from '../groups/groups.table.ts'
import type { InvitationsTable } from '../invitations/invitations.table.ts'
import type { OutboxTable } from '../outbox/outbox.table.ts'
import type { AccessTokensTable } from '../oauth-clients/access-tokens.table.ts'
import type { OAuthClientsTable } from '../oauth-clients/oauth-clients.table.ts'
import type { CredentialsTable } from '../passwords/passwords.table.ts'
import type { PersonasTable, PersonaSubjectsTable } from '../personas/personas.table.ts'
import type { PurposesTable, PurposeSubjectsTable } from '../purposes/purposes.table.ts'
import type { RateBucketsTable } from '../rates/rate-buckets.table.ts'
import type { IdempotencyKeysTable } from '../repeats/stored-answers.table.ts'
import type { RolesTable } from '../roles/roles.table.ts'
import type { SsoMappersTable } from '../sso-connections/sso-mappers.table.ts'
import type { TenantKeysTable } from '../tenants/tenant-keys.table.ts'
import type {
  ScimGroupsTable,
  ScimLogStepsTable,
  ScimLogTable,
  ScimSubgroupsTable,
  ScimUsersTable,
  ScimValuesTable,
} from '../scim/scim.table.ts'
import type {
  ExternalIdentitiesTable,
  SamlConsumedTable,
  SamlKeysTable,
  SamlRequestsTable,
  SsoTestsTable,
} from '../saml/saml.table.ts'
import type { ScimSettingsTable, ScimTokensTable } from '../scim-tokens/scim-tokens.table.ts'
import type { PasskeysTable, RecoveryCodesTable, TotpSecretsTable } from '../second-factors/second-factors.table.ts'
import type { SessionsTable, SessionTokensTable } from '../sessions/sessions.table.ts'
import type { KnownDevicesTable, PendingSignInsTable, SignInCountersTable } from '../sign-in/sign-in.table.ts'
import type { SingleUseTokensTable } from '../single-use-tokens/single-use-tokens.table.ts'
import type { SsoConnectionsTable } from '../sso-connections/sso-connections.table.ts'
import type { TenantsTable } from '../tenants/tenants.table.ts'
import type { RoleGrantsTable, UserSubRolesTable } from '../user-roles/held-roles.table.ts'
import type { UsersTable } from '../users/users.table.ts'
import type { CountersTable } from './counters.table.ts'

/** Every table, and every view across tenants (migration 0050), by its name in SQL. The one place of the platform that knows the features' tables. */
export interface Database {
  access_tokens: AccessTokensTable
  api_tokens: ApiTokensTable
  audit_checkpoints: AuditCheckpointsTable
  counters: CountersTable
  credentials: CredentialsTable
  decentralized_roles: DecentralizedRolesTable
  domains: DomainsTable
  every_outbox_item: Pick<OutboxTable, 'tenant_id' | 'kind' | 'state' | 'due_at' | 'lease_until'>
  every_stored_answer: Pick<IdempotencyKeysTable, 'tenant_id' | 'expires_at'>
  every_tenant: Omit<TenantsTable, 'catalogue_version'>
  every_unsealed_event: Pick<EventsTable, 'tenant_id' | 'at'>
  events: EventsTable
  external_identities: ExternalIdentitiesTable
  group_members: GroupMembersTable
  groups: GroupsTable
  idempotency_keys: IdempotencyKeysTable
  invitations: InvitationsTable
  known_devices: KnownDevicesTable
  oauth_clients: OAuthClientsTable
  outbox: OutboxTable
  passkeys: PasskeysTable
  pending_sign_ins: PendingSignInsTable
  persona_subjects: PersonaSubjectsTable
  personas: PersonasTable
  purpose_subjects: PurposeSubjectsTable
  purposes: PurposesTable
  rate_buckets: RateBucketsTable
  role_grants: RoleGrantsTable
  recovery_codes: RecoveryCodesTable
  roles: RolesTable
  saml_consumed: SamlConsumedTable
  saml_keys: SamlKeysTable
  saml_requests: SamlRequestsTable
  sso_mappers: SsoMappersTable
  tenant_keys: TenantKeysTable
  sso_tests: SsoTestsTable
  scim_groups: ScimGroupsTable
  scim_log: ScimLogTable
  scim_log_steps: ScimLogStepsTable
  scim_settings: ScimSettingsTable
  scim_subgroups: ScimSubgroupsTable
  scim_tokens: ScimTokensTable
  scim_users: ScimUsersTable
  scim_values: ScimValuesTable
  session_tokens: SessionTokensTable
  sessions: SessionsTable
  sign_in_counters: SignInCountersTable
  single_use_tokens: SingleUseTokensTable
  sso_connections: SsoConnectionsTable
  tenants: TenantsTable
  user_sub_roles: UserSubRolesTable
  totp_secrets: TotpSecretsTable
  users: UsersTable
}
