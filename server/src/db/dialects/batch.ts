import type { DialectName } from '../db.ts'

/** A column of rows that are handed over as one value. */
interface Column {
  readonly name: string
  readonly type: 'text' | 'integer'
}

/** SQL for what follows `from`: the rows of a JSON array of objects, bound as one text. The statement is the same for every number of rows. */
export function jsonRowsSql(dialect: DialectName, alias: string, columns: readonly Column[]): string {
  if (dialect === 'postgres') {
    const list = columns.map(({ name, type }) => `${name} ${type === 'integer' ? 'bigint' : 'text'}`)
    return `json_to_recordset(cast(? as json)) as ${alias} (${list.join(', ')})`
  }
  const list = columns.map(({ name }) => `value ->> '${name}' as ${name}`)
  return `(select ${list.join(', ')} from json_each(?)) as ${alias}`
}
