import type { Ctx } from '../access/ctx.ts'
import type { WorkspaceRole } from '../access/permissions.ts'
import type { ScimRules } from '../scim-tokens/scim-rules.schema.ts'
import { ScimError } from './scim-error.ts'
import type { Reading } from './read-value.ts'
import type { ResourceType } from './schemas/registry.ts'
import { Trace } from './trace.ts'

/** One SCIM request after the gate: the request as everywhere, and what is particular to SCIM. */
export interface ScimSession {
  readonly ctx: Ctx
  readonly token: { readonly id: string; readonly label: string; readonly access: 'all' | 'read' }
  readonly rules: ScimRules
  readonly types: { readonly user: ResourceType; readonly group: ResourceType }
  /** `https://acme.example.com/api/scim/v2`; from configuration, never from the request. */
  readonly base: string
  readonly roles: { readonly map: ReadonlyMap<string, WorkspaceRole>; readonly fallback: WorkspaceRole }
  /** Seals cursors. */
  readonly cursorKey: Buffer
  readonly trace: Trace
}

/** A token may be good for reading alone (item 6). */
export function requireWriteAccess({ token }: ScimSession): void {
  if (token.access === 'read')
    throw new ScimError(403, 'This SCIM token may only read; create one with full access to change anything.')
}

export function readingOf({ rules, trace }: ScimSession, isPatch = false): Reading {
  return { rules, notes: trace.notes, isPatch }
}
