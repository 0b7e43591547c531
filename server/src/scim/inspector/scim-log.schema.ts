import type { Insertable } from 'kysely'
import type { ScimLogStepsTable, ScimLogTable } from '../scim.table.ts'

/** A request and its steps, ready to be written. */
export type NewEntry = Omit<Insertable<ScimLogTable>, 'seq' | 'tenant_id'>
export type NewStep = Omit<ScimLogStepsTable, 'tenant_id' | 'seq' | 'step'>
