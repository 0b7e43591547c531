// Who may import whom: the rules of ARCHITECTURE.md, checked by `npm run boundaries`. A name with a slash is one
// half of the rule before the slash. scripts/boundaries.test.ts holds one violation of each, so each has failed once.

const src = '^server/src/'
const tests = ['\\.test\\.ts$', '/testdata/', '^server/test/']

// From the bottom to the top; a folder imports its own layer and the ones before it.
const platformLayers = [
  ['db', 'limits'],
  ['access', 'errors', 'secrets', 'text'],
  ['events', 'filter', 'lists', 'outbox', 'bounds', 'rates', 'repeats'],
  ['http'],
]
const platform = platformLayers.flat().join('|')
const platformFile = `${src}((${platform})/|(config|log|settings|version)\\.ts$)`
const leaves = 'scim|saml|dev-mode'
const leaf = `${src}(${leaves})/`
/** Every folder that is nothing else is a feature; $1 in a `to` is its name. */
const feature = `${src}(?!(?:${platform}|${leaves}|commands)/)([^/]+)/`
const publicFace = '(\\.(service|schema|table)|-rules)\\.ts$'
const entries = [`${src}(main|app)\\.ts$`, `${src}commands/`]

/** Tests are exempt from every rule but the circle. */
const production = (path, ...except) => ({ path, pathNot: [...tests, ...except] })

/** A package by its name, or the types of it. */
const packages = (names) => `(^|node_modules/)(@types/)?(${names})(/|$)`

const rules = [
  {
    name: 'no-circular',
    comment:
      'A circle has no bottom to start reading from: move what both need to where neither is, or hand it over as a function.',
    from: {},
    to: { circular: true },
  },
  {
    name: 'imports-resolve',
    comment: 'An import that leads nowhere is invisible to every other rule.',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'platform-knows-no-feature',
    comment: 'Every feature stands on the platform; what it needs from one, app.ts hands it as a function.',
    from: production(platformFile, `${src}db/database\\.ts$`),
    to: { path: [feature, ...entries] },
  },
  {
    name: 'platform-knows-no-feature/database',
    comment: 'db/database.ts is the one exception, for the types of every *.table.ts and nothing else.',
    from: { path: `${src}db/database\\.ts$` },
    to: { path: [feature, ...entries], pathNot: '\\.table\\.ts$' },
  },
  {
    name: 'platform-knows-no-feature/types',
    comment: 'db/database.ts imports types: at run time the platform loads no feature.',
    from: { path: `${src}db/database\\.ts$` },
    to: { path: feature, dependencyTypesNot: ['type-only'] },
  },
  ...platformLayers.slice(0, -1).map((layer, index) => ({
    name: `layers-point-down/${layer[0]}`,
    comment:
      'http → events, filter, lists, outbox, bounds, rates, repeats → access, errors, secrets, text → db, limits. What a lower layer needs is handed to it.',
    from: production(`${src}(${layer.join('|')})/`, `${src}db/database\\.ts$`),
    to: {
      path: `${src}(${platformLayers
        .slice(index + 1)
        .flat()
        .join('|')})/`,
    },
  })),
  {
    name: 'features-know-no-leaf',
    comment: 'Deleting scim/, saml/ or dev-mode/ deletes a folder and two lines in app.ts.',
    from: production(src, `${src}app\\.ts$`, `${src}commands/`, `${src}db/database\\.ts$`, leaf),
    to: { path: leaf },
  },
  {
    name: 'features-know-no-leaf/another-leaf',
    comment: 'One leaf does not lean on another.',
    from: production(leaf),
    to: { path: leaf, pathNot: `${src}$1/` },
  },
  {
    name: 'features-meet-at-services',
    comment:
      "A feature's public face is *.service.ts, *.schema.ts, pure *-rules.ts and the types of *.table.ts; the rest may change without asking.",
    from: production(feature),
    to: { path: feature, pathNot: [`${src}$1/`, publicFace, '\\.(queries|routes|wire)\\.ts$'] },
  },
  {
    name: 'features-meet-at-services/leaves',
    comment: 'Protocols and operator commands use features as features use each other.',
    from: production(`${src}(${leaves}|commands)/`),
    to: { path: feature, pathNot: [publicFace, '\\.(queries|routes|wire)\\.ts$'] },
  },
  {
    name: 'features-meet-at-services/types',
    comment: 'Of *.table.ts only the types: a table is read and written by the queries of its own feature.',
    from: production(src, `${src}db/database\\.ts$`),
    to: { path: '\\.table\\.ts$', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'only-a-service-queries',
    comment: '*.queries.ts is SQL without a rule; a service stands between it and everything else.',
    from: production([feature, leaf, ...entries], '\\.(service|queries)\\.ts$'),
    to: { path: '\\.queries\\.ts$' },
  },
  {
    name: 'only-a-service-queries/own-feature',
    comment: 'Call the service of the other folder: it decides who may see what.',
    from: production(`${src}([^/]+)/`),
    to: { path: '\\.queries\\.ts$', pathNot: `${src}$1/` },
  },
  {
    name: 'wire-stays-at-the-edge',
    comment:
      "Other people's spelling is translated in *.wire.ts and known to *.routes.ts, to nothing behind them (docs/decisions/0003).",
    from: production(src, '\\.(routes|wire)\\.ts$', `${src}app\\.ts$`),
    to: { path: '\\.wire\\.ts$' },
  },
  {
    name: 'routes-are-registered-by-app',
    comment: 'app.ts registers every route file by hand, in an order one can read.',
    from: production(src, `${src}app\\.ts$`),
    to: { path: '\\.routes\\.ts$' },
  },
  {
    name: 'entries-are-not-imported',
    comment: 'main.ts and commands/ are where programs start, and app.ts is theirs.',
    from: production(`${src}(?!commands/)[^/]+/`),
    to: { path: entries },
  },
  {
    name: 'only-the-edge-knows-http',
    comment:
      'Rules live in services, which SCIM, jobs and commands call too; a request or reply in one of them shuts those doors.',
    from: production(src, `${src}(main|app)\\.ts$`, `${src}http/`, leaf, '\\.routes\\.ts$'),
    to: { path: packages('fastify|@fastify/[^/]+|fastify-plugin|find-my-way') },
  },
  ...[
    { names: 'pg|better-sqlite3', door: 'db' },
    { names: '@node-rs/argon2|@zxcvbn-ts/[^/]+', door: 'passwords' },
    { names: 'otpauth|uqr|@simplewebauthn/[^/]+', door: 'second-factors' },
    { names: '@node-saml/[^/]+', door: 'saml' },
    { names: 'nodemailer', door: 'mail' },
    { names: 'standardwebhooks', door: 'webhooks' },
  ].map(({ names, door }) => ({
    name: `one-door-per-library/${door}`,
    comment: `One folder knows the library, ${door}/, so that it can be replaced there.`,
    from: production(src, `${src}${door}/`),
    to: { path: packages(names) },
  })),
  {
    name: 'clients-see-the-sdk',
    comment: 'Console and CLI are clients like any other: they import sdk.',
    from: { path: '^(console|cli)/' },
    to: { path: '^server/' },
  },
  {
    name: 'clients-see-the-sdk/sdk',
    comment: 'The sdk knows openapi.json, not who serves it or who uses it.',
    from: { path: '^sdk/' },
    to: { path: '^(server|console|cli)/' },
  },
  {
    name: 'clients-see-the-sdk/server',
    comment: 'The server is understood without its clients.',
    from: { path: '^server/' },
    to: { path: '^(console|cli|sdk)/' },
  },
]

module.exports = {
  forbidden: rules.map((rule) => ({ severity: 'error', ...rule })),
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['(^|/)\\.venv/', '(^|/)dist/'] },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
