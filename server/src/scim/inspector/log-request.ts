import type { FastifyRequest } from 'fastify'
import type { Ctx } from '../../access/ctx.ts'
import type { ScimError } from '../scim-error.ts'

interface Ended extends Pick<Ctx, 'db' | 'tenantId' | 'now'> {
  readonly status: number
  /** For administrators. */
  readonly cause: string
  readonly failure: ScimError | undefined
}

export async function logRequest(_request: FastifyRequest, _ended: Ended): Promise<void> {}
