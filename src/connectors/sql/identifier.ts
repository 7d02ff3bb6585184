import { SyncError } from '../../contract/error.ts'

/** A table's name in its parts, as the catalogue spells them. */
export interface TableName {
  /** null: whatever the connection looks in first. */
  readonly schema: string | null
  readonly table: string
}

/** One part: either in double quotes (a doubled one stands for itself), or anything without a dot or a quote. */
const PART = /\s*(?:"((?:[^"]|"")+)"|([^".]+))\s*(\.|$)/y

/**
 * Reads `customers`, `shop.customers` or `"my.schema"."Customers"`. Names are taken letter by letter, capitals included;
 * quotes are needed only where a name itself holds a dot. @throws SyncError `config`.
 */
export function parseTableName(text: string): TableName {
  const parts: string[] = []
  PART.lastIndex = 0
  while (PART.lastIndex < text.length) {
    const match = PART.exec(text)
    if (match === null) throw unreadable(text)
    parts.push(match[1]?.replaceAll('""', '"') ?? (match[2] ?? '').trim())
    if (match[3] === '.' && PART.lastIndex >= text.length) throw unreadable(text)
  }
  const [first, second] = parts
  if (first === undefined || first === '' || second === '' || parts.length > 2) throw unreadable(text)
  return second === undefined ? { schema: null, table: first } : { schema: first, table: second }
}

/** The identifier in double quotes, for PostgreSQL and SQLite. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

export function quoteTableName(name: TableName): string {
  const table = quoteIdentifier(name.table)
  return name.schema === null ? table : `${quoteIdentifier(name.schema)}.${table}`
}

/** A text literal in single quotes, where a statement takes no parameters (a trigger's body). */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

function unreadable(text: string): SyncError {
  return new SyncError('config', `"${text}" is not a table's name`, {
    hint: 'Write customers or shop.customers, with double quotes around a part that holds a dot.',
  })
}
