import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import { operation } from '../http/operation.ts'
import { profiles, ScimProfile, ScimRules } from './scim-rules.schema.ts'
import type { ScimSettings } from './scim-tokens.schema.ts'
import * as settings from './scim-settings.service.ts'

const Role = Type.Union([Type.Literal('$admin'), Type.Literal('$member'), Type.Literal('$guest')])
const Overrides = Type.Partial(ScimRules, { description: 'Single rules that differ from the profile’s.' })

const SettingsRecord = Type.Object(
  {
    enabled: Type.Boolean(),
    profile: ScimProfile,
    overrides: Overrides,
    rules: Type.Object(ScimRules.properties, { description: 'Profile and overrides together.' }),
    roleMap: Type.Record(Type.String(), Role, { description: 'Value or display of a SCIM role → workspace role.' }),
    logDays: Type.Integer({ description: 'Days the inspector keeps requests.' }),
    paths: Type.Array(Type.String(), { description: 'Where SCIM is served on this host.' }),
  },
  { $id: 'ScimSettings' },
)
const SettingsRef = Type.Unsafe<Static<typeof SettingsRecord>>({ $ref: 'ScimSettings#' })

const UpdateBody = Type.Object(
  {
    enabled: Type.Optional(Type.Boolean()),
    profile: Type.Optional(ScimProfile),
    overrides: Type.Optional(Type.Partial(ScimRules, { additionalProperties: false })),
    roleMap: Type.Optional(Type.Record(Type.String({ minLength: 1, maxLength: 200 }), Role, { maxProperties: 200 })),
    logDays: Type.Optional(Type.Integer({ minimum: 0, maximum: 90 })),
  },
  { additionalProperties: false },
)

const tag = 'SCIM settings'
const url = '/api/muster/scim/settings'

export function registerScimSettingsRoutes(app: FastifyInstance): void {
  app.addSchema(SettingsRecord)
  operation(
    app,
    {
      method: 'GET',
      url,
      operationId: 'getScimSettings',
      tag,
      summary: 'Get the SCIM settings',
      access: { bearer: 'sign-in:read' },
      isExtension: true,
      answer: { schema: SettingsRef, example },
    },
    async ({ ctx, reply }) => {
      const found = await settings.getSettings(ctx)
      reply.header('etag', settings.settingsTag(found))
      return toRecord(found)
    },
  )
  operation(
    app,
    {
      method: 'POST',
      url,
      operationId: 'updateScimSettings',
      tag,
      summary: 'Change the SCIM settings',
      description:
        'What is left out stays; overrides and roleMap are replaced whole. Switching on needs the enterprise plan and an SSO connection that works.',
      access: { bearer: 'sign-in:manage', isCritical: true },
      isExtension: true,
      body: UpdateBody,
      bodyExamples: [{ profile: 'entra', roleMap: { Admins: '$admin' } }],
      answer: { schema: SettingsRef, example },
      errors: ['plan_required', 'sso_required', 'version_mismatch'],
    },
    async ({ ctx, body: { enabled, ...rest }, ifMatch, reply }) => {
      const changed = await settings.updateSettings(
        ctx,
        { ...rest, ...(enabled === undefined ? {} : { isOn: enabled }) },
        ifMatch,
      )
      reply.header('etag', settings.settingsTag(changed))
      return toRecord(changed)
    },
  )
}

function toRecord({ isOn, profile, overrides, roleMap, logDays }: ScimSettings): Static<typeof SettingsRecord> {
  return {
    enabled: isOn,
    profile,
    overrides,
    rules: { ...profiles[profile], ...overrides },
    roleMap,
    logDays,
    paths: ['/api/scim/v2', '/api/service/scim', '/api/service/scim/v2'],
  }
}

const example = toRecord({
  isOn: true,
  profile: 'lenient',
  overrides: {},
  roleMap: { admins: '$admin' },
  logDays: 30,
  version: 1,
})
