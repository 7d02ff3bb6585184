import type { RecordId } from '../../contract/change.ts'
import type { Operation } from '../../contract/sink.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { groupByFields, isSameLines, lineChanges } from '../line-changes.ts'
import { type PostgresChild, readLines } from './children.ts'
import type { Query } from './pool.ts'
import { inputColumns, recordset, recordsetText } from './recordset.ts'
import type { PostgresRows } from './rows.ts'
import { columnNamed, type PostgresColumn } from './schema.ts'
import { inputExpression, isCastable } from './values.ts'

/** Operations on the records alone, and what each of them wants of its lines. */
export interface SplitOperations {
  readonly operations: readonly Operation[]
  /** By an operation's place: for each child the lines before and after. */
  readonly lines: ReadonlyMap<number, readonly WantedLines[]>
}

interface WantedLines {
  readonly child: PostgresChild
  readonly before: Value
  readonly wanted: Value
}

export function splitOperations(children: readonly PostgresChild[], operations: readonly Operation[]): SplitOperations {
  if (children.length === 0) return { operations, lines: new Map() }
  const lines = new Map<number, readonly WantedLines[]>()
  const own = operations.map((operation, place): Operation => {
    if (operation.kind === 'remove') return operation
    const expected = operation.kind === 'update' ? operation.expected : null
    const wanted = children.flatMap((child): WantedLines[] => {
      const value = operation.fields[child.field]
      return value === undefined ? [] : [{ child, wanted: value, before: expected?.[child.field] ?? null }]
    })
    if (wanted.length > 0) lines.set(place, wanted)
    const fields = withoutLines(children, operation.fields)
    if (operation.kind === 'create') return { ...operation, fields }
    return { ...operation, fields, expected: expected === null ? null : withoutLines(children, expected) }
  })
  return { operations: own, lines }
}

function withoutLines(children: readonly PostgresChild[], fields: Fields): Fields {
  const names = new Set(children.map(({ field }) => field))
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.has(name)))
}

/**
 * The places of updates whose lines are not what was expected. The records and their lines are locked until the
 * transaction ends; a line that refers to its record by a foreign key cannot be added meanwhile either.
 */
export async function staleLines(
  query: Query,
  rows: PostgresRows,
  operations: readonly Operation[],
  { lines }: SplitOperations,
): Promise<ReadonlySet<number>> {
  const stale = new Set<number>()
  const updates = [...lines].flatMap(([place, wanted]) => {
    const operation = operations[place]
    const isGuarded = operation?.kind === 'update' && operation.expected !== null
    return isGuarded && isCastable(rows.table.id.type, operation.id) !== false
      ? [{ place, id: operation.id, wanted }]
      : []
  })
  if (updates.length === 0) return stale
  const ids = updates.map(({ id }) => id)
  await query(
    `select 1 from ${rows.from} where ${rows.id} = any ($1::text[]::${rows.table.id.type.sql}[]) order by ${rows.id} for update`,
    [ids],
  )
  for (const child of new Set(updates.flatMap(({ wanted }) => wanted.map((each) => each.child)))) {
    const now = await readLines(query, child, ids, child.table.kind === 'table' || child.table.kind === 'partitioned')
    const key = child.key.map((column) => column.field.name)
    for (const { place, id, wanted } of updates) {
      const own = wanted.find((each) => each.child === child)
      if (own && !isSameLines(key, own.before, now.get(id)?.lines ?? [])) stale.add(place)
    }
  }
  return stale
}

/** Writes the rows that differ: those that go first, so that a new one may take a place that was theirs. */
export async function writeLines(
  query: Query,
  written: readonly { readonly id: RecordId; readonly lines: readonly WantedLines[] }[],
): Promise<void> {
  for (const child of new Set(written.flatMap(({ lines }) => lines.map((each) => each.child)))) {
    const key = child.key.map((column) => column.field.name)
    const removed: { id: RecordId; before: Fields; fields: Fields }[] = []
    const changed: { id: RecordId; before: Fields; fields: Fields }[] = []
    const added: { id: RecordId; fields: Fields }[] = []
    for (const { id, lines } of written) {
      for (const { before, wanted } of lines.filter((each) => each.child === child)) {
        const changes = lineChanges(key, before, wanted)
        removed.push(...changes.removed.map((line) => ({ id, before: line, fields: {} })))
        changed.push(...changes.changed.map((line) => ({ id, ...line })))
        added.push(...changes.added.map((fields) => ({ id, fields })))
      }
    }
    if (removed.length > 0) await deleteLines(query, child, removed)
    for (const group of groupByFields(changed)) await updateLines(query, child, group)
    for (const group of groupByFields(added)) await insertLines(query, child, group)
  }
}

/** Lines of records that are about to be removed. */
export async function removeLines(query: Query, children: readonly PostgresChild[], ids: readonly RecordId[]) {
  for (const { table, parent, inside } of children) {
    const castable = ids.filter((id) => isCastable(parent.type, id) !== false)
    if (castable.length === 0) continue
    const among = `${table.alias}.${parent.sql} = any ($1::text[]::${parent.type.sql}[])`
    await query(`delete from ${table.sql} as ${table.alias} where ${among} and ${inside}`, [castable])
  }
}

interface LineRow {
  readonly id: RecordId
  readonly fields: Fields
}

async function insertLines(query: Query, child: PostgresChild, rows: readonly LineRow[]): Promise<void> {
  const columns = columnsOf(child, rows)
  const inputs = inputColumns('f', [child.parent, ...columns])
  const text = textOf(inputs, rows, ({ id, fields }) => [id, ...valuesOf(columns, fields)])
  await query(
    `insert into ${child.table.sql} (${inputs.map(({ column }) => column.sql).join(', ')})
     select ${inputs.map(({ name, column }) => inputExpression(column.type, name, false)).join(', ')}
     from ${recordset('$1', 'tandem_x', inputs)} order by place`,
    [text],
  )
}

async function updateLines(
  query: Query,
  child: PostgresChild,
  rows: readonly (LineRow & { readonly before: Fields })[],
): Promise<void> {
  const columns = columnsOf(child, rows)
  const fields = inputColumns('f', columns)
  const key = keyInputs(child)
  const text = textOf([...key, ...fields], rows, ({ id, before, fields: values }) => [
    id,
    ...valuesOf(child.key, before),
    ...valuesOf(columns, values),
  ])
  const set = fields.map(
    ({ name, column }) => `${column.sql} = ${inputExpression(column.type, `tandem_x.${name}`, false)}`,
  )
  await query(
    `update ${child.table.sql} as ${child.table.alias} set ${set.join(', ')}
     from ${recordset('$1', 'tandem_x', [...key, ...fields])} where ${isKey(child, key)}`,
    [text],
  )
}

async function deleteLines(
  query: Query,
  child: PostgresChild,
  rows: readonly (LineRow & { readonly before: Fields })[],
): Promise<void> {
  const key = keyInputs(child)
  const text = textOf(key, rows, ({ id, before }) => [id, ...valuesOf(child.key, before)])
  await query(
    `delete from ${child.table.sql} as ${child.table.alias} using ${recordset('$1', 'tandem_x', key)} where ${isKey(child, key)}`,
    [text],
  )
}

type Inputs = ReturnType<typeof inputColumns>

function keyInputs(child: PostgresChild): Inputs {
  return inputColumns('k', [child.parent, ...child.key])
}

function isKey({ table }: PostgresChild, inputs: Inputs): string {
  return inputs.map(({ name, column }) => `${table.alias}.${column.sql} = tandem_x.${name}`).join(' and ')
}

function columnsOf(child: PostgresChild, rows: readonly LineRow[]): readonly PostgresColumn[] {
  return Object.keys(rows[0]?.fields ?? {}).map((name) => columnNamed(child.table, name))
}

function valuesOf(columns: readonly PostgresColumn[], fields: Fields): readonly Value[] {
  return columns.map((column) => fields[column.field.name] ?? null)
}

function textOf<T>(inputs: Inputs, rows: readonly T[], values: (row: T) => readonly Value[]): string {
  return recordsetText(
    inputs.map(({ name }) => name),
    rows.map((row, place) => ({ place, values: values(row) })),
  )
}
