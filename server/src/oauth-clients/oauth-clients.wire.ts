import Type, { type Static } from 'typebox'
import { envelopeSchema } from '../lists/envelope.ts'
import type {
  AccessToken,
  ClientCredentials,
  NewOAuthClient,
  OAuthClient,
  OAuthClientChange,
} from './oauth-clients.schema.ts'

const Name = Type.String({ minLength: 1, maxLength: 4_000 })
const Text = Type.String({ maxLength: 4_000 })
const RoleName = Type.String({ maxLength: 200 })
const PersonaNames = Type.Array(Type.Union([Text, Type.Null()]), { maxItems: 500 })

export const CreateClientBody = Type.Object({
  displayName: Name,
  description: Type.Optional(Type.Union([Text, Type.Null()])),
  role: RoleName,
  personaQNs: Type.Optional(Type.Union([PersonaNames, Type.Null()])),
})

/** Absent and null leave a field as it is. */
export const UpdateClientBody = Type.Object({
  displayName: Type.Optional(Type.Union([Name, Type.Null()])),
  description: Type.Optional(Type.Union([Text, Type.Null()])),
  role: Type.Optional(Type.Union([RoleName, Type.Null()])),
  personaQNs: Type.Optional(Type.Union([PersonaNames, Type.Null()])),
})

export const TokenBody = Type.Object({
  clientId: Type.String({ maxLength: 200 }),
  clientSecret: Type.String({ maxLength: 200 }),
})

export const TokenAnswer = Type.Object({
  accessToken: Type.String(),
  tokenType: Type.String({ description: 'Always Bearer.' }),
  expiresIn: Type.Integer({ description: 'Seconds.' }),
})

/** `columns` asks for some keys of a list; the id always comes. */
export const ClientRecord = Type.Object(
  {
    id: Type.String(),
    clientId: Type.Optional(Type.String({ description: 'oauth-client-<uuid>; this is what addresses take.' })),
    clientSecret: Type.Optional(Type.String({ description: 'In the answer to the creation only.' })),
    displayName: Type.Optional(Type.String()),
    description: Type.Optional(Type.String()),
    role: Type.Optional(Type.String({ description: '$admin, $member or $guest' })),
    personaQNs: Type.Optional(Type.Array(Type.String(), { description: 'Qualified names.' })),
    tokenExpirySeconds: Type.Optional(Type.Integer({ description: 'Life of its access tokens.' })),
    createdAt: Type.Optional(Type.String({ description: 'Epoch milliseconds.' })),
    createdBy: Type.Optional(Type.String()),
    updatedAt: Type.Optional(Type.String({ description: 'Epoch milliseconds; absent until there was a change.' })),
    updatedBy: Type.Optional(Type.String()),
  },
  { $id: 'OAuthClient' },
)

export const ClientRef = Type.Unsafe<Static<typeof ClientRecord>>({ $ref: 'OAuthClient#' })
export const ClientList = envelopeSchema(ClientRef)

export function fromCreateClientBody(body: Static<typeof CreateClientBody>): NewOAuthClient {
  return {
    displayName: body.displayName,
    description: (body.description ?? '').trim(),
    role: body.role,
    personas: textsOnly(body.personaQNs ?? []),
  }
}

export function fromUpdateClientBody(body: Static<typeof UpdateClientBody>): OAuthClientChange {
  return {
    displayName: body.displayName ?? null,
    description: body.description?.trim() ?? null,
    role: body.role ?? null,
    personas: body.personaQNs === undefined || body.personaQNs === null ? null : textsOnly(body.personaQNs),
  }
}

export function fromTokenBody(body: Static<typeof TokenBody>): ClientCredentials {
  return { clientId: body.clientId, secret: body.clientSecret }
}

export function toTokenAnswer({ token, lifetimeSeconds }: AccessToken): Static<typeof TokenAnswer> {
  return { accessToken: token, tokenType: 'Bearer', expiresIn: lifetimeSeconds }
}

export function toClientRecord(
  client: OAuthClient,
  tokenExpirySeconds: number,
  secret?: string,
): Static<typeof ClientRecord> {
  return {
    id: client.id,
    clientId: client.clientId,
    ...(secret === undefined ? {} : { clientSecret: secret }),
    displayName: client.displayName,
    description: client.description,
    role: client.role,
    personaQNs: [...client.personas],
    tokenExpirySeconds,
    createdAt: String(client.createdAt),
    createdBy: client.createdBy,
    ...(client.updatedAt === 0 ? {} : { updatedAt: String(client.updatedAt), updatedBy: client.updatedBy }),
  }
}

function textsOnly(values: readonly (string | null)[]): string[] {
  return [...new Set(values.filter((value) => value !== null))]
}
