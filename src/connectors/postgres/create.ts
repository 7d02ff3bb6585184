import { SyncError } from '../../contract/error.ts'
import type { Outcome } from '../../contract/sink.ts'
import type { Value } from '../../contract/value.ts'
import type { OperationGroup } from '../sql/group-operations.ts'
import { isSameRecord } from '../sql/unique-conflict.ts'
import { idOfRow } from './id.ts'
import type { Query } from './pool.ts'
import { type InputColumn, inputColumns, namedRows, recordset, recordsetText } from './recordset.ts'
import { type PostgresContext, type PostgresRows, recordOf } from './rows.ts'
import { columnNamed, type PostgresColumn, type PostgresTable } from './schema.ts'
import { storedAsSent } from './stored-as-sent.ts'
import { inputExpression } from './values.ts'

type Group = OperationGroup & { kind: 'create' }

/** An outcome by its operation's place in the batch. */
export type Placements = (readonly [place: number, outcome: Outcome])[]

/**
 * Inserts a group with one statement. Each new row's id is settled before (given, or taken from the default's source), so
 * that the rows that come back are told apart, whatever their order. A row that meets a unique index is left out, and
 * looked at afterwards.
 */
export async function createGroup(
  context: PostgresContext,
  query: Query,
  rows: PostgresRows,
  group: Group,
): Promise<Placements> {
  const { table } = rows
  const ids = await settleIds(query, table, group)
  const sent = group.members.map(({ operation }) => operation.fields)
  // The id of several columns is no column: it only tells the rows apart that come back.
  const sentIds = table.ids.length === 1 ? ids : null
  const named = group.names.filter((name) => sentIds === null || name !== table.id.field.name)
  const inputs = named.map((name, index): InputColumn => ({ name: `f${index}`, column: columnNamed(table, name) }))
  const columns = [...(sentIds === null ? [] : [table.id]), ...inputs.map(({ column }) => column)]
  const values = inputs.map(({ name, column }) => inputExpression(column.type, name, rows.hasStaged))
  const known = storedAsSent(rows, sent)
  const found = await insertRows(
    query,
    rows,
    `insert into ${table.sql} as ${table.alias} (${columns.map((column) => column.sql).join(', ')}) ${overriding(columns)}
     select ${[...(sentIds === null ? [] : [`id::${table.id.type.sql}`]), ...values].join(', ')}
     from ${namedRows(inputs, sentIds !== null)} order by place ${ids === null ? '' : 'on conflict do nothing'}`,
    sentIds === null ? [JSON.stringify(sent)] : [JSON.stringify(sent), JSON.stringify(sentIds)],
    known,
  )
  const indexOf = ids === null ? indexesInOrder(table, group, found.length) : indexesById(table, ids)
  const made: Placements = found.map((row, at) => {
    const { place, operation } = group.members[indexOf(String(row[0]), at)] as Group['members'][number]
    const record = recordOf(rows, row, { byUs: true, known, sent: operation.fields })
    return [place, { kind: 'done', record, isOurs: true }]
  })
  return [...made, ...(await explainMissing(context, query, rows, group, new Set(made.map(([place]) => place))))]
}

/**
 * The rows that an INSERT made, as `rows.returning(known)` has them. Where nothing but their ids can be new to us, these
 * come as one list, and the version once: reading thousands of short rows costs more than making them.
 */
async function insertRows(
  query: Query,
  rows: PostgresRows,
  insert: string,
  parameters: readonly unknown[],
  known: ReadonlySet<PostgresColumn>,
): Promise<readonly (readonly Value[])[]> {
  const { table, columns, cursorColumn } = rows
  const isAllKnown = known.size === columns.length && table.kind === 'table' && cursorColumn === null
  if (!isAllKnown) return query(`${insert} returning ${rows.returning(known)}`, parameters)
  // Rows of one statement carry one transaction's number.
  const [[ids = null, version = null] = []] = await query(
    `with made as (${insert} returning ${rows.id}::text as id, ${table.alias}.xmin::text as version)
     select json_agg(id), max(version) from made`,
    parameters,
  )
  return Array.isArray(ids) ? (ids as readonly Value[]).map((id) => [id, version]) : []
}

/** The ids of the new rows as the server spells them; null: only the insert itself can tell. */
async function settleIds(query: Query, table: PostgresTable, group: Group): Promise<string[] | null> {
  const { id } = table
  if (table.ids.length > 1) return settleComposite(query, table, group)
  if (!group.names.includes(id.field.name)) {
    if (id.source === null) return null
    const [[taken = null] = []] = await query(
      `select json_agg((${id.source})::text) from generate_series(1, $1::int4)`,
      [group.members.length],
    )
    return Array.isArray(taken) ? taken.map(String) : []
  }
  const inputs = inputColumns('f', [id])
  const text = recordsetText(
    ['f0'],
    group.members.map(({ place, operation }) => ({ place, values: [operation.fields[id.field.name] ?? null] })),
  )
  // A null for an id with a source means "take the next".
  const given = id.source === null ? 'f0' : `coalesce(f0, ${id.source})`
  const found = await query(`select (${given})::text from ${recordset('$1', 'tandem_x', inputs)} order by place`, [
    text,
  ])
  return found.map(([id]) => String(id))
}

/** Null where a part of the id is the database's to give. */
async function settleComposite(query: Query, table: PostgresTable, group: Group): Promise<string[] | null> {
  if (!table.ids.every(({ field }) => group.names.includes(field.name))) return null
  const inputs = inputColumns('f', table.ids)
  const text = recordsetText(
    inputs.map(({ name }) => name),
    group.members.map(({ place, operation }) => ({
      place,
      values: table.ids.map(({ field }) => operation.fields[field.name] ?? null),
    })),
  )
  const id = idOfRow({ ids: table.ids.map((column, index) => ({ ...column, sql: `f${index}` })) }, 'tandem_x.')
  const found = await query(`select ${id} from ${recordset('$1', 'tandem_x', inputs)} order by place`, [text])
  return found.map(([each]) => String(each))
}

function indexesById(table: PostgresTable, ids: readonly string[]): (id: string, at: number) => number {
  let indexes: Map<string, number> | null = null
  return (id, at) => {
    // As a rule all rows were made, in their order, and no id is there twice.
    if (indexes === null && ids[at] === id) return at
    indexes ??= firstIndexes(ids)
    const index = indexes.get(id)
    if (index === undefined) throw changedId(table.name)
    return index
  }
}

/** Of two rows with one id, the first was inserted. */
function firstIndexes(ids: readonly string[]): Map<string, number> {
  const indexes = new Map<string, number>()
  ids.forEach((id, index) => {
    if (!indexes.has(id)) indexes.set(id, index)
  })
  return indexes
}

/** Rows come back in the order in which they were sent, if all of them come back. */
function indexesInOrder(table: PostgresTable, group: Group, count: number): (id: string, index: number) => number {
  if (count !== group.members.length) throw swallowed(table.name)
  return (_id, index) => index
}

function overriding(columns: readonly PostgresColumn[]): string {
  return columns.some((column) => column.isIdentityAlways) ? 'overriding system value' : ''
}

function changedId(table: string): SyncError {
  return new SyncError('unsupported', `table ${table}: a trigger of the database changes the ids of new rows`, {
    hint: 'Let the mapping leave the id out, or let the trigger keep an id that is given.',
  })
}

/** Which unique indexes the rows that were left out have met. */
async function explainMissing(
  context: PostgresContext,
  query: Query,
  rows: PostgresRows,
  group: Group,
  made: ReadonlySet<number>,
): Promise<Placements> {
  const missing = group.members.filter(({ place }) => !made.has(place))
  if (missing.length === 0) return []
  const { table } = rows
  const uniques = table.uniques.filter((unique) => unique.every((name) => group.names.includes(name)))
  const inputs = inputColumns(
    'f',
    group.names.map((name) => columnNamed(table, name)),
  )
  const meets = uniques.map((unique) => {
    const same = unique.map((name) => {
      const input = inputs.find(({ column }) => column.field.name === name)
      return `${table.alias}.${columnNamed(table, name).sql} = ${input === undefined ? 'null' : inputExpression(input.column.type, input.name, rows.hasStaged)}`
    })
    return `exists (select from ${rows.from} where ${same.join(' and ')})`
  })
  const text = recordsetText(
    inputs.map(({ name }) => name),
    missing.map(({ place, operation }) => ({
      place,
      values: group.names.map((name) => operation.fields[name] ?? null),
    })),
  )
  const found = await query(`select place, ${meets.join(', ') || 'null'} from ${recordset('$1', 'tandem_x', inputs)}`, [
    text,
  ])
  return found.map(([place, ...hits]) => {
    const met = uniques.filter((_unique, index) => hits[index] === true)
    const isSame = isSameRecord(
      met,
      table.uniques,
      context.spec.key,
      table.ids.map(({ field }) => field.name),
    )
    return [Number(place), isSame ? { kind: 'exists' } : { kind: 'rejected', error: taken(table.name, met) }]
  })
}

function taken(table: string, met: readonly (readonly string[])[]): SyncError {
  if (met.length === 0) return swallowed(table)
  const columns = met.map((names) => names.join(', ')).join('; ')
  return new SyncError('constraint', `table ${table}: another record has the same value in the unique ${columns}`, {
    hint: 'Correct the value on one side, or make the column the key of the mapping.',
  })
}

/** The statement ran and did nothing for a row. */
export function swallowed(table: string): SyncError {
  return new SyncError('constraint', `table ${table}: the database did nothing with the row`, {
    hint: 'A trigger that returns NULL, a partial unique index or a policy of row security stands in the way.',
  })
}
