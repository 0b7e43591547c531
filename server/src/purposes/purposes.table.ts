export interface PurposesTable {
  tenant_id: string
  id: string
  name: string
  name_key: string
  qualified_name: string
  display_name: string
  description: string
  created_at: number
  created_by: string
  updated_at: number
  updated_by: string
  version: number
  links_version: number
  is_active: number
  /** JSON: array of strings. */
  tags: string
  /** The version text clients keep beside a purpose. */
  revision: string
}

export interface PurposeSubjectsTable {
  tenant_id: string
  purpose_id: string
  subject_kind: string
  subject_id: string
}
