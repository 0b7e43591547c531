export interface SsoMappersTable {
  tenant_id: string
  /** Of the connection; it may exist before the connection does. */
  alias: string
  id: string
  name: string
  kind: string
  /** Set for mappers of kind `group`. */
  group_id: string | null
  /** Set for mappers of kind `user_attribute`. */
  user_attribute: string
  attribute_name: string
  attribute_value: string
  /** '' = none. */
  friendly_name: string
  /** As clients sent it: '' or 'false'. */
  values_regex: string
  created_at: number
  created_by: string
  /** 0 = never. */
  updated_at: number
  updated_by: string
  version: number
}
