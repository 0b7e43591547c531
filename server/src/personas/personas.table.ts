import type { Generated } from 'kysely'

export interface PersonasTable {
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
  is_enabled: number
  /** JSON: what clients sent under the policy keys, verbatim. */
  policies: string
  readme: string
  /** JSON: array and object as clients sent them. */
  resources: Generated<string>
  attributes: Generated<string>
}

export interface PersonaSubjectsTable {
  tenant_id: string
  persona_id: string
  subject_kind: string
  subject_id: string
}
