import type { RecordId, RecordState } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import type { Birth, FindRequest, Operation, Outcome, Sink } from '../../contract/sink.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { lineChanges } from '../line-changes.ts'
import { perform, type Session } from './call.ts'
import { type Row, type Table, transact } from './database.ts'
import type { Call, Fault, Method } from './faults.ts'
import { shuffle } from './random.ts'
import { recordState } from './record-state.ts'
import { canonicalText } from './stored-form.ts'
import { drawSerial, insertRow, type Origin, removeRow, storedCreate, takenField, updateRow } from './write.ts'

/** The sink of a collection; `table` finds it anew at each call, because it may be dropped. */
export function createSink(
  session: Session,
  name: string,
  fields: readonly string[],
  table: () => Table,
  isMember: (row: Row) => boolean,
): Sink {
  const call = (method: Method, operations: readonly Operation[] = []): Call => ({
    method,
    collection: name,
    operations,
  })
  return {
    read: (ids, signal) =>
      perform(session, call('read'), signal, (fault) => readRecords(session, table(), fields, ids, fault)),
    // When a record last changed is left out: a held transaction may date it back, which no real database does.
    births: (ids, signal) =>
      perform(session, call('check'), signal, () => {
        const { rows, definition } = table()
        const births = ids.flatMap((id): [RecordId, Birth][] => {
          const row = rows.get(id)
          if (row === undefined) return []
          const byUs = definition.tellsWriter ? row.createdByUs : null
          return [[id, { createdAtMs: row.createdAtMs, changedAtMs: null, byUs }]]
        })
        return new Map(births)
      }),
    find: (request, signal) =>
      perform(session, call('find'), signal, (fault) =>
        findRecords(session, table(), fields, request, isMember, fault),
      ),
    apply(operations, signal) {
      const asked = call('apply', operations)
      return perform(session, asked, signal, (fault) => applyBatch(session, table(), fields, asked, fault))
    },
    reserve: (field, count, signal) =>
      perform(session, call('reserve'), signal, () => {
        const { sequenceNumbers, definition } = table()
        const isSerial = definition.id.kind === 'serial' && definition.id.field === field
        const sequence = definition.sequences[field]
        if (!isSerial && sequence === undefined) return null
        return Array.from({ length: count }, () => {
          if (sequence === undefined) return drawSerial(table())
          const number = (sequenceNumbers.get(field) ?? 0) + 1
          sequenceNumbers.set(field, number)
          return sequence(number)
        })
      }),
  }
}

function readRecords(
  session: Session,
  table: Table,
  fields: readonly string[],
  ids: readonly RecordId[],
  fault: Fault,
): ReadonlyMap<RecordId, RecordState> {
  const nowMs = session.store.nowMs()
  const records = new Map<RecordId, RecordState>()
  if (fault.answers === 'empty') return records
  for (const id of ids) {
    const row = table.rows.get(id)
    if (row !== undefined) records.set(id, recordState(table, row, fields, nowMs))
  }
  return records
}

function findRecords(
  session: Session,
  table: Table,
  fields: readonly string[],
  request: FindRequest,
  isMember: (row: Row) => boolean,
  fault: Fault,
): readonly RecordState[] {
  if (!table.definition.fields.has(request.field)) {
    throw new SyncError('schema', `${table.name} has no field ${request.field}.`)
  }
  if (fault.answers === 'empty') return []
  const wanted = new Set(request.values.map((value) => comparable(value, request.fold)))
  const rows = [...table.rows.values()].filter(
    (row) =>
      wanted.has(comparable(row.fields[request.field] ?? null, request.fold)) && (!request.inFilter || isMember(row)),
  )
  const nowMs = session.store.nowMs()
  return shuffle(rows, session.store.random).map((row) => recordState(table, row, fields, nowMs))
}

/** Numbers and their digits are alike: finding too many is allowed, too few is not. */
function comparable(value: Value, fold: FindRequest['fold']): string {
  if (typeof value !== 'string' && typeof value !== 'number') return canonicalText(value)
  let text = String(value)
  if (fold.space) text = text.trim().replace(/\s+/g, ' ')
  if (fold.case) text = text.toLowerCase()
  return JSON.stringify(text)
}

/** The batch in one transaction, and then what is stored, in the same one or after whatever happened in between. */
function applyBatch(
  session: Session,
  table: Table,
  fields: readonly string[],
  call: Call,
  fault: Fault,
): readonly Outcome[] {
  const { store } = session
  const { faults, database } = store
  refuseMisuse(table, call.operations)
  faults.beforeApply?.(call)
  const origin: Origin = { byUs: true, atMs: store.nowMs() }
  const operations = call.operations.slice(0, fault.doneOperations ?? call.operations.length)
  const { storedInTransaction } = table.definition
  const write = (): { outcomes: Outcome[]; ids: (RecordId | null)[] } => {
    const ids: (RecordId | null)[] = []
    const outcomes = operations.map((operation, index) => {
      const { outcome, id } = applyOne(session, table, operation, origin)
      ids[index] = id
      return storedInTransaction ? withRecord(store.nowMs(), table, fields, outcome, id) : outcome
    })
    return { outcomes, ids }
  }
  let { outcomes, ids } = transact(database, write)
  store.calls.writes += outcomes.filter((outcome) => outcome.kind === 'done').length
  if (!storedInTransaction) {
    faults.beforeReadBack?.(call)
    outcomes = outcomes.map((outcome, index) => withRecord(store.nowMs(), table, fields, outcome, ids[index] ?? null))
  }
  faults.afterApply?.(call)
  return outcomes
}

function applyOne(
  session: Session,
  table: Table,
  operation: Operation,
  origin: Origin,
): { outcome: Outcome; id: RecordId | null } {
  const { database, faults } = session.store
  try {
    const poison = faults.poison?.(operation, table.name) ?? null
    if (poison !== null) throw poison
    if (operation.kind === 'create') {
      const stored = storedCreate(database, table, operation.fields)
      const taken = takenField(table, stored, null)
      const { key, id } = table.definition
      if (taken !== null && (taken === key || taken === id.field)) return { outcome: { kind: 'exists' }, id: null }
      const row = insertRow(database, table, stored, origin)
      return { outcome: { kind: 'done', record: null, isOurs: true }, id: row.id }
    }
    const row = table.rows.get(operation.id)
    if (row === undefined) return { outcome: { kind: 'gone' }, id: null }
    if (operation.kind === 'remove') {
      removeRow(database, table, row, origin)
      return { outcome: { kind: 'done', record: null, isOurs: true }, id: null }
    }
    if (table.definition.guardedWrites && isStale(table, row.fields, operation.expected)) {
      return { outcome: { kind: 'stale' }, id: null }
    }
    const written = withLines(table, row.fields, withSets(table, row.fields, operation), operation.expected)
    updateRow(database, table, row, written, origin)
    return { outcome: { kind: 'done', record: null, isOurs: true }, id: row.id }
  } catch (error) {
    if (!(error instanceof SyncError) || error.disposition !== 'park') throw error
    if (table.definition.rejects === 'whole') throw error
    return { outcome: { kind: 'rejected', error }, id: null }
  }
}

/** The fields to store: of lines, only what the operation changes in them. Someone else's line stays as it is. */
function withLines(table: Table, current: Fields, fields: Fields, expected: Fields | null): Fields {
  const stored: Record<string, Value> = { ...fields }
  for (const [name, wanted] of Object.entries(fields)) {
    const before = expected?.[name]
    if (table.definition.fields.get(name)?.type !== 'lines' || before === undefined) continue
    const { added, changed, removed } = lineChanges(['id'], before, wanted)
    const lines = (current[name] ?? []) as readonly Fields[]
    const kept = lines.filter((line) => !removed.some(({ id }) => id === line.id))
    const edits = new Map(changed.map((each) => [each.before.id, each.fields]))
    stored[name] = [...kept.map((line) => ({ ...line, ...edits.get(line.id) })), ...added]
  }
  return stored
}

function withRecord(
  nowMs: number,
  table: Table,
  fields: readonly string[],
  outcome: Outcome,
  id: RecordId | null,
): Outcome {
  if (outcome.kind !== 'done' || id === null) return outcome
  const row = table.rows.get(id)
  if (row === undefined) return { kind: 'done', record: null, isOurs: false }
  const record = recordState(table, row, fields, nowMs)
  const isOurs = table.definition.storedInTransaction || record.byUs === true
  return { kind: 'done', record, isOurs }
}

function isStale(table: Table, current: Fields, expected: Fields | null): boolean {
  if (expected === null) return false
  return Object.entries(expected).some(
    ([name, value]) => !isSet(table, name) && canonicalText(value) !== canonicalText(current[name] ?? null),
  )
}

function isSet(table: Table, field: string): boolean {
  return table.definition.fields.get(field)?.type === 'references'
}

/** The fields of an update; a set of references is what it holds, with what the operation adds and takes out. */
function withSets(table: Table, current: Fields, { fields, expected }: Extract<Operation, { kind: 'update' }>): Fields {
  const sets = Object.entries(fields).flatMap(([name, value]) => {
    const before = expected?.[name]
    if (!isSet(table, name) || before === undefined) return []
    const removed = without(before, value)
    const kept = elements(current[name]).filter((id) => !removed.includes(id))
    const added = without(value, before).filter((id) => !kept.includes(id))
    return [[name, [...kept, ...added].sort(byNumber)] as const]
  })
  return { ...fields, ...Object.fromEntries(sets) }
}

function elements(value: Value | undefined): readonly Value[] {
  return Array.isArray(value) ? (value as readonly Value[]) : []
}

function without(set: Value, other: Value): readonly Value[] {
  return elements(set).filter((id) => !elements(other).includes(id))
}

function byNumber(a: Value, b: Value): number {
  return Number(a) - Number(b)
}

/** What the engine must never ask; a system would answer it with harm. */
function refuseMisuse(table: Table, operations: readonly Operation[]): void {
  const { maxBatch, rights } = table.definition
  const kinds = new Set(operations.map((operation) => operation.kind))
  if (kinds.size > 1) throw new SyncError('unexpected', `A batch for ${table.name} mixes kinds of operations.`)
  if (operations.length > maxBatch) {
    throw new SyncError('unexpected', `A batch for ${table.name} has ${operations.length} operations, not ${maxBatch}.`)
  }
  const ids = operations.flatMap((operation) => (operation.kind === 'create' ? [] : [operation.id]))
  if (new Set(ids).size < ids.length) {
    throw new SyncError('unexpected', `A batch for ${table.name} names one record twice.`)
  }
  for (const kind of kinds) {
    if (!rights[kind]) throw new SyncError('forbidden', `We may not ${kind} in ${table.name}.`)
  }
}
