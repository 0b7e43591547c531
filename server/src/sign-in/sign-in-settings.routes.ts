import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { operation } from '../http/operation.ts'
import { changeSignInSettings, getSignInSettings } from './sign-in-settings.service.ts'

const minutesMax = 30 * 24 * 60
const minutes = (description: string) => Type.Integer({ minimum: 1, maximum: minutesMax, description })

const Settings = Type.Object({
  requiresSecondFactor: Type.Boolean({ description: 'Whether a password alone signs nobody in.' }),
  sessionIdleMinutes: minutes('Minutes without a request after which a session ends.'),
  sessionMaxMinutes: minutes('Minutes after which a session ends whatever happens.'),
})

const url = '/api/muster/sign-in-settings'
const tag = 'Sessions'
const example = { requiresSecondFactor: true, sessionIdleMinutes: 60, sessionMaxMinutes: 1440 }

export function registerSignInSettingsRoutes(app: FastifyInstance): void {
  operation(
    app,
    {
      method: 'GET',
      url,
      operationId: 'getSignInSettings',
      tag,
      summary: 'How people sign in, and for how long',
      access: { bearer: 'sign-in:read' },
      isExtension: true,
      answer: { schema: Settings, example },
    },
    async ({ ctx }) => getSignInSettings(ctx),
  )
  operation(
    app,
    {
      method: 'POST',
      url,
      operationId: 'changeSignInSettings',
      tag,
      summary: 'Change how people sign in',
      description: 'What is absent stays. Sessions that are live keep the limits they began with.',
      access: { bearer: 'sign-in:manage', isCritical: true },
      isExtension: true,
      body: Type.Partial(Settings),
      bodyExamples: [{ requiresSecondFactor: true }],
      answer: { schema: Settings, example },
    },
    async ({ ctx, body }) => changeSignInSettings(ctx, body),
  )
}
