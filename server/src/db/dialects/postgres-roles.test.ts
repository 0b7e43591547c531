import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../../config.ts'
import { refuseStrongRole, type ServerRole } from './postgres-roles.ts'

const fit: ServerRole = {
  name: 'muster_server',
  version: 150_004,
  isSuperuser: false,
  bypassesRowSecurity: false,
  ownedTable: null,
}

test('a role above row level security is no role for a server, nor is an old PostgreSQL one to run on (V-T5)', () => {
  refuseStrongRole(fit)
  const cases: readonly (readonly [Partial<ServerRole>, RegExp])[] = [
    [{ isSuperuser: true }, /the role muster_server, which is a superuser .*DATABASE_OWNER_URL/],
    [{ bypassesRowSecurity: true }, /has BYPASSRLS/],
    [{ ownedTable: 'users' }, /owns the tables \(users\)/],
    [{ version: 140_011 }, /PostgreSQL 14; Muster needs 15/],
  ]
  for (const [change, pattern] of cases) {
    assert.throws(
      () => refuseStrongRole({ ...fit, ...change }),
      (error) =>
        error instanceof ConfigError &&
        pattern.test(error.message) &&
        /^DATABASE_URL [^\n]+\.$|md\.$/.test(error.message),
    )
  }
})
