import Type, { type Static } from 'typebox'
import { envelopeSchema } from '../lists/envelope.ts'
import type { ApiToken, ApiTokenChange, NewApiToken } from './api-tokens.schema.ts'

/** Of any size: what is negative or too large means the maximum. */
const Lifetime = Type.Union([Type.Integer(), Type.Null()])
const Text = Type.String({ maxLength: 4_000 })
/** Java sends `[null]` for none. */
const PersonaNames = Type.Union([Type.Array(Type.Union([Text, Type.Null()]), { maxItems: 500 }), Type.Null()])
/** A deprecated list that newer Python clients still send; its meaning is that of personaQualifiedNames. */
const OldPersonas = Type.Union([Type.Array(Type.Unknown(), { maxItems: 500 }), Type.Null()])

export const CreateTokenBody = Type.Object({
  displayName: Type.String({ minLength: 1, maxLength: 4_000 }),
  description: Type.Optional(Type.Union([Text, Type.Null()])),
  personaQualifiedNames: Type.Optional(PersonaNames),
  personas: Type.Optional(OldPersonas),
  validitySeconds: Type.Optional(Lifetime),
})

export const UpdateTokenBody = Type.Object({
  displayName: Type.String({ minLength: 1, maxLength: 4_000 }),
  description: Type.Optional(Type.Union([Text, Type.Null()])),
  personaQualifiedNames: Type.Optional(PersonaNames),
  personas: Type.Optional(OldPersonas),
  validitySeconds: Type.Optional(Lifetime),
})

/** Everything is text here, lists included: they are JSON inside a string. */
const TokenAttributes = Type.Object({
  'access.token.lifespan': Type.String({ description: 'Seconds.' }),
  accessToken: Type.Optional(Type.String({ description: 'The secret; in the answer to the creation only.' })),
  clientId: Type.String(),
  createdAt: Type.String({ description: 'Epoch milliseconds.' }),
  createdBy: Type.String(),
  description: Type.String(),
  displayName: Type.String(),
  personaQualifiedName: Type.String({ description: 'A JSON array of qualified names.' }),
  personas: Type.String({ description: 'Deprecated; always "[]".' }),
  workspacePermissions: Type.String({ description: 'A JSON array.' }),
})

export const TokenRecord = Type.Object(
  { id: Type.String(), clientId: Type.String(), displayName: Type.String(), attributes: TokenAttributes },
  { $id: 'ApiToken' },
)

/** In a list `columns` may leave out all but the id. */
const ListedToken = Type.Object({
  id: Type.String(),
  clientId: Type.Optional(Type.String()),
  displayName: Type.Optional(Type.String()),
  attributes: Type.Optional(TokenAttributes),
})

export const TokenRef = Type.Unsafe<Static<typeof TokenRecord>>({ $ref: 'ApiToken#' })
export const TokenList = envelopeSchema(ListedToken)

export function fromCreateTokenBody(body: Static<typeof CreateTokenBody>): NewApiToken {
  return {
    displayName: body.displayName,
    description: (body.description ?? '').trim(),
    personas: textsOnly(body.personaQualifiedNames ?? []),
    lifetimeSeconds: body.validitySeconds ?? null,
  }
}

export function fromUpdateTokenBody(body: Static<typeof UpdateTokenBody>): ApiTokenChange {
  return {
    displayName: body.displayName,
    // One blank is how some clients say "none".
    description: body.description?.trim() ?? null,
    personas:
      body.personaQualifiedNames === undefined || body.personaQualifiedNames === null
        ? null
        : textsOnly(body.personaQualifiedNames),
  }
}

export function toTokenRecord(token: ApiToken, secret?: string): Static<typeof TokenRecord> {
  return {
    id: token.id,
    clientId: token.clientId,
    displayName: token.displayName,
    attributes: {
      'access.token.lifespan': String(token.lifetimeSeconds),
      ...(secret === undefined ? {} : { accessToken: secret }),
      clientId: token.clientId,
      createdAt: String(token.createdAt),
      createdBy: token.createdBy,
      description: token.description,
      displayName: token.displayName,
      personaQualifiedName: JSON.stringify(token.personas),
      personas: '[]',
      workspacePermissions: '[]',
    },
  }
}

function textsOnly(values: readonly (string | null)[]): string[] {
  return [...new Set(values.filter((value) => value !== null))]
}
