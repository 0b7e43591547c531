import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { ConfigError, isLoopback, readConfig } from './config.ts'
import { defaultLimits } from './limits/limits.ts'
import { foreignVariables, settings, type Setting } from './settings.ts'

const secretKey = 'kq3Zb0n7VtYxR5uWmE1sLd9GfHjA2cPoTiB8yNvXw4M'
const token = `mst_${'a'.repeat(43)}`
const folder = mkdtempSync(join(tmpdir(), 'muster-config-'))
after(() => rmSync(folder, { recursive: true }))

test('without any setting the server listens on loopback and keeps its data beside itself', () => {
  const { config, secrets } = readConfig({})
  assert.deepEqual(config, {
    port: 8080,
    host: '127.0.0.1',
    mode: 'production',
    logLevel: 'info',
    dataDir: resolve('./data'),
    baseDomain: 'localhost',
    publicUrl: null,
    defaultTenant: 'acme',
    mailFrom: 'Muster <muster@localhost>',
    trustedProxies: [],
    egressAllow: [],
    accessTokenSeconds: 600,
    drainMs: 5_000,
    exportStallMs: 60_000,
    limits: defaultLimits,
    bootstrap: { tenant: 'acme', plan: 'enterprise', adminEmail: 'admin@example.com' },
  })
  assert.deepEqual(secrets, {
    databaseUrl: null,
    databaseOwnerUrl: null,
    secretKey: null,
    smtpUrl: null,
    metricsToken: null,
    bootstrapToken: null,
  })
})

/** Values that are taken, and what they are read as. */
const taken: readonly (readonly [
  Record<string, string>,
  (config: ReturnType<typeof readConfig>) => unknown,
  unknown,
])[] = [
  [{ PORT: '0' }, ({ config }) => config.port, 0],
  [{ PORT: '65535' }, ({ config }) => config.port, 65_535],
  [{ HOST: '0.0.0.0' }, ({ config }) => config.host, '0.0.0.0'],
  [{ HOST: '::' }, ({ config }) => config.host, '::'],
  [{ HOST: 'localhost' }, ({ config }) => config.host, 'localhost'],
  [{ MUSTER_MODE: 'development' }, ({ config }) => config.mode, 'development'],
  [{ MUSTER_MODE: 'development', HOST: '::1' }, ({ config }) => config.host, '::1'],
  [{ LOG_LEVEL: 'silent' }, ({ config }) => config.logLevel, 'silent'],
  [{ LOG_LEVEL: 'trace' }, ({ config }) => config.logLevel, 'trace'],
  [{ MUSTER_DATA_DIR: '/srv/muster' }, ({ config }) => config.dataDir, '/srv/muster'],
  [{ MUSTER_BASE_DOMAIN: 'Muster.Example.COM' }, ({ config }) => config.baseDomain, 'muster.example.com'],
  [
    { MUSTER_PUBLIC_URL: 'https://muster.example.com' },
    ({ config }) => config.publicUrl?.href,
    'https://muster.example.com/',
  ],
  [{ MUSTER_PUBLIC_URL: 'https://muster.example.com:8443/' }, ({ config }) => config.publicUrl?.port, '8443'],
  [{ MUSTER_PUBLIC_URL: 'http://127.0.0.1:8080' }, ({ config }) => config.publicUrl?.host, '127.0.0.1:8080'],
  [{ MUSTER_PUBLIC_URL: 'http://[::1]:8080' }, ({ config }) => config.publicUrl?.hostname, '[::1]'],
  [{ MUSTER_PUBLIC_URL: 'http://acme.localhost' }, ({ config }) => config.publicUrl?.hostname, 'acme.localhost'],
  [{ MUSTER_PUBLIC_URL: '' }, ({ config }) => config.publicUrl, null],
  [{ MUSTER_BOOTSTRAP_TENANT: 'first' }, ({ config }) => config.defaultTenant, 'first'],
  [
    { MUSTER_DEFAULT_TENANT: 'second' },
    ({ config }) => [config.defaultTenant, config.bootstrap.tenant],
    ['second', 'acme'],
  ],
  [{ MUSTER_DEFAULT_TENANT: '' }, ({ config }) => config.defaultTenant, null],
  [{ MUSTER_BOOTSTRAP_PLAN: 'standard' }, ({ config }) => config.bootstrap.plan, 'standard'],
  [
    { MUSTER_BOOTSTRAP_ADMIN_EMAIL: 'root@example.org' },
    ({ config }) => config.bootstrap.adminEmail,
    'root@example.org',
  ],
  [{ MUSTER_MAIL_FROM: 'robot@example.org' }, ({ config }) => config.mailFrom, 'robot@example.org'],
  [
    { MUSTER_MAIL_FROM: '"Äpfel, Inc." <robot@example.org>' },
    ({ config }) => config.mailFrom,
    '"Äpfel, Inc." <robot@example.org>',
  ],
  [
    { MUSTER_TRUSTED_PROXIES: ' 10.0.0.0/8, 192.0.2.1 ,2001:db8::/32,::1,' },
    ({ config }) => config.trustedProxies,
    ['10.0.0.0/8', '192.0.2.1', '2001:db8::/32', '::1'],
  ],
  [{ MUSTER_TRUSTED_PROXIES: '::ffff:10.0.0.0/104' }, ({ config }) => config.trustedProxies, ['::ffff:10.0.0.0/104']],
  [{ MUSTER_ACCESS_TOKEN_SECONDS: '1' }, ({ config }) => config.accessTokenSeconds, 1],
  [{ MUSTER_ACCESS_TOKEN_SECONDS: '3600' }, ({ config }) => config.accessTokenSeconds, 3_600],
  [{ MUSTER_DRAIN_MS: '0' }, ({ config }) => config.drainMs, 0],
  [{ MUSTER_DRAIN_MS: '20000' }, ({ config }) => config.drainMs, 20_000],
  [
    { DATABASE_URL: 'postgres://muster:p%40ss@db.internal:5432/muster' },
    ({ secrets }) => secrets.databaseUrl,
    'postgres://muster:p%40ss@db.internal:5432/muster',
  ],
  [
    { DATABASE_URL: 'postgresql:///muster?host=/var/run/postgresql' },
    ({ secrets }) => secrets.databaseUrl,
    'postgresql:///muster?host=/var/run/postgresql',
  ],
  [{ DATABASE_URL: '' }, ({ secrets }) => secrets.databaseUrl, null],
  [
    { DATABASE_URL: 'postgres://db/x', DATABASE_OWNER_URL: 'postgres://owner@db/x' },
    ({ secrets }) => secrets.databaseOwnerUrl,
    'postgres://owner@db/x',
  ],
  [
    { SMTP_URL: 'smtps://user:secret@mail.example.com:465' },
    ({ secrets }) => secrets.smtpUrl,
    'smtps://user:secret@mail.example.com:465',
  ],
  [
    { SMTP_URL: 'smtp://127.0.0.1:1025?requireTLS=false' },
    ({ secrets }) => secrets.smtpUrl,
    'smtp://127.0.0.1:1025?requireTLS=false',
  ],
  [{ MUSTER_METRICS_TOKEN: 'abc' }, ({ secrets }) => secrets.metricsToken, 'abc'],
  [{ MUSTER_SECRET_KEY: secretKey }, ({ secrets }) => secrets.secretKey, secretKey],
  [{ MUSTER_EXPORT_STALL_MS: '100' }, ({ config }) => config.exportStallMs, 100],
  [
    { MUSTER_EGRESS_ALLOW: ' idp.Internal ,10.1.0.0/16,192.0.2.1,2001:db8::/32,' },
    ({ config }) => config.egressAllow,
    ['idp.internal', '10.1.0.0/16', '192.0.2.1', '2001:db8::/32'],
  ],
  [{ MUSTER_BOOTSTRAP_TOKEN: token }, ({ secrets }) => secrets.bootstrapToken, token],
]

test('each setting is read as it is meant', () => {
  for (const [env, pick, expected] of taken) assert.deepEqual(pick(readConfig(env)), expected, JSON.stringify(env))
  const seen = new Set(taken.flatMap(([env]) => Object.keys(env)))
  assert.deepEqual(
    settings.map((setting) => setting.name).filter((name) => !seen.has(name)),
    [],
    'every setting is in the table',
  )
})

/** Wrong values by setting; each is refused with a sentence that begins with the name. */
const refused: Readonly<Record<string, readonly string[]>> = {
  PORT: ['', 'http', '-1', '65536', '80.5', '0x50', '1e3', ' 80', '4294967376'],
  HOST: ['', ' ', 'two words', '127.0.0.1:8080', 'http://localhost', '[::1]', 'a/b'],
  MUSTER_MODE: ['', 'dev', 'Production', 'test'],
  MUSTER_DATA_DIR: ['', '  '],
  MUSTER_EXPORT_STALL_MS: ['', '0', '99', '3600001', 'never'],
  MUSTER_SECRET_KEY: ['secret', secretKey.slice(0, 31), 'a'.repeat(43)],
  MUSTER_EGRESS_ALLOW: ['0.0.0.0/0', '10.0.0.0/7', '10.0.0.0/33', 'https://idp.internal', 'a b', '10.0.0.0/8/8'],
  DATABASE_URL: ['mysql://db', 'postgres', 'postgres:db', 'sqlite://x', 'postgres://db:port/x'],
  // The last is well, and alone.
  DATABASE_OWNER_URL: ['mysql://db', 'postgres://db:port/x', 'postgres://owner@db/x'],
  MUSTER_BASE_DOMAIN: [
    '',
    ' ',
    'https://muster.example.com',
    '.example.com',
    'example.com.',
    'exa mple.com',
    'example.com:8080',
    '127.0.0.1',
    'a_b.example.com',
  ],
  MUSTER_PUBLIC_URL: [
    'muster.example.com',
    'https://',
    'ftp://muster.example.com',
    'https://muster.example.com/path',
    'https://muster.example.com/?a=b',
    'https://muster.example.com/#a',
    'https://user@muster.example.com',
    'https://:password@muster.example.com',
    'http://muster.example.com',
    'http://192.0.2.7',
    'http://localhost.example.com',
    'http://127.evil.example',
  ],
  MUSTER_DEFAULT_TENANT: ['Acme', 'a b', '-acme', 'acme-', 'a.b', '_', 'a'.repeat(64)],
  SMTP_URL: ['mail.example.com', 'http://mail.example.com', 'smtp:mail', 'smtp://', 'smtp://mail:port'],
  MUSTER_MAIL_FROM: [
    '',
    'Muster',
    'Muster <>',
    'Muster <muster>',
    'a@b.example, c@d.example',
    'Muster\r\nBcc: evil@evil.example <a@b.example>',
  ],
  MUSTER_TRUSTED_PROXIES: [
    '*',
    'true',
    'proxy.example.com',
    '0.0.0.0/0',
    '0.0.0.0/7',
    '10.0.0.0/33',
    '10.0.0.0/x',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '::/0',
    '::/32',
    '2001:db8::/31',
    '2001:db8::/129',
    '::ffff:10.0.0.0/95',
    '::ffff:10.0.0.0/103',
    '::FFFF:0:0/80',
    '0:0:0:0:0:ffff:10.0.0.0/95',
    '0:0:0:0:0:ffff:0:0/80',
    'fe80::1%eth0',
    '1.2.3.4,0.0.0.0/0',
  ],
  LOG_LEVEL: ['', 'INFO', 'loud', '30'],
  MUSTER_ACCESS_TOKEN_SECONDS: ['', '0', '-1', '3601', '10m', '1.5'],
  MUSTER_DRAIN_MS: ['', '-1', '20001', '5s', '1e3'],
  MUSTER_BOOTSTRAP_TENANT: ['', 'Acme', 'a b', 'a.b', '-x', 'ä'],
  MUSTER_BOOTSTRAP_PLAN: ['', 'free', 'Enterprise'],
  MUSTER_BOOTSTRAP_ADMIN_EMAIL: ['', 'admin', 'admin@', 'Admin <admin@example.com>', 'a@b.example,c@d.example'],
  MUSTER_BOOTSTRAP_TOKEN: [
    'secret',
    'mst_short',
    `mst_${'a'.repeat(44)}`,
    `mst_${'a'.repeat(42)}+`,
    `mscim_${'a'.repeat(43)}`,
    ` ${token}`,
  ],
}

test('each wrong value is refused with one sentence that names the setting (V-T2)', () => {
  for (const [name, values] of Object.entries(refused)) {
    for (const value of values) {
      assert.throws(
        () => readConfig({ [name]: value }),
        (error) =>
          error instanceof ConfigError &&
          error.message.startsWith(name) &&
          /^[^\n]+\.$/.test(error.message.replaceAll(value, '')),
        `${name}=${JSON.stringify(value)}`,
      )
    }
  }
  const free = new Set(['MUSTER_METRICS_TOKEN'])
  assert.deepEqual(
    settings.map((setting) => setting.name).filter((name) => refused[name] === undefined && !free.has(name)),
    [],
    'every setting is in the table',
  )
})

test('no secret value is repeated in a refusal', () => {
  for (const [name, value] of [
    ['DATABASE_URL', 'mysql://u:canary@db'],
    ['DATABASE_OWNER_URL', 'mysql://u:canary@db'],
    ['SMTP_URL', 'http://u:canary@mail'],
    ['MUSTER_BOOTSTRAP_TOKEN', 'canary'],
    ['MUSTER_SECRET_KEY', 'canary'],
  ]) {
    assert.throws(
      () => readConfig({ [name ?? '']: value }),
      (error) => error instanceof ConfigError && !error.message.includes('canary'),
    )
  }
})

test('a name that is no setting is refused, so that a slip of the pen is noticed; those of other programs are let be', () => {
  for (const name of ['MUSTER_DATADIR', 'MUSTER_PORT', 'MUSTER_', 'MUSTER_DATA_DIR_FILE', 'MUSTER_MODE_FILE']) {
    assert.throws(
      () => readConfig({ [name]: 'x' }),
      (error) => error instanceof ConfigError && error.message.startsWith(name),
      name,
    )
  }
  for (const name of [...foreignVariables, 'PATH', 'muster_x', 'XMUSTER_Y']) readConfig({ [name]: 'x' })
})

test('development mode listens on loopback only', () => {
  for (const host of ['0.0.0.0', '::', '192.0.2.7', 'muster.example.com', '128.0.0.1']) {
    assert.throws(
      () => readConfig({ MUSTER_MODE: 'development', HOST: host }),
      (error) => error instanceof ConfigError && error.message.startsWith('HOST'),
      host,
    )
    readConfig({ MUSTER_MODE: 'production', HOST: host })
  }
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost', 'acme.localhost'])
    readConfig({ MUSTER_MODE: 'development', HOST: host })
})

test('what is loopback and what only looks like it', () => {
  for (const host of ['localhost', 'LOCALHOST', 'x.localhost', '127.0.0.1', '127.255.255.254', '::1', '[::1]'])
    assert.ok(isLoopback(host), host)
  for (const host of [
    '127.evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'xlocalhost',
    '0.0.0.0',
    '::',
    '::ffff:127.0.0.1',
    '10.0.0.1',
    '',
  ])
    assert.ok(!isLoopback(host), host)
})

test('secrets may come from files, without the final line break, one of both only, and not from one that everybody may read', () => {
  const secretNames = settings.filter((setting: Setting) => setting.secret === true).map((setting) => setting.name)
  assert.deepEqual(secretNames, [
    'DATABASE_URL',
    'DATABASE_OWNER_URL',
    'SMTP_URL',
    'MUSTER_SECRET_KEY',
    'MUSTER_METRICS_TOKEN',
    'MUSTER_BOOTSTRAP_TOKEN',
  ])
  const values: Readonly<Record<string, string>> = {
    DATABASE_URL: 'postgres://db/x',
    DATABASE_OWNER_URL: 'postgres://owner@db/x',
    SMTP_URL: 'smtp://mail',
    MUSTER_SECRET_KEY: secretKey,
    MUSTER_METRICS_TOKEN: 'abc',
    MUSTER_BOOTSTRAP_TOKEN: token,
  }
  for (const name of secretNames) {
    const value = values[name] ?? ''
    for (const ending of ['', '\n', '\r\n']) {
      const file = join(folder, name)
      writeFileSync(file, value + ending, { mode: 0o640 })
      chmodSync(file, 0o640)
      const others = name === 'DATABASE_OWNER_URL' ? { DATABASE_URL: 'postgres://db/x' } : {}
      const { secrets } = readConfig({ ...others, [`${name}_FILE`]: file })
      assert.ok(Object.values(secrets).includes(value), `${name}_FILE`)
      assert.throws(() => readConfig({ [name]: value, [`${name}_FILE`]: file }), /both set/)
      chmodSync(file, 0o644)
      assert.throws(
        () => readConfig({ [`${name}_FILE`]: file }),
        (error) =>
          error instanceof ConfigError && error.message.startsWith(`${name}_FILE`) && !error.message.includes(value),
      )
    }
    assert.throws(
      () => readConfig({ [`${name}_FILE`]: join(folder, 'missing') }),
      (error) => error instanceof ConfigError && error.message.startsWith(`${name}_FILE`),
    )
  }
  const wrong = join(folder, 'wrong')
  writeFileSync(wrong, 'mysql://db', { mode: 0o600 })
  assert.throws(() => readConfig({ DATABASE_URL_FILE: wrong }), /^ConfigError|DATABASE_URL/)
})

test('what was read cannot be changed any more', () => {
  const { config, secrets } = readConfig({ MUSTER_METRICS_TOKEN: 'abc' })
  assert.throws(() => Object.assign(config, { port: 1 }), TypeError)
  assert.throws(() => Object.assign(secrets, { metricsToken: null }), TypeError)
})
