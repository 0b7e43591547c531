import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import type { Ctx } from '../access/ctx.ts'
import { operation } from '../http/operation.ts'
import { enforceSso } from './enforcement.service.ts'
import type { SamlDeps } from './saml-deps.ts'
import { createTest, getTest, redrawTest, type StartedTest as Started } from './sso-tests.service.ts'
import type { SsoTest } from './sso-tests.schema.ts'

const TestRecord = Type.Object(
  {
    id: Type.String(),
    connectionId: Type.String(),
    state: Type.String({ description: 'open, started, passed or failed' }),
    reason: Type.String({ description: 'Why it failed; empty otherwise.' }),
    nameId: Type.String(),
    nameIdFormat: Type.String(),
    outcome: Type.String({ description: 'What a real sign-in with this answer would do.' }),
    attributes: Type.Array(
      Type.Object({
        name: Type.String(),
        values: Type.Array(Type.String()),
        meaning: Type.Array(Type.String(), { description: 'What it is used for; empty for nothing.' }),
      }),
    ),
    createdAt: Type.Integer({ description: 'Epoch milliseconds, as all times.' }),
    finishedAt: Type.Union([Type.Integer(), Type.Null()]),
  },
  { $id: 'SsoTest' },
)
const TestRef = Type.Unsafe<Static<typeof TestRecord>>({ $ref: 'SsoTest#' })
const StartedTest = Type.Object({
  id: Type.String(),
  url: Type.String({ description: 'Open it in a browser within ten minutes; it works once.' }),
})
const EnforceBody = Type.Object({ enforced: Type.Boolean() }, { additionalProperties: false })

const tag = 'Single sign-on'
const url = '/api/muster/sso-connections/:id'
const manage = { bearer: 'sign-in:manage', isCritical: true } as const

export function registerSsoTestRoutes(app: FastifyInstance, deps: SamlDeps): void {
  app.addSchema(TestRecord)
  const toStarted = async ({ tenantId }: Ctx, { test, alias, secret }: Started) => ({
    id: test.id,
    url: `${await deps.baseUrl(tenantId)}/auth/saml/${alias}/login?test=${secret}`,
  })
  operation(
    app,
    {
      method: 'POST',
      url: `${url}/tests`,
      operationId: 'testSsoConnection',
      tag,
      summary: 'Test an SSO connection',
      description:
        'Answers an address to open in a browser: the IdP signs you in, and what it sent is shown with what each attribute is used for. Nobody is signed in here and nothing is changed. Works with a connection that is switched off.',
      access: manage,
      isExtension: true,
      answer: {
        schema: StartedTest,
        example: { id: exampleId, url: 'https://acme.example.com/auth/saml/okta/login?test=msst_…' },
      },
      // No such test: of a repeat, whose test was begun meanwhile.
      errors: ['plan_required', 'sso_connection_not_found', 'sso_test_not_found'],
      secret: {
        fields: ['url'],
        redraw: async ({ ctx }, stored) => toStarted(ctx, await redrawTest(ctx, String(stored['id']))),
      },
    },
    async ({ ctx, params }) => toStarted(ctx, await createTest(ctx, params['id'] ?? '')),
  )
  operation(
    app,
    {
      method: 'GET',
      url: '/api/muster/sso-tests/:id',
      operationId: 'getSsoTest',
      tag,
      summary: 'Get what a test of an SSO connection showed',
      access: { bearer: 'sign-in:read' },
      isExtension: true,
      answer: { schema: TestRef, example },
      errors: ['sso_test_not_found'],
    },
    async ({ ctx, params }) => toRecord(await getTest(ctx, params['id'] ?? '')),
  )
  operation(
    app,
    {
      method: 'POST',
      url: `${url}/enforce`,
      operationId: 'enforceSso',
      tag,
      summary: 'Let people in through their IdP alone, or end that',
      description:
        'To begin, the connection must be on and you must have passed a test of it, as it is now, that signs you in as yourself. Passwords and invitations are then refused. The host operator can end it: muster-server sso release.',
      access: manage,
      isExtension: true,
      body: EnforceBody,
      bodyExamples: [{ enforced: false }],
      answer: {},
      errors: ['plan_required', 'sso_connection_not_found', 'sso_untested'],
    },
    async ({ ctx, params, body }) => enforceSso(ctx, params['id'] ?? '', body.enforced),
  )
}

function toRecord({
  id,
  connectionId,
  state,
  reason,
  detail,
  createdAt,
  finishedAt,
}: SsoTest): Static<typeof TestRecord> {
  return {
    id,
    connectionId,
    state,
    reason,
    nameId: detail.nameId ?? '',
    nameIdFormat: detail.nameIdFormat ?? '',
    outcome: detail.outcome ?? '',
    attributes: (detail.attributes ?? []).map(({ name, values, meaning }) => ({
      name,
      values: [...values],
      meaning: [...meaning],
    })),
    createdAt,
    finishedAt: finishedAt === 0 ? null : finishedAt,
  }
}

const exampleId = '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f18'
const example = {
  id: exampleId,
  connectionId: exampleId,
  state: 'passed',
  reason: '',
  nameId: 'G-0f0c…',
  nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  outcome: 'would sign in as user01',
  attributes: [{ name: 'memberOf', values: ['ds-team'], meaning: ['group data_science by ds-team'] }],
  createdAt: 1_767_323_045_000,
  finishedAt: 1_767_323_065_000,
} satisfies Static<typeof TestRecord>
