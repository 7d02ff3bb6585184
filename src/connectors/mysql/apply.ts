import { isDeepStrictEqual } from 'node:util'
import type { RecordId } from '../../contract/change.ts'
import type { Operation, Outcome } from '../../contract/sink.ts'
import { groupOperations, type OperationGroup } from '../sql/group-operations.ts'
import { applyWithLines } from './apply-lines.ts'
import { valueLiteral } from './children.ts'
import { createGroup } from './create.ts'
import type { Query, Stored } from './pool.ts'
import { idAmong, idList, idOf, type MysqlContext, type MysqlRows, recordsById } from './rows.ts'
import { asRejection, runEach } from './run-each.ts'
import { columnNamed, type MysqlTable } from './schema.ts'
import { readExpression, readValue } from './values.ts'

/** An operation's outcome, before the written records are read back. */
export type Step =
  | Exclude<Outcome, { kind: 'done' }>
  | { readonly kind: 'written'; readonly id: RecordId }
  | { readonly kind: 'removed' }

/** One transaction's means. */
export interface Batch {
  readonly context: MysqlContext
  readonly query: Query
  readonly rows: MysqlRows
}

/** Steps by their operations' places in the batch. */
export type Steps = (readonly [place: number, step: Step])[]

/** Applies the operations in the transaction of `query`. What was written is read back at the end, after every trigger. */
export async function applyBatch(
  context: MysqlContext,
  query: Query,
  operations: readonly Operation[],
): Promise<readonly Outcome[]> {
  const batch: Batch = { context, query, rows: await context.rows(query) }
  const steps =
    batch.rows.children.length > 0 ? await applyWithLines(batch, operations) : await applyAll(batch, operations)
  return readBack(batch, steps)
}

async function readBack({ query, rows }: Batch, steps: readonly Step[]): Promise<Outcome[]> {
  const ids = steps.flatMap((step) => (step.kind === 'written' ? [step.id] : []))
  const records = await recordsById(query, rows, ids, () => ({ byUs: true }))
  return steps.map((step) => {
    if (step.kind === 'removed') return { kind: 'done', record: null, isOurs: true }
    if (step.kind !== 'written') return step
    return { kind: 'done', record: records.get(step.id) ?? null, isOurs: true }
  })
}

/** Each operation on its record alone; the steps in the operations' order. */
export async function applyAll(batch: Batch, operations: readonly Operation[]): Promise<Step[]> {
  const steps: Step[] = []
  for (const group of groupOperations(operations)) {
    for (const [place, step] of await applyGroup(batch, group)) steps[place] = step
  }
  return steps
}

async function applyGroup(batch: Batch, group: OperationGroup): Promise<Steps> {
  if (group.kind === 'create') return createGroup(batch, group)
  return group.kind === 'update' ? updateGroup(batch, group) : removeGroup(batch, group)
}

/** The rows of these ids with the given columns, which nobody else may change until the transaction ends. */
export async function lockRows(
  { query, rows }: Batch,
  ids: readonly RecordId[],
  names: readonly string[],
): Promise<Map<RecordId, readonly Stored[]>> {
  const { table } = rows
  const among = idAmong(table, ids)
  if (among === null) return new Map()
  const columns = names.map((name) => columnNamed(table, name))
  const list = [idList(table), ...columns.map(({ type, sql }) => readExpression(type, `${table.alias}.${sql}`))]
  const found = await query(
    `select ${list.join(', ')} from ${rows.from} where ${among} order by ${rows.order} for update`,
  )
  return new Map(found.map((row) => [idOf(table, row), row.slice(table.ids.length)]))
}

async function updateGroup(batch: Batch, group: OperationGroup & { kind: 'update' }): Promise<Steps> {
  const { table } = batch.rows
  const columns = group.names.map((name) => columnNamed(table, name))
  const guarded = group.expected.map((name) => columnNamed(table, name))
  const held = await lockRows(
    batch,
    group.members.map(({ operation }) => operation.id),
    group.expected,
  )
  const steps: Steps = []
  const statements: { place: number; id: RecordId; sql: string }[] = []
  for (const { place, operation } of group.members) {
    const { id, fields, expected } = operation
    const row = held.get(id)
    // Compared as contract values: the server compares texts without their case and spaces at their end.
    const isExpected = guarded.every(({ type, field }, index) =>
      isDeepStrictEqual(readValue(type, row?.[index] ?? null), expected?.[field.name] ?? null),
    )
    if (row === undefined) steps.push([place, { kind: 'gone' }])
    else if (!isExpected) steps.push([place, { kind: 'stale' }])
    else if (columns.length === 0) steps.push([place, { kind: 'written', id }])
    else {
      try {
        const set = columns.map((column) => `${column.sql} = ${valueLiteral(column, fields)}`)
        statements.push({
          place,
          id,
          sql: `update ${table.sql} as ${table.alias} set ${set.join(', ')} where ${isRow(table, id)}`,
        })
      } catch (error) {
        steps.push([place, asRejection(error, table)])
      }
    }
  }
  const failures = await runEach(
    batch.query,
    table,
    statements.map(({ sql }) => sql),
  )
  statements.forEach(({ place, id }, index) => {
    steps.push([place, failures.get(index) ?? { kind: 'written', id }])
  })
  return steps
}

async function removeGroup(batch: Batch, group: OperationGroup & { kind: 'remove' }): Promise<Steps> {
  const { table } = batch.rows
  const held = await lockRows(
    batch,
    group.members.map(({ operation }) => operation.id),
    [],
  )
  const there = group.members.filter(({ operation }) => held.has(operation.id))
  const failures = await runEach(
    batch.query,
    table,
    there.map(
      ({ operation }) =>
        `delete from ${table.sql} where ${isRow(table, operation.id).replaceAll(`${table.alias}.`, '')}`,
    ),
  )
  return [
    ...group.members
      .filter(({ operation }) => !held.has(operation.id))
      .map(({ place }): Steps[number] => [place, { kind: 'gone' }]),
    ...there.map(({ place }, index): Steps[number] => [place, failures.get(index) ?? { kind: 'removed' }]),
  ]
}

function isRow(table: MysqlTable, id: RecordId): string {
  return idAmong(table, [id]) ?? 'false'
}
