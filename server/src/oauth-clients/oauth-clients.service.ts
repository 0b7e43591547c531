import { v4 as randomUuid, v7 as uuid } from 'uuid'
import { authorize } from '../access/authorize.ts'
import type { Ctx, ReadCtx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { requireVersion, tagOf } from '../access/version-check.ts'
import { addToCounter } from '../db/counters.ts'
import { notFound } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import type { Page } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { readRoles } from '../roles/roles.service.ts'
import { hashSecret, newSecret } from '../secrets/secrets.ts'
import { requireCleanName } from '../text/clean-text.ts'
import { deleteTokensOfClient } from './access-tokens.queries.ts'
import { selectClientPage } from './oauth-clients-page.queries.ts'
import * as queries from './oauth-clients.queries.ts'
import type { IssuedOAuthClient, NewOAuthClient, OAuthClient, OAuthClientChange } from './oauth-clients.schema.ts'

/** @throws insufficient_role · invalid_filter */
export function listClients(ctx: Ctx, query: ListQuery): Promise<Page<OAuthClient>> {
  authorize(ctx, 'oauth-clients:manage')
  return selectClientPage(ctx.db, ctx.tenantId, query)
}

/** @param clientId the `oauth-client-…` text, not the id of the row @throws insufficient_role · oauth_client_not_found */
export function getClient(ctx: Ctx, clientId: string): Promise<OAuthClient> {
  authorize(ctx, 'oauth-clients:manage')
  return requireClient(ctx, clientId)
}

/**
 * Creates a client that acts with the role named. The secret is in this answer only.
 * Only admins get here, so that no role they name is above their own.
 *
 * @throws insufficient_role · role_not_found · invalid_body
 * @source contract/rest-api.md, O2
 */
export async function createClient(ctx: Ctx, input: NewOAuthClient): Promise<IssuedOAuthClient> {
  authorize(ctx, 'oauth-clients:manage')
  const displayName = requireCleanName(input.displayName, 'displayName')
  const description = requireCleanName(input.description, 'description')
  const secret = newSecret('mocs_')
  return inTransaction(ctx, async (ctx) => {
    const role = (await readRoles(ctx)).requireWorkspaceRoleByName(input.role)
    const client: OAuthClient = {
      id: uuid(),
      clientId: `oauth-client-${randomUuid()}`,
      displayName,
      description,
      role: role.name,
      personas: input.personas,
      createdAt: ctx.now.getTime(),
      createdBy: ctx.actor.name,
      updatedAt: 0,
      updatedBy: '',
      version: 1,
    }
    await queries.insertClient(ctx.db, toRow(ctx, client, { role_id: role.id, secret_hash: hashSecret(secret) }))
    await addToCounter(ctx.db, ctx.tenantId, 'oauth_clients', 1)
    await recordEvent(ctx, {
      type: 'oauth_client.created',
      subjectId: client.id,
      data: { clientId: client.clientId, name: displayName, role: role.name },
      personal: {},
    })
    return { client, secret }
  })
}

/**
 * Changes a client; what is null stays, what equals the stored value is no change. A new role counts from its next request.
 *
 * @throws insufficient_role · oauth_client_not_found · role_not_found · invalid_body · version_mismatch
 * @source contract/rest-api.md, O4
 */
export async function updateClient(
  ctx: Ctx,
  clientId: string,
  change: OAuthClientChange,
  ifMatch?: string,
): Promise<OAuthClient> {
  authorize(ctx, 'oauth-clients:manage')
  return inTransaction(ctx, async (ctx) => {
    await queries.lockClient(ctx.db, ctx.tenantId, clientId)
    const client = await requireClient(ctx, clientId)
    requireVersion(ifMatch, clientTag(client))
    const role = change.role === null ? undefined : (await readRoles(ctx)).requireWorkspaceRoleByName(change.role)
    const next = {
      displayName: requireCleanName(change.displayName ?? client.displayName, 'displayName'),
      description: requireCleanName(change.description ?? client.description, 'description'),
      personas: change.personas ?? client.personas,
      role: role?.name ?? client.role,
    }
    const fields = (['displayName', 'description', 'personas'] as const).filter(
      (field) => JSON.stringify(next[field]) !== JSON.stringify(client[field]),
    )
    const hasNewRole = next.role !== client.role
    if (fields.length === 0 && !hasNewRole) return client
    const stamp = { updatedAt: ctx.now.getTime(), updatedBy: ctx.actor.name }
    await queries.updateClient(ctx.db, ctx.tenantId, client.id, {
      display_name: next.displayName,
      description: next.description,
      personas: JSON.stringify(next.personas),
      ...(role === undefined ? {} : { role_id: role.id }),
      updated_at: stamp.updatedAt,
      updated_by: stamp.updatedBy,
    })
    await recordChange(ctx, client, { fields, role: next.role })
    return { ...client, ...next, ...stamp, version: client.version + 1 }
  })
}

/** Deletes a client, and with it every access token it has: its next request is refused. @throws oauth_client_not_found */
export async function deleteClient(ctx: Ctx, clientId: string): Promise<void> {
  authorize(ctx, 'oauth-clients:manage')
  await inTransaction(ctx, async (ctx) => {
    await queries.lockClient(ctx.db, ctx.tenantId, clientId)
    const { id } = await requireClient(ctx, clientId)
    await deleteTokensOfClient(ctx.db, ctx.tenantId, id)
    await queries.deleteClient(ctx.db, ctx.tenantId, id)
    await addToCounter(ctx.db, ctx.tenantId, 'oauth_clients', -1)
    await recordEvent(ctx, { type: 'oauth_client.deleted', subjectId: id, data: { clientId }, personal: {} })
  })
}

export function clientTag(client: OAuthClient): string {
  return tagOf(client.version)
}

async function requireClient(ctx: ReadCtx, clientId: string): Promise<OAuthClient> {
  const client = await queries.findClient(ctx.db, ctx.tenantId, clientId)
  if (client === undefined) throw notFound('oauth_client_not_found')
  return client
}

/** A new role is a fact of its own: it is what auditors look for. */
async function recordChange(
  ctx: TrxCtx,
  before: OAuthClient,
  { fields, role }: { readonly fields: string[]; readonly role: string },
): Promise<void> {
  const subject = { subjectId: before.id, personal: {} }
  if (fields.length > 0) await recordEvent(ctx, { ...subject, type: 'oauth_client.updated', data: { fields } })
  if (role !== before.role)
    await recordEvent(ctx, { ...subject, type: 'oauth_client.role_changed', data: { from: before.role, to: role } })
}

function toRow(ctx: TrxCtx, client: OAuthClient, hidden: { readonly role_id: string; readonly secret_hash: string }) {
  return {
    ...hidden,
    tenant_id: ctx.tenantId,
    id: client.id,
    client_id: client.clientId,
    display_name: client.displayName,
    description: client.description,
    personas: JSON.stringify(client.personas),
    created_at: client.createdAt,
    created_by: client.createdBy,
    updated_at: 0,
    updated_by: '',
    last_used_at: 0,
    version: 1,
  }
}
