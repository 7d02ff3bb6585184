import type { RecordId } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import type { Fields } from '../../contract/value.ts'
import type { Definition } from './options.ts'

export interface Row {
  readonly id: RecordId
  readonly fields: Fields
  /** Grows with every write that the system notices; a silent edit leaves it. */
  readonly revision: number
  readonly writtenAtMs: number
  readonly createdAtMs: number
  readonly createdByUs: boolean
  readonly byUs: boolean
}

export interface LogEntry {
  readonly revision: number
  readonly id: RecordId
  readonly kind: 'write' | 'remove'
  readonly atMs: number
}

export interface Table {
  readonly name: string
  definition: Definition
  rows: Map<RecordId, Row>
  /** For each unique field, the canonical text of a value and whose it is. */
  unique: Map<string, Map<string, RecordId>>
  log: LogEntry[]
  /** The revision of each record's newest log entry; older entries have nothing to tell. */
  newest: Map<RecordId, number>
  /** Ids in order, or null after they changed. */
  sortedIds: RecordId[] | null
  revision: number
  serial: number
  sequenceNumbers: Map<string, number>
  isLogging: boolean
}

/** A committed write, as `onWrite` tells it. */
export interface Write {
  readonly collection: string
  readonly id: RecordId
  /** null: the record did not exist. */
  readonly before: Fields | null
  /** null: the record was removed. */
  readonly after: Fields | null
  readonly byUs: boolean
  readonly atMs: number
  readonly isSilent: boolean
}

/** Everything that outlives a connector. */
export interface Database {
  readonly tables: Map<string, Table>
  readonly nowMs: () => number
  readonly random: () => number
  readonly listeners: Set<(write: Write) => void>
  /** How to take back what the running transaction did; null: none is running. */
  undo: (() => void)[] | null
  writes: Write[]
}

/**
 * Runs `work` so that all of it happens or nothing; listeners hear of its writes only after it is done. Numbers drawn
 * from a serial stay drawn. Joins a transaction that is running.
 */
export function transact<T>(database: Database, work: () => T): T {
  if (database.undo !== null) return work()
  const undo: (() => void)[] = []
  database.undo = undo
  let writes: Write[] = []
  try {
    const result = work()
    writes = database.writes
    return result
  } catch (error) {
    for (const step of undo.reverse()) step()
    throw error
  } finally {
    database.undo = null
    database.writes = []
    for (const write of writes) for (const listener of [...database.listeners]) listener(write)
  }
}

export function createTable(name: string, definition: Definition): Table {
  const uniqueFields = new Set(definition.unique)
  if (definition.id.field !== undefined) uniqueFields.add(definition.id.field)
  return {
    name,
    definition,
    rows: new Map(),
    unique: new Map([...uniqueFields].map((field) => [field, new Map()])),
    log: [],
    newest: new Map(),
    sortedIds: [],
    revision: 0,
    serial: 0,
    sequenceNumbers: new Map(),
    isLogging: !definition.needsPrepare,
  }
}

/** The table `name`. @throws SyncError `schema` where there is none. */
export function tableOf(database: Database, name: string): Table {
  const table = database.tables.get(name)
  if (table !== undefined) return table
  const known = [...database.tables.keys()].join(', ')
  throw new SyncError('schema', `The memory store has no collection ${name}.`, { hint: `It has: ${known}.` })
}

/** A copy that shares nothing changeable with `table`: what a backup holds, or what is put back from one. */
export function copyTable(table: Table): Table {
  return {
    ...table,
    rows: new Map(table.rows),
    unique: new Map([...table.unique].map(([field, owners]) => [field, new Map(owners)])),
    log: [...table.log],
    newest: new Map(table.newest),
    sortedIds: table.sortedIds === null ? null : [...table.sortedIds],
    sequenceNumbers: new Map(table.sequenceNumbers),
  }
}

/** A table as one mapping sees it. */
export interface View {
  readonly table: Table
  /** Whether a row is in the collection: within its filter, and within the mapping's own. */
  readonly isMember: (row: Row) => boolean
  readonly fields: readonly string[]
}

/** Less than 0 where `a` comes first: serial ids by number, others by their characters. */
export function compareIds(table: Table, a: RecordId, b: RecordId): number {
  if (table.definition.id.kind === 'serial') return Number(a) - Number(b)
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** The wanted rows with ids after `after`, in the order of ids, as many as `limit`. */
export function rowsAfter(table: Table, after: RecordId | null, limit: number, isWanted: (row: Row) => boolean): Row[] {
  table.sortedIds ??= [...table.rows.keys()].sort((a, b) => compareIds(table, a, b))
  const ids = table.sortedIds
  const found: Row[] = []
  for (let at = after === null ? 0 : positionAfter(table, ids, after); at < ids.length && found.length < limit; at++) {
    const row = table.rows.get(ids[at] ?? '')
    if (row !== undefined && isWanted(row)) found.push(row)
  }
  return found
}

function positionAfter(table: Table, ids: readonly RecordId[], after: RecordId): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareIds(table, ids[middle] ?? '', after) <= 0) low = middle + 1
    else high = middle
  }
  return low
}
