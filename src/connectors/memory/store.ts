import type { RecordId } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import type { Fields, Value } from '../../contract/value.ts'
import {
  copyTable,
  createTable,
  type Database,
  rowsAfter,
  type Table,
  tableOf,
  transact,
  type Write,
} from './database.ts'
import { type Call, createFaults, type Fault, type Faults, METHODS, type Method } from './faults.ts'
import { beginHeld, type HeldTransaction } from './held-transaction.ts'
import { type CollectionOptions, defineCollection } from './options.ts'
import { createRandom } from './random.ts'
import { insertRow, type Origin, removeRow, storedCreate, updateRow } from './write.ts'

export interface StoreOptions {
  readonly collections: Readonly<Record<string, CollectionOptions>>
  /** The store's clock, in milliseconds since 1970. Absent: it starts in 2026 and each look at it takes a millisecond. */
  readonly now?: () => number
  /** Decides the order of results that have none. */
  readonly seed?: number
  readonly identity?: string
  /** What `check` tells about the clock. */
  readonly clockOffsetMs?: number
}

/** How often each method was called, and how many operations were asked for and done. */
export type CallCounts = Record<Method, number> & { operations: number; writes: number }

/** What a person, or a program that is not ours, can do to the records. */
export interface Person {
  /** @throws SyncError where the values are refused or a unique value is taken. */
  insert(collection: string, fields: Fields): RecordId
  /** False: no such record. @throws SyncError where the values are refused. */
  edit(collection: string, id: RecordId, fields: Fields): boolean
  /** False: no such record. @throws SyncError where another record refers to it. */
  remove(collection: string, id: RecordId): boolean
}

/** A system held in memory. Lives on when a connector is thrown away, as a database does when a daemon crashes. */
export interface MemoryStore extends Person {
  readonly faults: Faults
  readonly calls: CallCounts
  readonly nowMs: () => number
  readonly random: () => number
  readonly clockOffsetMs: number
  /** Changes when the database is swapped for another one. */
  identity: string
  archive(collection: string, id: RecordId): boolean
  unarchive(collection: string, id: RecordId): boolean
  /** Like SQL behind the system's back: no version, no time, no writer and no feed entry. */
  editSilently(collection: string, id: RecordId, fields: Fields): boolean
  removeSilently(collection: string, id: RecordId): boolean
  get(collection: string, id: RecordId): Fields | null
  /** Every record, filtered or not, in the order of ids. */
  all(collection: string): { readonly id: RecordId; readonly fields: Fields }[]
  /** Work that nobody sees until it is committed, and that then carries the time at which it began. */
  begin(): HeldTransaction
  /** Hears of every committed write. The result ends that. */
  onWrite(listener: (write: Write) => void): () => void
  resetCalls(): void
  /** A backup of all records, counters and change logs; the result puts it back. Listeners hear nothing of that. */
  snapshot(): () => void
  addCollection(name: string, options: CollectionOptions): void
  dropCollection(name: string): void
  /** The field and its values are gone, as after an upgrade of the system. */
  dropField(collection: string, field: string): void
  /** For the connector: the parts behind all this. */
  readonly database: Database
  readonly strike: (call: Call) => Fault
}

const FIRST_MS = Date.UTC(2026, 0, 1)

export function createMemoryStore(options: StoreOptions): MemoryStore {
  const database = createDatabase(options)
  const plan = createFaults()
  const counts = emptyCounts()
  const store: MemoryStore = {
    ...recordsOf(database),
    ...shapeOf(database),
    identity: options.identity ?? 'memory',
    faults: plan.faults,
    calls: counts,
    nowMs: database.nowMs,
    random: database.random,
    clockOffsetMs: options.clockOffsetMs ?? 0,
    database,
    begin: () => beginHeld(database),
    onWrite(listener) {
      database.listeners.add(listener)
      return () => database.listeners.delete(listener)
    },
    resetCalls() {
      Object.assign(counts, emptyCounts())
    },
    strike(call) {
      counts[call.method] += 1
      counts.operations += call.operations.length
      return plan.strike(call)
    },
  }
  return store
}

function createDatabase(options: StoreOptions): Database {
  let tickMs = FIRST_MS
  const tables = new Map<string, Table>()
  for (const [name, collection] of Object.entries(options.collections)) {
    tables.set(name, createTable(name, defineCollection(collection)))
  }
  return {
    tables,
    nowMs: options.now ?? (() => tickMs++),
    random: createRandom(options.seed ?? 1),
    listeners: new Set(),
    undo: null,
    writes: [],
  }
}

function recordsOf(
  database: Database,
): Pick<MemoryStore, keyof Person | 'archive' | 'unarchive' | 'editSilently' | 'removeSilently' | 'get' | 'all'> {
  const byPerson = (isSilent = false): Origin => ({ byUs: false, atMs: database.nowMs(), isSilent })
  const edit = (collection: string, id: RecordId, fields: Fields, origin: Origin): boolean => {
    const table = tableOf(database, collection)
    const row = table.rows.get(id)
    if (row !== undefined) transact(database, () => updateRow(database, table, row, fields, origin))
    return row !== undefined
  }
  const remove = (collection: string, id: RecordId, origin: Origin): boolean => {
    const table = tableOf(database, collection)
    const row = table.rows.get(id)
    if (row !== undefined) transact(database, () => removeRow(database, table, row, origin))
    return row !== undefined
  }
  return {
    insert(collection, fields) {
      const table = tableOf(database, collection)
      return transact(database, () => insertRow(database, table, storedCreate(database, table, fields), byPerson()).id)
    },
    edit: (collection, id, fields) => edit(collection, id, fields, byPerson()),
    remove: (collection, id) => remove(collection, id, byPerson()),
    archive: (collection, id) => edit(collection, id, archiving(database, collection, true), byPerson()),
    unarchive: (collection, id) => edit(collection, id, archiving(database, collection, false), byPerson()),
    editSilently: (collection, id, fields) => edit(collection, id, fields, byPerson(true)),
    removeSilently: (collection, id) => remove(collection, id, byPerson(true)),
    get: (collection, id) => tableOf(database, collection).rows.get(id)?.fields ?? null,
    all(collection) {
      const rows = rowsAfter(tableOf(database, collection), null, Number.POSITIVE_INFINITY, () => true)
      return rows.map(({ id, fields }) => ({ id, fields }))
    },
  }
}

function archiving(database: Database, collection: string, isArchived: boolean): Fields {
  const { archive, fields } = tableOf(database, collection).definition
  if (archive === null) throw new SyncError('unsupported', `${collection} has no archive field.`)
  const active: Value = fields.get(archive.field)?.type === 'boolean' ? archive.archived !== true : null
  return { [archive.field]: isArchived ? archive.archived : active }
}

function shapeOf(database: Database): Pick<MemoryStore, 'snapshot' | 'addCollection' | 'dropCollection' | 'dropField'> {
  return {
    snapshot() {
      const saved = [...database.tables.values()].map(copyTable)
      return () => {
        database.tables.clear()
        for (const table of saved) database.tables.set(table.name, copyTable(table))
      }
    },
    addCollection(name, options) {
      database.tables.set(name, createTable(name, defineCollection(options)))
    },
    dropCollection(name) {
      database.tables.delete(name)
    },
    dropField(collection, field) {
      const table = tableOf(database, collection)
      const fields = new Map(table.definition.fields)
      fields.delete(field)
      table.definition = { ...table.definition, fields }
      table.unique.delete(field)
      for (const [id, row] of table.rows) {
        const { [field]: _dropped, ...rest } = row.fields
        table.rows.set(id, { ...row, fields: rest })
      }
    },
  }
}

function emptyCounts(): CallCounts {
  const methods = Object.fromEntries(METHODS.map((method) => [method, 0])) as Record<Method, number>
  return { ...methods, operations: 0, writes: 0 }
}
