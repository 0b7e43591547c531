import Type, { type Static } from 'typebox'
import { envelopeSchema } from '../lists/envelope.ts'
import type { NewPersona, PersonaChange, PersonaExtras, PersonaView, Policies } from './personas.schema.ts'

const MaybeText = Type.Optional(Type.Union([Type.String(), Type.Null()]))
const MaybePolicies = Type.Optional(Type.Union([Type.Array(Type.Unknown(), { maxItems: 1_000 }), Type.Null()]))
const policyKeys = ['metadataPolicies', 'dataPolicies', 'glossaryPolicies'] as const
const MaybeFlag = Type.Optional(Type.Union([Type.Boolean(), Type.Null()]))
/** Kept with a persona and given back as they came. */
const extrasBody = {
  readme: MaybeText,
  resources: MaybePolicies,
  attributes: Type.Optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()])),
}
const ExtrasBody = Type.Object(extrasBody)
const policyBody = { metadataPolicies: MaybePolicies, dataPolicies: MaybePolicies, glossaryPolicies: MaybePolicies }

export const CreatePersonaBody = Type.Object({
  name: Type.String({ minLength: 1 }),
  displayName: MaybeText,
  description: MaybeText,
  enabled: MaybeFlag,
  ...extrasBody,
  ...policyBody,
})

export const UpdatePersonaBody = Type.Object({
  name: MaybeText,
  displayName: MaybeText,
  description: MaybeText,
  enabled: MaybeFlag,
  ...extrasBody,
  ...policyBody,
})

/** Both keys are required: a missing one would silently remove people. */
export const SubjectsBody = Type.Object({
  users: Type.Array(Type.String(), { maxItems: 5_000 }),
  groups: Type.Array(Type.String(), { maxItems: 5_000 }),
})

export const PersonaRecord = Type.Object(
  {
    id: Type.String(),
    name: Type.Optional(Type.String()),
    displayName: Type.Optional(Type.String()),
    description: Type.Optional(Type.String()),
    qualifiedName: Type.Optional(Type.String()),
    createdAt: Type.Optional(Type.Integer({ description: 'Epoch milliseconds.' })),
    createdBy: Type.Optional(Type.String()),
    updatedAt: Type.Optional(Type.Integer()),
    updatedBy: Type.Optional(Type.String()),
    type: Type.Optional(Type.String()),
    level: Type.Optional(Type.String()),
    metadataPolicies: Type.Optional(Type.Array(Type.Unknown())),
    dataPolicies: Type.Optional(Type.Array(Type.Unknown())),
    glossaryPolicies: Type.Optional(Type.Array(Type.Unknown())),
    users: Type.Optional(Type.Array(Type.String({ description: 'Ids.' }))),
    groups: Type.Optional(Type.Array(Type.String({ description: 'Ids.' }))),
    version: Type.Optional(Type.Integer()),
    enabled: Type.Optional(Type.Boolean()),
    readme: Type.Optional(Type.String()),
    resources: Type.Optional(Type.Array(Type.Unknown())),
    attributes: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { $id: 'Persona' },
)

export const PersonaRef = Type.Unsafe<Static<typeof PersonaRecord>>({ $ref: 'Persona#' })
export const PersonaList = envelopeSchema(PersonaRef)

export function fromCreatePersonaBody(body: Static<typeof CreatePersonaBody>): NewPersona {
  return {
    name: body.name,
    displayName: body.displayName ?? null,
    description: body.description ?? '',
    isEnabled: body.enabled ?? true,
    policies: readPolicies(body),
    extras: readExtras(body),
  }
}

export function fromUpdatePersonaBody(body: Static<typeof UpdatePersonaBody>): PersonaChange {
  return {
    ...(typeof body.name === 'string' ? { name: body.name } : {}),
    ...(typeof body.displayName === 'string' ? { displayName: body.displayName } : {}),
    ...(typeof body.description === 'string' ? { description: body.description } : {}),
    ...(typeof body.enabled === 'boolean' ? { isEnabled: body.enabled } : {}),
    policies: readPolicies(body),
    extras: readExtras(body),
  }
}

function readExtras({ readme, resources, attributes }: Static<typeof ExtrasBody>): Partial<PersonaExtras> {
  return {
    ...(typeof readme === 'string' ? { readme } : {}),
    ...(Array.isArray(resources) ? { resources } : {}),
    ...(attributes === undefined || attributes === null ? {} : { attributes }),
  }
}

function readPolicies(body: { readonly [key in (typeof policyKeys)[number]]?: unknown[] | null }): Partial<Policies> {
  return Object.fromEntries(policyKeys.flatMap((key) => (Array.isArray(body[key]) ? [[key, body[key]]] : [])))
}

export function toPersonaRecord(persona: PersonaView): Static<typeof PersonaRecord> {
  return {
    id: persona.id,
    name: persona.name,
    displayName: persona.displayName,
    description: persona.description,
    qualifiedName: persona.qualifiedName,
    createdAt: persona.createdAt,
    createdBy: persona.createdBy,
    updatedAt: persona.updatedAt,
    updatedBy: persona.updatedBy,
    type: 'persona',
    level: 'workspace',
    metadataPolicies: [...persona.policies.metadataPolicies],
    dataPolicies: [...persona.policies.dataPolicies],
    glossaryPolicies: [...persona.policies.glossaryPolicies],
    users: [...persona.userIds],
    groups: [...persona.groupIds],
    version: persona.version,
    enabled: persona.isEnabled,
    readme: persona.readme,
    resources: [...persona.resources],
    attributes: { ...persona.attributes },
  }
}
