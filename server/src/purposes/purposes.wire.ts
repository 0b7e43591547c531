import Type, { type Static } from 'typebox'
import { envelopeSchema } from '../lists/envelope.ts'
import type { NewPurpose, PurposeChange, PurposeView } from './purposes.schema.ts'

const MaybeText = Type.Optional(Type.Union([Type.String(), Type.Null()]))
const MaybeTags = Type.Optional(Type.Union([Type.Array(Type.String(), { maxItems: 1_000 }), Type.Null()]))
const MaybeFlag = Type.Optional(Type.Union([Type.Boolean(), Type.Null()]))
/** Clients keep a version text beside a purpose; some send a number. */
const MaybeRevision = Type.Optional(Type.Union([Type.String(), Type.Number(), Type.Null()]))

export const CreatePurposeBody = Type.Object({
  name: Type.String({ minLength: 1 }),
  displayName: MaybeText,
  description: MaybeText,
  tags: MaybeTags,
  isActive: MaybeFlag,
  version: MaybeRevision,
})

export const UpdatePurposeBody = Type.Object({
  name: MaybeText,
  displayName: MaybeText,
  description: MaybeText,
  tags: MaybeTags,
  isActive: MaybeFlag,
  version: MaybeRevision,
})

/** Both keys are required: a missing one would silently remove people. */
export const SubjectsBody = Type.Object({
  users: Type.Array(Type.String(), { maxItems: 5_000 }),
  groups: Type.Array(Type.String(), { maxItems: 5_000 }),
})

export const PurposeRecord = Type.Object(
  {
    id: Type.String(),
    guid: Type.Optional(Type.String({ description: 'Equal to id.' })),
    name: Type.Optional(Type.String()),
    displayName: Type.Optional(Type.String()),
    description: Type.Optional(Type.String()),
    qualifiedName: Type.Optional(Type.String()),
    createdAt: Type.Optional(Type.Integer({ description: 'Epoch milliseconds.' })),
    createdBy: Type.Optional(Type.String()),
    updatedAt: Type.Optional(Type.Integer()),
    updatedBy: Type.Optional(Type.String()),
    tags: Type.Optional(Type.Array(Type.String())),
    isActive: Type.Optional(Type.Boolean()),
    version: Type.Optional(Type.String()),
    users: Type.Optional(Type.Array(Type.String({ description: 'Ids.' }))),
    groups: Type.Optional(Type.Array(Type.String({ description: 'Ids.' }))),
  },
  { $id: 'Purpose' },
)

export const PurposeRef = Type.Unsafe<Static<typeof PurposeRecord>>({ $ref: 'Purpose#' })
export const PurposeList = envelopeSchema(PurposeRef)

export function fromCreatePurposeBody(body: Static<typeof CreatePurposeBody>): NewPurpose {
  return {
    name: body.name,
    displayName: body.displayName ?? null,
    description: body.description ?? '',
    tags: body.tags ?? [],
    isActive: body.isActive ?? true,
    revision: String(body.version ?? ''),
  }
}

export function fromUpdatePurposeBody(body: Static<typeof UpdatePurposeBody>): PurposeChange {
  return {
    ...(typeof body.name === 'string' ? { name: body.name } : {}),
    ...(typeof body.displayName === 'string' ? { displayName: body.displayName } : {}),
    ...(typeof body.description === 'string' ? { description: body.description } : {}),
    ...(typeof body.isActive === 'boolean' ? { isActive: body.isActive } : {}),
    ...(Array.isArray(body.tags) ? { tags: body.tags } : {}),
    ...(body.version === undefined || body.version === null ? {} : { revision: String(body.version) }),
  }
}

export function toPurposeRecord(purpose: PurposeView): Static<typeof PurposeRecord> {
  return {
    id: purpose.id,
    guid: purpose.id,
    name: purpose.name,
    displayName: purpose.displayName,
    description: purpose.description,
    qualifiedName: purpose.qualifiedName,
    createdAt: purpose.createdAt,
    createdBy: purpose.createdBy,
    updatedAt: purpose.updatedAt,
    updatedBy: purpose.updatedBy,
    tags: [...purpose.tags],
    isActive: purpose.isActive,
    version: purpose.revision,
    users: [...purpose.userIds],
    groups: [...purpose.groupIds],
  }
}
