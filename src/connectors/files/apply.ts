import type { RecordId } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import type { Operation, Outcome } from '../../contract/sink.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { type FilesContext, refuseUnknownFields } from './context.ts'
import { columnFor, type Definition } from './definition.ts'
import { addLine } from './outbox.ts'
import { type Cells, idOfCells } from './parse-records.ts'
import { type Line, rendererOf } from './render-lines.ts'
import { inTransaction } from './store.ts'
import { recordsById, recordWriter, type StoredRecord, stateOf } from './stored-records.ts'
import { renderCell, ValueProblem } from './values.ts'

/** Stores what is to be written, and the records as they are then, in one transaction. @throws SyncError. */
export function applyBatch(context: FilesContext, operations: readonly Operation[]): readonly Outcome[] {
  const { connection, definition } = context
  if (operations.length === 0) return []
  if (definition.out === null) {
    throw new SyncError('config', `files collection ${definition.name} has no outgoing files`, {
      hint: 'Say under out: where they are to be written, or let the mapping read only.',
    })
  }
  refuseUnknownFields(context)
  return inTransaction(connection.store.handle(), () => operations.map((operation) => applyOne(context, operation)))
}

/** @throws SyncError where a value would be in no file. */
function refuseUnwritten({ definition }: FilesContext, fields: Fields): void {
  const field = Object.keys(fields).find((name) => !definition.columns.has(name))
  if (field === undefined) return
  throw new SyncError('schema', `files collection ${definition.name} has no column ${field} to write`, {
    hint: 'Declare it under columns: these are written, in their order.',
  })
}

function applyOne(context: FilesContext, operation: Operation): Outcome {
  try {
    if (operation.kind === 'create') return create(context, operation.fields)
    const [known] = recordsById(context.connection.store.handle(), context.id(), [operation.id])
    if (!known) return { kind: 'gone' }
    return operation.kind === 'remove'
      ? remove(context, known)
      : update(context, known, operation.fields, operation.expected)
  } catch (error) {
    if (error instanceof SyncError && error.disposition === 'park') return { kind: 'rejected', error }
    if (!(error instanceof ValueProblem)) throw error
    return {
      kind: 'rejected',
      error: new SyncError('invalid', `${context.definition.name}: ${error.message}`, { cause: error }),
    }
  }
}

function create(context: FilesContext, fields: Fields): Outcome {
  const { definition, connection } = context
  refuseUnwritten(context, fields)
  const cells: Record<string, Value> = {}
  for (const field of definition.columns.keys())
    cells[field] = renderCell(columnFor(definition, field), fields[field] ?? null)
  const id = idFor(definition, cells)
  const [known] = recordsById(connection.store.handle(), context.id(), [id])
  if (known) return { kind: 'exists' }
  return write(context, id, cells, 'create')
}

function update(context: FilesContext, known: StoredRecord, fields: Fields, expected: Fields | null): Outcome {
  const { definition } = context
  const now = stateOf(definition, known, Object.keys(expected ?? {})).fields
  for (const field of Object.keys(expected ?? {})) {
    if (field in fields && JSON.stringify(now[field] ?? null) !== JSON.stringify(expected?.[field] ?? null))
      return { kind: 'stale' }
  }
  refuseUnwritten(context, fields)
  const cells: Record<string, Value> = { ...known.cells }
  for (const [field, value] of Object.entries(fields)) cells[field] = renderCell(columnFor(definition, field), value)
  if (idFor(definition, cells) !== known.id) {
    throw new SyncError('unsupported', `${definition.name} ${known.id}: its key cannot be changed`, {
      hint: 'In files a record is its key: remove the record and create another one.',
    })
  }
  return write(context, known.id, cells, 'update')
}

function idFor(definition: Definition, cells: Cells): RecordId {
  try {
    return idOfCells(definition, cells)
  } catch (error) {
    if (!(error instanceof ValueProblem)) throw error
    throw new SyncError('key', `${definition.name}: the record ${error.message}`, { cause: error })
  }
}

function write(context: FilesContext, id: RecordId, cells: Cells, operation: Line['operation']): Outcome {
  const { connection, definition, fields } = context
  const database = connection.store.handle()
  if (rendererOf(definition).line({ operation, cells }, true) === null) {
    throw new SyncError(
      'unsupported',
      `${definition.name} ${id} holds characters that ${definition.settings.encoding} has not`,
      {
        hint: 'Use encoding: utf-8, or map the field with a transform that replaces them.',
      },
    )
  }
  recordWriter(database, context.id()).put(id, cells, { changedAtMs: connection.nowMs(), byUs: true, listed: null })
  addLine(database, context.id(), id, { operation, cells }, connection.nowMs())
  const [record] = recordsById(database, context.id(), [id])
  if (!record) return { kind: 'gone' }
  return { kind: 'done', record: stateOf(definition, record, fields), isOurs: true }
}

function remove(context: FilesContext, known: StoredRecord): Outcome {
  const { connection, definition } = context
  const database = connection.store.handle()
  if (definition.settings.operation === undefined && definition.out?.content !== 'everything') {
    throw new SyncError(
      'unsupported',
      `${definition.name} ${known.id}: its files have no way to say that a record is gone`,
      {
        hint: 'Give the collection an operation: column, or write everything each time (out.content: everything).',
      },
    )
  }
  recordWriter(database, context.id()).remove(known.id, { changedAtMs: connection.nowMs(), byUs: true, listed: null })
  addLine(database, context.id(), known.id, { operation: 'remove', cells: known.cells ?? {} }, connection.nowMs())
  return { kind: 'done', record: null, isOurs: true }
}
