import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, test } from 'node:test'
import { checkBoundaries, ruleNames } from './boundaries.ts'

interface Edge {
  readonly file: string
  readonly imports: string
  readonly typeOnly?: true
  readonly importedBack?: true
}

/** One row per rule: the file that breaks it, and what it imports. Nothing else in its tree is wrong. */
const violations: ({ rule: string } & Edge)[] = [
  { rule: 'no-circular', file: 'server/src/groups/a.ts', imports: 'server/src/groups/b.ts', importedBack: true },
  { rule: 'imports-resolve', file: 'server/src/groups/groups.service.ts', imports: 'no-such-package' },
  {
    rule: 'platform-knows-no-feature',
    file: 'server/src/http/tenant.ts',
    imports: 'server/src/tenants/tenants.service.ts',
  },
  {
    rule: 'platform-knows-no-feature/database',
    file: 'server/src/db/database.ts',
    imports: 'server/src/groups/groups.schema.ts',
    typeOnly: true,
  },
  {
    rule: 'platform-knows-no-feature/types',
    file: 'server/src/db/database.ts',
    imports: 'server/src/groups/groups.table.ts',
  },
  { rule: 'layers-point-down/db', file: 'server/src/db/open.ts', imports: 'server/src/errors/api-error.ts' },
  { rule: 'layers-point-down/access', file: 'server/src/errors/render.ts', imports: 'server/src/http/server.ts' },
  { rule: 'layers-point-down/events', file: 'server/src/filter/parse.ts', imports: 'server/src/http/server.ts' },
  {
    rule: 'features-know-no-leaf',
    file: 'server/src/users/users.service.ts',
    imports: 'server/src/scim/scim-error.ts',
  },
  {
    rule: 'features-know-no-leaf/another-leaf',
    file: 'server/src/saml/saml.ts',
    imports: 'server/src/scim/scim-error.ts',
  },
  {
    rule: 'features-meet-at-services',
    file: 'server/src/users/users.service.ts',
    imports: 'server/src/groups/groups.fields.ts',
  },
  {
    rule: 'features-meet-at-services/leaves',
    file: 'server/src/scim/user.ts',
    imports: 'server/src/users/users.fields.ts',
  },
  {
    rule: 'features-meet-at-services/types',
    file: 'server/src/users/users.queries.ts',
    imports: 'server/src/groups/groups.table.ts',
  },
  {
    rule: 'only-a-service-queries',
    file: 'server/src/groups/groups.routes.ts',
    imports: 'server/src/groups/groups.queries.ts',
  },
  {
    rule: 'only-a-service-queries/own-feature',
    file: 'server/src/users/users.service.ts',
    imports: 'server/src/groups/groups.queries.ts',
  },
  {
    rule: 'wire-stays-at-the-edge',
    file: 'server/src/groups/groups.service.ts',
    imports: 'server/src/groups/groups.wire.ts',
  },
  { rule: 'routes-are-registered-by-app', file: 'server/src/main.ts', imports: 'server/src/groups/groups.routes.ts' },
  { rule: 'entries-are-not-imported', file: 'server/src/users/users.service.ts', imports: 'server/src/app.ts' },
  { rule: 'only-the-edge-knows-http', file: 'server/src/users/users.service.ts', imports: 'fastify' },
  { rule: 'one-door-per-library/db', file: 'server/src/users/users.queries.ts', imports: 'better-sqlite3' },
  { rule: 'one-door-per-library/passwords', file: 'server/src/users/users.service.ts', imports: '@node-rs/argon2' },
  { rule: 'one-door-per-library/second-factors', file: 'server/src/users/users.service.ts', imports: 'otpauth' },
  { rule: 'one-door-per-library/saml', file: 'server/src/users/users.service.ts', imports: '@node-saml/node-saml' },
  { rule: 'one-door-per-library/mail', file: 'server/src/users/users.service.ts', imports: 'nodemailer' },
  { rule: 'one-door-per-library/webhooks', file: 'server/src/users/users.service.ts', imports: 'standardwebhooks' },
  { rule: 'clients-see-the-sdk', file: 'cli/src/main.ts', imports: 'server/src/users/users.schema.ts' },
  { rule: 'clients-see-the-sdk/sdk', file: 'sdk/src/client.ts', imports: 'server/src/users/users.schema.ts' },
  { rule: 'clients-see-the-sdk/server', file: 'server/src/users/users.service.ts', imports: 'sdk/src/client.ts' },
]

/** What the architecture allows in so many words, though a rule comes close. */
const allowed: Edge[] = [
  { file: 'server/src/db/database.ts', imports: 'server/src/groups/groups.table.ts', typeOnly: true },
  { file: 'server/src/users/users.queries.ts', imports: 'server/src/groups/groups.table.ts', typeOnly: true },
  { file: 'server/src/users/users.service.ts', imports: 'server/src/groups/groups.service.ts' },
  { file: 'server/src/users/users.service.ts', imports: 'server/src/groups/group-rules.ts' },
  { file: 'server/src/groups/groups.service.ts', imports: 'server/src/groups/groups.queries.ts' },
  { file: 'server/src/groups/groups.routes.ts', imports: 'server/src/groups/groups.wire.ts' },
  { file: 'server/src/app.ts', imports: 'server/src/scim/scim.routes.ts' },
  { file: 'server/src/scim/user.ts', imports: 'server/src/users/users.service.ts' },
  { file: 'server/src/users/users.test.ts', imports: 'server/src/groups/groups.queries.ts' },
  { file: 'server/test/sql.ts', imports: 'server/src/groups/groups.queries.ts' },
  { file: 'console/src/app.ts', imports: 'sdk/src/client.ts' },
]

describe('boundaries', () => {
  test('the table has one violation for each rule', () => {
    assert.deepEqual(violations.map(({ rule }) => rule).toSorted(), ruleNames().toSorted())
  })

  for (const { rule, ...edge } of violations) {
    test(`${rule} refuses ${edge.file} → ${edge.imports}, and nothing else does`, async () => {
      const { violations } = await checkTree(edge)
      assert.deepEqual([...new Set(violations.map((violation) => violation.rule))], [rule])
    })
  }

  for (const edge of allowed) {
    test(`${edge.file} may import ${edge.imports}${edge.typeOnly ? ' (types)' : ''}`, async () => {
      const { violations } = await checkTree(edge)
      assert.deepEqual(violations, [])
    })
  }

  test('every file of server/src is seen, whoever imports it', async () => {
    const { seen, missed } = await checkTree({ file: 'server/src/groups/alone.ts', imports: 'node:path' })
    assert.deepEqual(missed, [])
    assert.ok(seen.includes('server/src/groups/alone.ts'))
  })
})

async function checkTree({ file, imports, typeOnly, importedBack }: Edge): ReturnType<typeof checkBoundaries> {
  await using tree = temporaryFolder()
  const ours = imports.endsWith('.ts')
  const value = 'export const value = 1\nexport type Shape = number\n'
  if (ours) write(tree.folder, imports, importedBack ? `import '${specifier(imports, file)}'\n${value}` : value)
  else if (imports !== 'no-such-package') writePackage(tree.folder, imports)
  const from = ours ? specifier(file, imports) : imports
  write(tree.folder, file, `import ${typeOnly ? 'type ' : ''}{ Shape } from '${from}'\nexport const own: Shape = 1\n`)
  return await checkBoundaries(tree.folder)
}

function specifier(from: string, to: string): string {
  const target = path.relative(path.dirname(from), to)
  return target.startsWith('.') ? target : `./${target}`
}

function temporaryFolder(): AsyncDisposable & { readonly folder: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'muster-boundaries-'))
  return { folder, [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true }) }
}

function write(folder: string, file: string, text: string): void {
  mkdirSync(path.join(folder, path.dirname(file)), { recursive: true })
  writeFileSync(path.join(folder, file), text)
}

function writePackage(folder: string, name: string): void {
  if (name.startsWith('node:')) return
  write(folder, `node_modules/${name}/package.json`, JSON.stringify({ name, main: 'index.js' }))
  write(folder, `node_modules/${name}/index.js`, 'exports.Shape = 1\n')
}
