/** Every environment variable the server reads: one row each. The reference page and the refusals at start come from here. */

type SettingKind = 'text' | 'integer' | 'choice' | 'url' | 'list'

export interface Setting {
  readonly name: string
  readonly kind: SettingKind
  readonly fallback: string | null
  readonly about: string
  readonly secret?: true
  readonly choices?: readonly string[]
  readonly min?: number
  readonly max?: number
}

/** From silence to everything. */
export const logLevels = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const
export type LogLevel = (typeof logLevels)[number]

export const settings = [
  {
    name: 'PORT',
    kind: 'integer',
    fallback: '8080',
    min: 0,
    max: 65535,
    about: 'Port to listen on; 0 takes any free one.',
  },
  {
    name: 'HOST',
    kind: 'text',
    fallback: '127.0.0.1',
    about: 'Address to bind to. Development mode accepts loopback only.',
  },
  {
    name: 'MUSTER_MODE',
    kind: 'choice',
    fallback: 'production',
    choices: ['production', 'development'],
    about: 'development also logs invitation links when no mail server is set.',
  },
  {
    name: 'LOG_LEVEL',
    kind: 'choice',
    fallback: 'info',
    choices: logLevels,
    about: 'How much is logged on standard output, one JSON object a line. info has one line for each request.',
  },
  {
    name: 'MUSTER_DATA_DIR',
    kind: 'text',
    fallback: './data',
    about: 'Folder of the SQLite database; created when missing.',
  },
  {
    name: 'DATABASE_URL',
    kind: 'url',
    fallback: null,
    secret: true,
    about:
      'postgres://user:password@host:port/database uses PostgreSQL 15 or newer instead of SQLite, with a role that owns nothing.',
  },
  {
    name: 'DATABASE_OWNER_URL',
    kind: 'url',
    fallback: null,
    secret: true,
    about:
      'The same database as DATABASE_URL, with the role that owns the tables: changes of the schema, backup and restore are its own. Unset, the schema must be up to date.',
  },
  {
    name: 'MUSTER_BASE_DOMAIN',
    kind: 'text',
    fallback: 'localhost',
    about: 'Tenants are served at {tenant}.<base domain>.',
  },
  {
    name: 'MUSTER_PUBLIC_URL',
    kind: 'url',
    fallback: null,
    about:
      'Address under which people reach the default tenant; scheme and port are used in the links of every tenant. Default: http://127.0.0.1:<PORT>.',
  },
  {
    name: 'MUSTER_DEFAULT_TENANT',
    kind: 'text',
    fallback: null,
    about:
      'Tenant served for a bare IP address, localhost and the host of MUSTER_PUBLIC_URL. Default: the bootstrap tenant; set it empty to switch this off.',
  },
  {
    name: 'SMTP_URL',
    kind: 'url',
    fallback: null,
    secret: true,
    about:
      'smtp:// or smtps:// address of the mail server; encrypted unless it is on this machine or the address ends in ?requireTLS=false. Without it mails wait, readable, in the outbox.',
  },
  {
    name: 'MUSTER_MAIL_FROM',
    kind: 'text',
    fallback: 'Muster <muster@localhost>',
    about: 'Sender of all mails.',
  },
  {
    name: 'MUSTER_TRUSTED_PROXIES',
    kind: 'list',
    fallback: '',
    about:
      'Comma-separated addresses or CIDR ranges whose X-Forwarded-For and X-Forwarded-Host are believed. Default: none.',
  },
  {
    name: 'MUSTER_EGRESS_ALLOW',
    kind: 'list',
    fallback: '',
    about:
      'Comma-separated host names, addresses or CIDR ranges of your own network that the server may fetch from (metadata of an identity provider), beside the public internet.',
  },
  {
    name: 'MUSTER_SECRET_KEY',
    kind: 'text',
    fallback: null,
    secret: true,
    about:
      'Secret from which keys are derived: the one that signs audit checkpoints and exports, and the one that seals private keys and the secrets of authenticator apps in the database. 32 random characters or more, such as `openssl rand -base64 32` makes. Needed with PostgreSQL, the same on every node; with SQLite the first start writes a file secret.key in MUSTER_DATA_DIR. Back it up beside the database.',
  },
  {
    name: 'MUSTER_METRICS_TOKEN',
    kind: 'text',
    fallback: null,
    secret: true,
    about: 'Bearer token for /metrics from elsewhere than loopback.',
  },
  {
    name: 'MUSTER_ACCESS_TOKEN_SECONDS',
    kind: 'integer',
    fallback: '600',
    min: 1,
    max: 3600,
    about:
      'How long an access token of an OAuth client lives, in seconds. Those issued before a change keep the life they were given.',
  },
  {
    name: 'MUSTER_DRAIN_MS',
    kind: 'integer',
    fallback: '5000',
    min: 0,
    max: 20000,
    about: 'After SIGTERM: how long requests are still accepted while /readyz answers 503, in milliseconds.',
  },
  {
    name: 'MUSTER_EXPORT_STALL_MS',
    kind: 'integer',
    fallback: '60000',
    min: 100,
    max: 3600000,
    about: 'A reader of an export who takes nothing for this long is cut off, in milliseconds.',
  },
  {
    name: 'MUSTER_BOOTSTRAP_TENANT',
    kind: 'text',
    fallback: 'acme',
    about: 'First start only: slug of the first tenant.',
  },
  {
    name: 'MUSTER_BOOTSTRAP_PLAN',
    kind: 'choice',
    fallback: 'enterprise',
    choices: ['enterprise', 'standard'],
    about: 'First start only: plan of the first tenant; enterprise opens SCIM.',
  },
  {
    name: 'MUSTER_BOOTSTRAP_ADMIN_EMAIL',
    kind: 'text',
    fallback: 'admin@example.com',
    about: 'First start only: address of the first admin, whose sign-up link is printed.',
  },
  {
    name: 'MUSTER_BOOTSTRAP_TOKEN',
    kind: 'text',
    fallback: null,
    secret: true,
    about:
      'First start only: the service token with the role $admin and the right sign-in-settings (mst_ and 43 base64url characters). Random and printed once when unset.',
  },
] as const satisfies readonly Setting[]

export type SettingName = (typeof settings)[number]['name']

/** Variables of Muster's other programs: known here so that they are not taken for a slip of the pen, and ignored. */
export const foreignVariables: readonly string[] = [
  'MUSTER_PROFILE',
  'MUSTER_BASE_URL',
  'MUSTER_TOKEN',
  'MUSTER_TEST_DATABASE',
  'MUSTER_TEST_DATABASE_URL',
  'MUSTER_TEST_RACES',
]
