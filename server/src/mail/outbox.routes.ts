import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import { operation } from '../http/operation.ts'
import { project, toEnvelope, walkableEnvelopeSchema } from '../lists/envelope.ts'
import { listQuerySchema, readListQuery } from '../lists/list-query.ts'
import { outboxList } from './outbox.fields.ts'
import type { OutboxItem } from './outbox.schema.ts'
import * as outbox from './outbox.service.ts'

const OutboxRecord = Type.Object(
  {
    id: Type.String(),
    kind: Type.Optional(Type.String()),
    subjectId: Type.Optional(Type.String({ description: 'What the mail is about, e.g. the invitation.' })),
    to: Type.Optional(Type.String()),
    state: Type.Optional(
      Type.String({ description: 'waiting, held (no mail server is set), sent, failed or discarded' }),
    ),
    attempts: Type.Optional(Type.Integer()),
    nextAttemptAt: Type.Optional(
      Type.Union([Type.Integer({ description: 'Epoch milliseconds, as all times.' }), Type.Null()]),
    ),
    lastError: Type.Optional(Type.String()),
    createdAt: Type.Optional(Type.Integer()),
    settledAt: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
    link: Type.Optional(
      Type.Union([Type.String(), Type.Null()], { description: 'The link in the mail while it is not sent.' }),
    ),
    payload: Type.Optional(Type.Object({}, { description: 'What the mail says, without secrets.' })),
  },
  { $id: 'OutboxItem' },
)

const OutboxRef = Type.Unsafe<Static<typeof OutboxRecord>>({ $ref: 'OutboxItem#' })
const tag = 'Outbox'
const access = { bearer: 'outbox:manage' } as const

type LinkTo = (tenantId: string, token: string) => Promise<string>

export function registerOutboxRoutes(app: FastifyInstance, linkTo: LinkTo): void {
  app.addSchema(OutboxRecord)
  operation(
    app,
    {
      method: 'GET',
      url: '/api/muster/outbox',
      operationId: 'listOutbox',
      tag,
      summary: 'List promised mails',
      description: 'Without a mail server they wait here, with the link to hand over.',
      access,
      isExtension: true,
      query: listQuerySchema(outboxList.rules, outboxList.fields),
      answer: {
        schema: walkableEnvelopeSchema(OutboxRef),
        example: { totalRecord: 1, filterRecord: 1, count: 1, records: [example], nextCursor: null },
      },
      errors: ['invalid_filter', 'invalid_sort', 'invalid_columns', 'invalid_cursor', 'limit_too_large'],
    },
    async ({ ctx, query: raw }) => {
      const query = readListQuery(raw, outboxList.rules, ctx.limits)
      const page = await outbox.listOutbox(ctx, query)
      const columns = query.columns === null ? null : new Set([...query.columns, 'id'])
      const items = await Promise.all(page.items.map((item) => toRecord(item, ctx.tenantId, linkTo)))
      return { ...toEnvelope({ ...page, items }, (record) => project(record, columns)), nextCursor: page.nextCursor }
    },
  )
  operation(
    app,
    {
      method: 'GET',
      url: '/api/muster/outbox/:id',
      operationId: 'getOutboxItem',
      tag,
      summary: 'Read one promised mail',
      access,
      isExtension: true,
      answer: { schema: OutboxRef, example },
      errors: ['outbox_item_not_found'],
    },
    async ({ ctx, params }) => toRecord(await outbox.getOutboxItem(ctx, params['id'] ?? ''), ctx.tenantId, linkTo),
  )
  registerActions(app)
}

function registerActions(app: FastifyInstance): void {
  const common = {
    method: 'POST',
    tag,
    access,
    isExtension: true,
    answer: {},
    errors: ['outbox_item_not_found', 'outbox_item_settled'],
  } as const
  operation(
    app,
    { ...common, url: '/api/muster/outbox/:id/retry', operationId: 'retryOutboxItem', summary: 'Send a mail now' },
    ({ ctx, params }) => outbox.retryOutboxItem(ctx, params['id'] ?? ''),
  )
  operation(
    app,
    {
      ...common,
      url: '/api/muster/outbox/:id/discard',
      operationId: 'discardOutboxItem',
      summary: 'Take a mail back that was not sent',
    },
    ({ ctx, params }) => outbox.discardOutboxItem(ctx, params['id'] ?? ''),
  )
}

async function toRecord(item: OutboxItem, tenantId: string, linkTo: LinkTo): Promise<Static<typeof OutboxRecord>> {
  const { secret, ...payload } = item.payload
  const isOpen = item.state === 'waiting' || item.state === 'held'
  const token = typeof secret === 'object' && secret !== null && 'token' in secret ? secret.token : undefined
  return {
    id: item.id,
    kind: item.kind,
    subjectId: item.subjectId,
    to: typeof payload['to'] === 'string' ? payload['to'] : '',
    state: item.state,
    attempts: item.attempts,
    nextAttemptAt: item.state === 'waiting' ? item.dueAt : null,
    lastError: item.lastError,
    createdAt: item.createdAt,
    settledAt: item.settledAt === 0 ? null : item.settledAt,
    link: isOpen && typeof token === 'string' ? await linkTo(tenantId, token) : null,
    payload,
  }
}

const example = {
  id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f18',
  kind: 'invitation-mail',
  subjectId: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f17',
  to: 'user01@example.com',
  state: 'held',
  attempts: 0,
  nextAttemptAt: null,
  lastError: 'No mail server is set (SMTP_URL).',
  createdAt: 1767323045000,
  settledAt: null,
  link: 'https://acme.example.com/auth/accept-invite?token=minv_…',
  payload: { to: 'user01@example.com', inviterName: 'Admin One', role: '$member', expiresAt: 1767927845000 },
}
