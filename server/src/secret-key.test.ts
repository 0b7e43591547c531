import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ConfigError, readConfig } from './config.ts'
import { secretKey } from './secret-key.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'muster-secret-key-'))
after(() => rmSync(dataDir, { recursive: true, force: true }))
const { secrets } = readConfig({})
const file = join(dataDir, 'secret-key')

test('with SQLite the first start writes a key that its owner alone may read, and later ones use it', () => {
  const first = secretKey({ dataDir }, secrets, 'sqlite')
  assert.match(first, /^[A-Za-z0-9_-]{43}$/)
  assert.equal(readFileSync(file, 'utf8'), `${first}\n`)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(secretKey({ dataDir }, secrets, 'sqlite'), first)
  chmodSync(file, 0o640)
  assert.throws(() => secretKey({ dataDir }, secrets, 'sqlite'), ConfigError)
})

test('with PostgreSQL the key must be set, so that all nodes have the same; what is set wins', () => {
  assert.throws(() => secretKey({ dataDir }, secrets, 'postgres'), /^Error: MUSTER_SECRET_KEY is not set/)
  const set = { ...secrets, secretKey: 'kq3Zb0n7VtYxR5uWmE1sLd9GfHjA2cPoTiB8yNvXw4M' }
  for (const kind of ['sqlite', 'postgres'] as const) assert.equal(secretKey({ dataDir }, set, kind), set.secretKey)
})
