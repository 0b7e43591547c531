import type { Generated } from 'kysely'

/** What SCIM knows of a user beside the user's own row. */
export interface ScimUsersTable {
  tenant_id: string
  user_id: string
  external_id: string
  display_name: string
  display_key: string
  /** 1: the addresses are those in the document; 0: the user's own is the only one. */
  has_emails: number
  /** 1 after `active` was removed: the account is disabled and shows no `active`. */
  is_active_unset: number
  /** JSON: attributes without a column, as they came. */
  document: string
}

/** Values that filters look for: one row per element of an attribute that has no column. */
export interface ScimValuesTable {
  tenant_id: string
  user_id: string
  /** Canonical path, e.g. `emails`, `name.middleName`; of the extension with its URN. */
  attribute: string
  ordinal: number
  /** Folded unless the attribute is case-exact. */
  value_key: string
  type_key: string
  is_primary: number
  /** JSON: the element's other sub-attributes, folded. */
  keys: string
}

export interface ScimGroupsTable {
  tenant_id: string
  group_id: string
  external_id: string
  document: string
}

/** Groups that are members of groups; users are in group_members. */
export interface ScimSubgroupsTable {
  tenant_id: string
  group_id: string
  member_id: string
  display: string
}

export interface ScimLogTable {
  seq: Generated<number>
  tenant_id: string
  at: number
  request_id: string
  token_id: string
  token_label: string
  address: string
  user_agent: string
  client: string
  method: string
  path: string
  query: string
  status: number
  scim_type: string
  detail: string
  /** For administrators, in plain words. */
  cause: string
  duration_ms: number
  request_bytes: number
  response_bytes: number
  request_body: string
  response_body: string
}

export interface ScimLogStepsTable {
  tenant_id: string
  seq: number
  step: number
  subject_kind: string
  subject_id: string
  external_id: string
  outcome: string
  operation: string
  attribute: string
  note: string
  before_text: string
  after_text: string
}
