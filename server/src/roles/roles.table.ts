export interface RolesTable {
  tenant_id: string
  id: string
  name: string
  description: string
  level: string
  /** Order in lists: workspace roles first. */
  rank: number
  member_count: number
}
