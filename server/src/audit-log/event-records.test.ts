import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventTypes, isEventName } from '../events/event-types.ts'
import { defaultLimits } from '../limits/limits.ts'
import { readAdminEventQuery } from './audit-log.wire.ts'
import type { AuditEvent } from './audit-log.schema.ts'
import { toAdminEvent, toLoginEvent } from './event-records.wire.ts'

/** contract/rest-api.md, 6.6: one name beyond these breaks a client's whole page. */
const operationTypes = new Set(['CREATE', 'UPDATE', 'DELETE', 'ACTION'])
const resourceTypes = new Set(
  `REALM, REALM_ROLE, REALM_ROLE_MAPPING, REALM_SCOPE_MAPPING, AUTH_FLOW, AUTH_EXECUTION_FLOW, AUTH_EXECUTION, AUTHENTICATOR_CONFIG,
  REQUIRED_ACTION, IDENTITY_PROVIDER, IDENTITY_PROVIDER_MAPPER, PROTOCOL_MAPPER, USER, USER_LOGIN_FAILURE, USER_SESSION,
  USER_FEDERATION_PROVIDER, USER_FEDERATION_MAPPER, GROUP, GROUP_MEMBERSHIP, CLIENT, CLIENT_INITIAL_ACCESS_MODEL, CLIENT_ROLE,
  CLIENT_ROLE_MAPPING, CLIENT_SCOPE, CLIENT_SCOPE_MAPPING, CLIENT_SCOPE_CLIENT_MAPPING, CLUSTER_NODE, COMPONENT,
  AUTHORIZATION_RESOURCE_SERVER, AUTHORIZATION_RESOURCE, AUTHORIZATION_SCOPE, AUTHORIZATION_POLICY, CUSTOM`.split(
    /[\s,]+/,
  ),
)

const event: Omit<AuditEvent, 'type'> = {
  id: 'e',
  at: 1_767_323_045_000,
  actorKind: 'user',
  actorId: 'actor',
  actorName: 'admin01',
  subjectKind: 'user',
  subjectId: 'subject',
  objectId: 'object',
  address: '192.0.2.7',
  requestId: 'r',
  data: { fields: ['alias'] },
}

const adminTypes = Object.keys(eventTypes)
  .filter(isEventName)
  .filter((type) => eventTypes[type].category === 'admin')

test('every kind of change is spelled with names that clients know', () => {
  assert.ok(adminTypes.length > 25)
  for (const type of adminTypes) {
    const { operationType, resourceType, resourcePath, representation } = toAdminEvent({ ...event, type })
    assert.ok(operationTypes.has(operationType), `${type}: ${operationType}`)
    assert.ok(resourceTypes.has(resourceType), `${type}: ${resourceType}`)
    assert.ok(!/[{}]/.test(resourcePath), `${type}: ${resourcePath}`)
    assert.deepEqual(JSON.parse(representation).fields, event.data['fields'], type)
  }
})

test('every path an event shows finds that kind of event, exactly and by its parts', () => {
  for (const type of adminTypes) {
    const { resourcePath } = toAdminEvent({ ...event, type, subjectId: 's', objectId: 'o' })
    const conditionsFor = (path: string) => readAdminEventQuery({ resourcePath: path }, defaultLimits).conditions ?? []
    const [exact] = conditionsFor(resourcePath).filter((condition) => condition.type === type)
    assert.equal(exact?.subjectId, 's', type)
    const start = resourcePath.split('/')[0]
    assert.ok(
      conditionsFor(`${start}/*`).some((condition) => condition.type === type && condition.subjectId === undefined),
      type,
    )
    assert.deepEqual(conditionsFor(`nothing/${resourcePath}`), [], type)
  }
})

test('a sign-in is a LOGIN of the console, with how it came about and which session it began', () => {
  const started = { ...event, type: 'session.started', objectId: 'session', data: { method: 'password' } } as const
  assert.deepEqual(toLoginEvent(started), {
    clientId: 'atlan-frontend',
    details: { method: 'password' },
    ipAddress: '192.0.2.7',
    realmId: 'default',
    sessionId: 'session',
    time: 1_767_323_045_000,
    type: 'LOGIN',
    userId: 'subject',
  })
  const refused = toLoginEvent({ ...event, type: 'sign_in.refused', subjectId: '', objectId: '' })
  assert.deepEqual([refused.type, refused.userId, refused.sessionId], ['LOGIN_ERROR', undefined, undefined])
})
