import type { RecordId } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import type { Fields } from '../../contract/value.ts'
import { idOfParts } from '../sql/composite-id.ts'
import type { OperationGroup, Placed } from '../sql/group-operations.ts'
import { isSameRecord } from '../sql/unique-conflict.ts'
import type { Batch, Step, Steps } from './apply.ts'
import { valueLiteral } from './children.ts'
import { errorNumber } from './errors.ts'
import { idOf, idText } from './rows.ts'
import { asRejection } from './run-each.ts'
import { columnNamed, type MysqlColumn, type MysqlTable } from './schema.ts'
import { readExpression, readValue } from './values.ts'

/** A row to insert: the literals of its values in the order of the columns. */
interface NewRow {
  readonly place: number
  readonly fields: Fields
  readonly values: readonly string[]
}

const DUPLICATE = new Set([1022, 1062, 1586])
const ROWS_AT_ONCE = 500
const TEXT_LIMIT = 1_000_000

/**
 * Inserts a group with as few statements as can be. A statement that is refused undoes itself, and its rows are inserted
 * one by one.
 */
export async function createGroup(batch: Batch, group: OperationGroup & { kind: 'create' }): Promise<Steps> {
  const { table } = batch.rows
  const sources = table.ids.filter(({ source, field }) => source !== null && !group.names.includes(field.name))
  const given = group.names.map((name) => columnNamed(table, name))
  const steps: Steps = []
  const rows: NewRow[] = []
  for (const { place, operation } of await withSources(batch, sources, group.members)) {
    try {
      const values = [...given, ...sources].map((column) => valueLiteral(column, operation.fields))
      rows.push({ place, fields: operation.fields, values })
    } catch (error) {
      steps.push([place, asRejection(error, table)])
    }
  }
  for (const part of partsOf(rows)) steps.push(...(await insertPart(batch, [...given, ...sources], part)))
  return steps
}

/** The members with values for id columns that a sequence or a function fills, so that their ids are known. */
async function withSources(
  { query }: Batch,
  sources: readonly MysqlColumn[],
  members: readonly Placed<'create'>[],
): Promise<readonly Placed<'create'>[]> {
  if (sources.length === 0) return members
  const list = sources.map(({ source }) => source).join(', ')
  const taken = await query(members.map(() => `select ${list}`).join(' union all '))
  return members.map(({ place, operation }, index) => {
    const own = sources.map(({ field }, at) => [field.name, taken[index]?.[at] ?? null] as const)
    return { place, operation: { ...operation, fields: { ...operation.fields, ...Object.fromEntries(own) } } }
  })
}

function partsOf(rows: readonly NewRow[]): NewRow[][] {
  const parts: NewRow[][] = []
  let length = Number.POSITIVE_INFINITY
  for (const row of rows) {
    const own = row.values.reduce((sum, value) => sum + value.length + 2, 4)
    const last = parts.at(-1)
    if (last === undefined || last.length >= ROWS_AT_ONCE || length + own > TEXT_LIMIT) {
      parts.push([row])
      length = own
    } else {
      last.push(row)
      length += own
    }
  }
  return parts
}

async function insertPart(batch: Batch, columns: readonly MysqlColumn[], rows: readonly NewRow[]): Promise<Steps> {
  const { table } = batch.rows
  try {
    const ids = await insertRows(batch, columns, rows)
    return rows.map(({ place }, index) => [place, { kind: 'written', id: ids[index] ?? '' }])
  } catch (error) {
    const refusal = asRejection(error, table)
    const [only] = rows
    if (rows.length === 1 && only !== undefined) {
      const isDuplicate = DUPLICATE.has(errorNumber(refusal.error.cause) ?? 0)
      return [[only.place, isDuplicate ? await explainDuplicate(batch, only.fields, refusal) : refusal]]
    }
  }
  const steps: Steps = []
  for (const row of rows) steps.push(...(await insertPart(batch, columns, [row])))
  return steps
}

/** The new rows' ids in their order. */
async function insertRows(
  { query, rows: { table } }: Batch,
  columns: readonly MysqlColumn[],
  rows: readonly NewRow[],
): Promise<RecordId[]> {
  const values = rows.map((row) => `(${row.values.join(', ')})`).join(', ')
  const insert = `insert into ${table.sql} (${columns.map(({ sql }) => sql).join(', ')}) values ${values}`
  if (query.isMariaDb) {
    const made = await query(`${insert} returning ${table.ids.map(({ sql }) => idText(sql)).join(', ')}`)
    return made.map((row) => idOf(table, row))
  }
  const { insertId } = await query.run(insert)
  const [[step = '1'] = []] = await query('select @@session.auto_increment_increment')
  // The rows of one insert get numbers that follow one another.
  return rows.map(({ fields }, index) =>
    idOfParts(
      table.ids.map(({ field }) => {
        const value = fields[field.name] ?? null
        return value === null ? String(insertId + index * Number(step)) : String(value)
      }),
    ),
  )
}

/** Whether the row that stands in the way is the record that was to be created. */
async function explainDuplicate(batch: Batch, fields: Fields, refusal: Step & { kind: 'rejected' }): Promise<Step> {
  const { table } = batch.rows
  const met: (readonly string[])[] = []
  const alike: (readonly string[])[] = []
  for (const unique of table.uniques.filter((names) => names.every((name) => (fields[name] ?? null) !== null))) {
    const hit = await meets(batch, unique, fields)
    if (hit === 'same') met.push(unique)
    if (hit === 'alike') alike.push(unique)
  }
  const ids = table.ids.map(({ field }) => field.name)
  if (isSameRecord(met, table.uniques, batch.context.spec.key, ids)) return { kind: 'exists' }
  return alike.length === 0 ? refusal : { kind: 'rejected', error: merelyAlike(table, alike, refusal.error) }
}

/** `alike`: the column's collation takes another value for the same, one in capitals or with an accent. */
async function meets(
  { query, rows: { table, from } }: Batch,
  unique: readonly string[],
  fields: Fields,
): Promise<'same' | 'alike' | null> {
  const columns = unique.map((name) => columnNamed(table, name))
  const list = columns.map(({ type, sql }) => readExpression(type, `${table.alias}.${sql}`))
  const same = columns.map((column) => `${table.alias}.${column.sql} = ${valueLiteral(column, fields)}`)
  const [row] = await query(`select ${list.join(', ')} from ${from} where ${same.join(' and ')} limit 1`)
  if (row === undefined) return null
  const isSame = columns.every(({ type, field }, index) => {
    const [stored, sent] = [readValue(type, row[index] ?? null), fields[field.name]]
    return typeof stored !== 'string' || typeof sent !== 'string' || field.type !== 'text' || stored === sent
  })
  return isSame ? 'same' : 'alike'
}

function merelyAlike(table: MysqlTable, alike: readonly (readonly string[])[], cause: SyncError): SyncError {
  const columns = alike.map((names) => names.join(', ')).join('; ')
  return new SyncError(
    'constraint',
    `table ${table.name}: another record has a value in the unique ${columns} that differs only in capitals, accents or spaces`,
    {
      cause,
      hint: 'Correct the value on one side, or give the column a collation that tells them apart, such as utf8mb4_bin.',
    },
  )
}
