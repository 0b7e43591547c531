import { mock } from 'node:test'
import pg from 'pg'
import { SqliteConnection } from '../src/db/dialects/sqlite-driver.ts'

/** A statement as it reached the database. */
export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

/**
 * The statements that an act sends, on either database. The drivers are listened to from outside, so that
 * production code needs no hook; everything goes through to the database. Nothing else may use it meanwhile.
 */
export async function captureSql(act: () => Promise<unknown>): Promise<Statement[]> {
  const statements: Statement[] = []
  const listeners = [
    mock.method(SqliteConnection.prototype, 'executeQuery'),
    mock.method(SqliteConnection.prototype, 'read'),
    mock.method(pg.Client.prototype, 'query'),
  ]
  try {
    await act()
  } finally {
    for (const { mock: listener } of listeners) {
      listener.restore()
      for (const call of listener.calls) statements.push(...readCall(call.arguments).filter(isAsked))
    }
  }
  return statements
}

/** Whose connection it is comes before a statement where another tenant had it last. */
function isAsked({ text }: Statement): boolean {
  return !text.startsWith("select set_config('app.tenant'")
}

/** Our drivers call with a compiled query of Kysely's, with text and values, or with both in pg's form. */
function readCall([first, second]: readonly unknown[]): Statement[] {
  if (typeof first === 'string') return [{ text: first, values: Array.isArray(second) ? second : [] }]
  if (typeof first !== 'object' || first === null) return []
  if ('sql' in first && 'parameters' in first) return readCall([first.sql, first.parameters])
  return 'text' in first && 'values' in first ? readCall([first.text, first.values]) : []
}
