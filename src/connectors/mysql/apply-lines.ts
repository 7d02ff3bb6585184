import type { RecordId } from '../../contract/change.ts'
import type { Operation } from '../../contract/sink.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { isSameLines } from '../line-changes.ts'
import { applyAll, type Batch, lockRows, type Step } from './apply.ts'
import { lineStatements, type MysqlChild, readLines, valueLiteral } from './children.ts'
import { asRejection, runEach } from './run-each.ts'

/**
 * Records with their lines: of each record both or neither. All at once; where one is refused, that is undone and they are
 * done one by one.
 */
export async function applyWithLines(batch: Batch, operations: readonly Operation[]): Promise<Step[]> {
  const { query, rows } = batch
  await query.run('savepoint tandem_lines')
  try {
    const steps = await applyTogether(batch, operations)
    if (!steps.some(({ kind }) => kind === 'rejected')) return steps
    await query.run('rollback to savepoint tandem_lines')
    if (operations.length === 1) return steps
  } catch (error) {
    const rejection = asRejection(error, rows.table)
    await query.run('rollback to savepoint tandem_lines')
    if (operations.length === 1) return [rejection]
  }
  const steps: Step[] = []
  for (const operation of operations) steps.push(...(await applyWithLines(batch, [operation])))
  return steps
}

/** The lines that the records have now, by child and record. */
type Lines = ReadonlyMap<MysqlChild, ReadonlyMap<RecordId, readonly Fields[]>>

/** @throws what was refused of the lines. */
async function applyTogether(batch: Batch, operations: readonly Operation[]): Promise<Step[]> {
  const before = await lockLines(batch, operations)
  const isStale = operations.map((operation) => isOther(before, operation))
  await removeLines(batch, operations)
  const open = operations.filter((_operation, place) => isStale[place] !== true)
  const done = await applyAll(
    batch,
    open.map((operation) => withoutLines(batch.rows.children, operation)),
  )
  const steps = isStale.map((stale): Step => (stale ? { kind: 'stale' } : (done.shift() ?? { kind: 'gone' })))
  if (steps.some(({ kind }) => kind === 'rejected')) return steps
  for (const child of batch.rows.children) {
    const statements = operations.flatMap((operation, place) => {
      const step = steps[place]
      const wanted: Value | undefined = operation.kind === 'remove' ? undefined : operation.fields[child.field]
      if (wanted === undefined || step?.kind !== 'written') return []
      const now = operation.kind === 'create' ? [] : (before.get(child)?.get(step.id) ?? [])
      return lineStatements(child, step.id, now, wanted)
    })
    const [failure] = (await runEach(batch.query, child.table, statements)).values()
    if (failure !== undefined) throw failure.error
  }
  return steps
}

/** Nobody else may change these records and their lines until the transaction ends. */
async function lockLines(batch: Batch, operations: readonly Operation[]): Promise<Lines> {
  const lines = new Map<MysqlChild, ReadonlyMap<RecordId, readonly Fields[]>>()
  const ids = operations.flatMap((operation) => (operation.kind === 'update' ? [operation.id] : []))
  const held = await lockRows(batch, ids, [])
  for (const child of held.size === 0 ? [] : batch.rows.children) {
    lines.set(child, await readLines(batch.query, child, [...held.keys()], true))
  }
  return lines
}

/** Whether the lines of an update are not those that it expects. */
function isOther(before: Lines, operation: Operation): boolean {
  if (operation.kind !== 'update' || operation.expected === null) return false
  const { id, expected } = operation
  return [...before].some(([child, lines]) => {
    const known = expected[child.field]
    const key = child.key.map(({ field }) => field.name)
    return known !== undefined && !isSameLines(key, known, lines.get(id) ?? [])
  })
}

/** Lines of records that are about to be removed. */
async function removeLines({ query, rows }: Batch, operations: readonly Operation[]): Promise<void> {
  const ids = operations.flatMap((operation) => (operation.kind === 'remove' ? [operation.id] : []))
  for (const { table, parent, inside } of ids.length === 0 ? [] : rows.children) {
    const among = ids.map((id) => valueLiteral(parent, { [parent.field.name]: id })).join(', ')
    await query.run(`delete from ${table.sql} where ${parent.sql} in (${among}) and ${inside}`)
  }
}

function withoutLines(children: readonly MysqlChild[], operation: Operation): Operation {
  if (operation.kind === 'remove') return operation
  const names = new Set(children.map(({ field }) => field))
  const own = (fields: Fields): Fields =>
    Object.fromEntries(Object.entries(fields).filter(([name]) => !names.has(name)))
  if (operation.kind === 'create') return { ...operation, fields: own(operation.fields) }
  const { expected } = operation
  return { ...operation, fields: own(operation.fields), expected: expected === null ? null : own(expected) }
}
