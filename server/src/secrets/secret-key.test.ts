import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ConfigError, readConfig } from '../config.ts'
import { installationKey, loadSecretKey } from './secret-key.ts'
import { isSignedBy, readPublicKey, signerFrom, toPem } from './signing.ts'

const parent = mkdtempSync(join(tmpdir(), 'muster-secret-key-'))
after(() => rmSync(parent, { recursive: true }))

function folder(): string {
  return mkdtempSync(join(parent, 'data-'))
}

test('the first start writes a random key for its owner alone; every later one reads it', () => {
  const dataDir = folder()
  const key = loadSecretKey({ configured: null, dataDir })
  assert.match(key ?? '', /^[A-Za-z0-9_-]{43}$/)
  assert.equal(loadSecretKey({ configured: null, dataDir }), key)
  assert.notEqual(loadSecretKey({ configured: null, dataDir: folder() }), key)
  assert.deepEqual(readdirSync(dataDir), ['secret.key'])
  if (process.platform !== 'win32') assert.equal(statSync(join(dataDir, 'secret.key')).mode & 0o777, 0o600)
})

test('a key that is set is taken instead, and none is written; with PostgreSQL a server does not start without', () => {
  const dataDir = folder()
  assert.equal(loadSecretKey({ configured: 'k'.repeat(32), dataDir }), 'k'.repeat(32))
  assert.deepEqual(readdirSync(dataDir), [])
  assert.equal(loadSecretKey({ configured: null, dataDir: null }), null)
  const { config, secrets } = readConfig({ DATABASE_URL: 'postgres://db/x', MUSTER_DATA_DIR: dataDir })
  assert.throws(() => installationKey(config, secrets), /MUSTER_SECRET_KEY is not set/)
})

test('a key file that others may read, or that holds no key, is refused with its path', () => {
  const file = join(folder(), 'secret.key')
  const load = () => loadSecretKey({ configured: null, dataDir: join(file, '..') })
  const isRefusal = (error: unknown) => error instanceof ConfigError && error.message.includes(file)
  writeFileSync(file, `${'k'.repeat(43)}\n`, { mode: 0o600 })
  for (const mode of process.platform === 'win32' ? [] : [0o644, 0o640, 0o604]) {
    chmodSync(file, mode)
    assert.throws(load, isRefusal)
  }
  chmodSync(file, 0o600)
  assert.equal(load(), 'k'.repeat(43))
  writeFileSync(file, 'short\n')
  assert.throws(load, isRefusal)
  assert.equal(readFileSync(file, 'utf8'), 'short\n', 'and is not overwritten')
})

test('one secret gives one key pair; a signature counts for its text and its key alone', () => {
  const [signer, same, other] = ['a'.repeat(32), 'a'.repeat(32), 'b'.repeat(32)].map(signerFrom)
  assert.ok(signer !== undefined && same !== undefined && other !== undefined)
  const signature = signer.sign('text')
  assert.equal(same.publicKey, signer.publicKey)
  assert.notEqual(other.publicKey, signer.publicKey)
  assert.ok(isSignedBy(signer.publicKey, 'text', signature))
  for (const [key, text, sign] of [
    [other.publicKey, 'text', signature],
    [signer.publicKey, 'text ', signature],
    [signer.publicKey, 'text', other.sign('text')],
    [signer.publicKey, 'text', ''],
    ['', 'text', signature],
    ['not a key', 'text', signature],
  ] as const)
    assert.ok(!isSignedBy(key, text, sign))
})

test('a public key is read in every form it is given out in, and nothing else is', () => {
  const { publicKey } = signerFrom('a'.repeat(32))
  for (const text of [publicKey, `${publicKey}\n`, JSON.stringify({ publicKey }), toPem(publicKey)])
    assert.equal(readPublicKey(text), publicKey)
  for (const text of [
    '',
    'x',
    '{}',
    '{',
    '{"publicKey":1}',
    '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
    publicKey.slice(1),
  ])
    assert.equal(readPublicKey(text), undefined)
})
