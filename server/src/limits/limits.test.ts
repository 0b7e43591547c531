import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError, readConfig } from '../config.ts'
import { settings } from '../settings.ts'
import { defaultLimits, limitRows } from './limits.ts'

/** What must be set along, so that one limit does not contradict another. */
const companions = (variable: string, value: number): Record<string, string> => {
  switch (variable) {
    case 'MUSTER_PAGE_SIZE_DEFAULT':
      return { MUSTER_PAGE_SIZE_MAX: '1000' }
    case 'MUSTER_HEADERS_TIMEOUT_MS':
      return { MUSTER_REQUEST_TIMEOUT_MS: '300000' }
    case 'MUSTER_REQUEST_TIMEOUT_MS':
      return { MUSTER_HEADERS_TIMEOUT_MS: String(Math.max(100, Math.min(Math.trunc(value) || 100, 60_000))) }
    default:
      return {}
  }
}

function read(variable: string, value: number | string): Record<string, number> {
  return readConfig({ ...companions(variable, Number(value)), [variable]: String(value) }).config.limits
}

test('every limit has a variable of its own, and a default within its range', () => {
  console.log(`limits: ${limitRows.length} rows`)
  const variables = [...limitRows.map((row) => row.variable), ...settings.map((setting) => setting.name)]
  assert.equal(new Set(variables).size, variables.length)
  assert.equal(new Set(limitRows.map((row) => row.name)).size, limitRows.length)
  for (const { variable, fallback, min, max, about } of limitRows) {
    assert.match(variable, /^MUSTER_[A-Z_]+$/)
    assert.ok(fallback >= min && fallback <= max, variable)
    assert.match(about, /^[A-Z].*\.$/, variable)
  }
  assert.deepEqual(readConfig({}).config.limits, defaultLimits)
})

test('every limit may be set to both ends of its range and to nothing beyond, with a sentence that names it', () => {
  for (const { name, variable, min, max, canBeOff } of limitRows) {
    for (const value of [min, max]) assert.equal(read(variable, value)[name], value, variable)
    const beyond = [min - 1, max + 1, '', 'x', '1e3', '0x10', ' 100', '100.5', '99999999999']
    for (const value of beyond.filter((text) => !(canBeOff === true && text === 0))) {
      assert.throws(
        () => read(variable, value),
        (error) =>
          error instanceof ConfigError &&
          error.message.startsWith(`${variable} is "${value}"`) &&
          error.message.includes(`from ${min} to ${max}`),
        `${variable}=${value}`,
      )
    }
    if (canBeOff === true) assert.equal(read(variable, 0)[name], 0, variable)
    else if (min > 0) assert.throws(() => read(variable, 0), ConfigError)
  }
})

test('limits that contradict each other are refused', () => {
  for (const [env, first] of [
    [{ MUSTER_PAGE_SIZE_DEFAULT: '101' }, 'MUSTER_PAGE_SIZE_DEFAULT'],
    [{ MUSTER_HEADERS_TIMEOUT_MS: '30001' }, 'MUSTER_HEADERS_TIMEOUT_MS'],
    [{ MUSTER_REQUEST_TIMEOUT_MS: '9999' }, 'MUSTER_HEADERS_TIMEOUT_MS'],
  ] as const) {
    assert.throws(
      () => readConfig(env),
      (error) => error instanceof ConfigError && error.message.startsWith(first),
    )
  }
  readConfig({ MUSTER_PAGE_SIZE_DEFAULT: '100', MUSTER_HEADERS_TIMEOUT_MS: '30000' })
})

/** Where each limit is set low and met at its bound and one past it. */
const provenIn: Readonly<Record<string, readonly string[]>> = {
  'limits/request-bounds.test.ts': [
    'headersMaxBytes',
    'headersMax',
    'bodyMaxBytes',
    'publicBodyMaxBytes',
    'jsonDepthMax',
    'jsonNodesMax',
    'nameMaxCharacters',
    'attributeMaxBytes',
    'pathIdMaxCharacters',
    'invitesPerCallMax',
    'membersPerCallMax',
  ],
  'limits/list-bounds.test.ts': [
    'pageSizeDefault',
    'pageSizeMax',
    'eventsPageSizeMax',
    'offsetMax',
    'columnsMax',
    'filterMaxBytes',
    'filterDepthMax',
    'filterTermsMax',
    'filterValuesMax',
    'textFilterMaxBytes',
    'textFilterDepthMax',
    'textFilterTermsMax',
  ],
  'limits/sql-bounds.test.ts': ['sqlLockWaitMs', 'sqlStatementMs', 'sqlIdleTransactionMs', 'sqlConnectionsMax'],
  'http/slow-clients.test.ts': [
    'headersTimeoutMs',
    'requestTimeoutMs',
    'keepAliveTimeoutMs',
    'connectionsMax',
    'connectionsPerAddressMax',
  ],
  'http/overload/overload.test.ts': [
    'handlerTimeoutMs',
    'inFlightMax',
    'inFlightPerTenantMax',
    'eventLoopDelayMaxMs',
    'sqlConnectionWaitMs',
  ],
  'passwords/hash-queue.test.ts': ['passwordHashesPerCore', 'passwordHashesWaitingMax'],
  'rates/rates.test.ts': ['tokenPerMinute', 'tokenBurst', 'tenantPerMinute', 'addressPerMinute', 'scimTokenPerMinute'],
  'invitations/invite-rates.test.ts': ['invitesPerMinute', 'mailsPerHour'],
}

test('every limit is met by a test at its bound and one past it', () => {
  const proven = Object.entries(provenIn).flatMap(([file, names]) => {
    const text = readFileSync(join(import.meta.dirname, '..', file), 'utf8')
    return names.filter((name) => text.includes(limitRows.find((row) => row.name === name)?.variable ?? '?'))
  })
  assert.deepEqual(proven.toSorted(), limitRows.map((row) => row.name).toSorted())
})
