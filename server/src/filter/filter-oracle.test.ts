import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Kysely } from 'kysely'
import type { DialectName } from '../db/db.ts'
import { withMigrationHandle, type DatabaseLocation } from '../db/open.ts'
import { checkFilter } from './check-filter.ts'
import { filterMatches } from './filter-memory.ts'
import { filterToSql } from './filter-sql.ts'
import { parseFilter } from './parse-filter.ts'
import { printScimFilter } from './print-scim-filter.ts'
import { people, rqlFor, scimFor } from './testdata/arbitraries.ts'
import { createPeople, peopleFields, rowOf, type PeopleDatabase, type Person } from './testdata/people.ts'

const databasesTried = 120
const filtersEach = 10

const directory = mkdtempSync(join(tmpdir(), 'muster-filter-'))
const locations: DatabaseLocation[] = [{ kind: 'sqlite', file: join(directory, 'oracle.db') }]
const url = process.env['MUSTER_TEST_DATABASE_URL']
if (url !== undefined && url !== '') locations.push({ kind: 'postgres', url, ownerUrl: url })

test.after(() => rmSync(directory, { recursive: true }))

const languages: [string, (rows: Person[]) => fc.Arbitrary<string>][] = [
  ['RQL', rqlFor],
  ['SCIM', (rows) => scimFor(rows).map(printScimFilter)],
]

for (const location of locations) {
  for (const [language, filters] of languages) {
    test(`${language} on ${location.kind} finds exactly the rows that the same tree finds in memory`, async () => {
      const telling = await withPeople(location, (db) => compareReadings(db, location.kind, filters))
      // Filters that take all rows or none would prove little.
      assert.ok(telling > (databasesTried * filtersEach) / 4, `only ${telling} filters told rows apart`)
    })
  }
}

function withPeople<T>(location: DatabaseLocation, work: (db: Kysely<PeopleDatabase>) => Promise<T>): Promise<T> {
  return withMigrationHandle(location, (db) =>
    db.connection().execute(async (connection) => work(await createPeople(connection, location.kind))),
  )
}

async function compareReadings(
  db: Kysely<PeopleDatabase>,
  dialect: DialectName,
  filters: (rows: Person[]) => fc.Arbitrary<string>,
): Promise<number> {
  const cases = people.chain((rows) =>
    fc.tuple(fc.constant(rows), fc.array(filters(rows), { minLength: filtersEach, maxLength: filtersEach })),
  )
  let telling = 0
  await fc.assert(
    fc.asyncProperty(cases, async ([rows, texts]) => {
      await db.deleteFrom('people').execute()
      await db.insertInto('people').values(rows).execute()
      for (const text of texts) {
        const tree = checkFilter(parseFilter(text), peopleFields)
        const found = await db.selectFrom('people').select('id').where(filterToSql(tree, dialect)).execute()
        const expected = rows.filter((row) => filterMatches(tree, rowOf(row))).map(({ id }) => id)
        assert.deepEqual(found.map(({ id }) => id).toSorted(), expected.toSorted(), text)
        if (expected.length > 0 && expected.length < rows.length) telling += 1
      }
    }),
    { numRuns: databasesTried, unbiased: true },
  )
  return telling
}
