import { hash } from 'node:crypto'
import type { RecordId, RecordState } from '../../contract/change.ts'
import type { LinesRequest } from '../../contract/connector.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { lineKey } from '../sql/lines-field.ts'
import type { ChildSpec, TableSpec } from '../sql/spec.ts'
import type { Query } from './pool.ts'
import { columnNamed, type PostgresColumn, type PostgresTable, readTable } from './schema.ts'
import { readExpression } from './values.ts'

/** A table of lines, as its records see it. */
export interface PostgresChild {
  readonly field: string
  readonly table: PostgresTable
  readonly parent: PostgresColumn
  /** What names a line within its record. */
  readonly key: readonly PostgresColumn[]
  /** What is read of a line: the key, and the fields asked for. */
  readonly columns: readonly PostgresColumn[]
  /** The lines' own condition, or "true". */
  readonly inside: string
}

/** @throws SyncError `schema` without the table or a column, `config` without a usable key. */
export async function readChild(
  query: Query,
  table: TableSpec,
  spec: ChildSpec,
  request: LinesRequest | undefined,
): Promise<PostgresChild> {
  const child = await readTable(query, { ...table, name: spec.name, id: [spec.parent], where: null })
  const parent = columnNamed(child, spec.parent)
  const key = lineKey(spec, child.name, child.primary).map((name) => columnNamed(child, name))
  const asked = (request?.fields ?? []).map((name) => columnNamed(child, name))
  return {
    field: spec.field,
    table: child,
    parent,
    key,
    columns: [...new Set([...key, ...asked])],
    inside: spec.where === null ? 'true' : `(${spec.where})`,
  }
}

/** The lines of some records, in the order of their keys, with a text that changes whenever one of them does. */
export interface ChildLines {
  readonly lines: readonly Fields[]
  readonly version: string
}

/** @param isLocked nobody else may change them until the transaction ends. */
export async function readLines(
  query: Query,
  child: PostgresChild,
  parents: readonly RecordId[],
  isLocked = false,
): Promise<ReadonlyMap<RecordId, ChildLines>> {
  const { alias } = child.table
  const values = child.columns.map((column) => readExpression(column.type, `${alias}.${column.sql}`, false))
  const found = await query(
    `select ${alias}.${child.parent.sql}::text, ${versionOf(child.table)}, ${values.join(', ')}
     ${fromParents(child)} order by ${child.key.map((column) => `${alias}.${column.sql}`).join(', ')} ${isLocked ? 'for update' : ''}`,
    [parents],
  )
  const byParent = Map.groupBy(found, ([parent]) => String(parent))
  return new Map(
    parents.map((id) => {
      const rows = byParent.get(id) ?? []
      const lines = rows.map((row) =>
        Object.fromEntries(child.columns.map((column, index) => [column.field.name, row[index + 2] ?? null] as const)),
      )
      return [id, { lines, version: hashOf(rows.map(([, version]) => version ?? null)) }]
    }),
  )
}

/** Only the versions of the lines of some records. */
async function readLineVersions(
  query: Query,
  child: PostgresChild,
  parents: readonly RecordId[],
): Promise<ReadonlyMap<RecordId, string>> {
  const { alias } = child.table
  const found = await query(
    `select ${alias}.${child.parent.sql}::text, ${versionOf(child.table)}
     ${fromParents(child)} order by ${child.key.map((column) => `${alias}.${column.sql}`).join(', ')}`,
    [parents],
  )
  const byParent = Map.groupBy(found, ([parent]) => String(parent))
  return new Map(parents.map((id) => [id, hashOf((byParent.get(id) ?? []).map(([, version]) => version ?? null))]))
}

function fromParents({ table, parent, inside }: PostgresChild): string {
  const among = `${table.alias}.${parent.sql} = any ($1::text[]::${parent.type.sql}[])`
  return `from ${table.sql} as ${table.alias} where ${among} and ${inside}`
}

/** The transaction that wrote a line; every committed write has another one. */
function versionOf({ kind, alias }: PostgresTable): string {
  return kind === 'table' || kind === 'partitioned' ? `${alias}.xmin::text` : `md5(${alias}::text)`
}

function hashOf(versions: readonly Value[]): string {
  return versions.length === 0 ? '0' : hash('sha1', versions.join(' '), 'base64').slice(0, 16)
}

/** Records with their lines. The version covers them. */
export async function withLines(
  query: Query,
  children: readonly PostgresChild[],
  states: readonly RecordState[],
): Promise<readonly RecordState[]> {
  let complete = states
  for (const child of states.length === 0 ? [] : children) {
    const found = await readLines(
      query,
      child,
      states.map(({ id }) => id),
    )
    complete = complete.map((state) => {
      const own = found.get(state.id)
      const version = state.version === null ? null : `${state.version}/${own?.version ?? ''}`
      return { ...state, version, fields: { ...state.fields, [child.field]: own?.lines ?? [] } }
    })
  }
  return complete
}

/** Listed versions that cover the lines as `withLines` does. */
export async function withLineVersions<T extends { readonly id: RecordId; readonly version: string | null }>(
  query: Query,
  children: readonly PostgresChild[],
  entries: readonly T[],
): Promise<readonly T[]> {
  let complete = entries
  for (const child of entries.length === 0 ? [] : children) {
    const found = await readLineVersions(
      query,
      child,
      entries.map(({ id }) => id),
    )
    complete = complete.map((entry) => ({
      ...entry,
      version: entry.version === null ? null : `${entry.version}/${found.get(entry.id) ?? ''}`,
    }))
  }
  return complete
}
