export interface CountersTable {
  tenant_id: string
  name: string
  value: number
}
