import type { RecordId } from '../../contract/change.ts'
import type { FieldSchema } from '../../contract/connector.ts'
import { type ErrorCode, SyncError } from '../../contract/error.ts'
import type { Fields, Value } from '../../contract/value.ts'
import type { Database, Row, Table } from './database.ts'
import { canonicalText, objection, toScale } from './stored-form.ts'

/** Who writes, when the write says it happened, and whether the system notices (SQL behind its back: not). */
export interface Origin {
  readonly byUs: boolean
  readonly atMs: number
  readonly isSilent?: boolean
}

/** The unique field in which `fields` collides with another record than `self`; null: none. */
export function takenField(table: Table, fields: Fields, self: RecordId | null): string | null {
  for (const [field, owners] of table.unique) {
    const value = fields[field] ?? null
    const owner = value === null ? undefined : owners.get(canonicalText(value))
    if (owner !== undefined && owner !== self) return field
  }
  return null
}

/** `fields` as they would be stored in a new record. @throws SyncError where they cannot be. */
export function storedCreate(database: Database, table: Table, fields: Fields): Fields {
  const given = storedValues(database, table, fields)
  const stored: Record<string, Value> = {}
  for (const [name, field] of table.definition.fields) {
    stored[name] = given[name] ?? (name in fields ? null : (table.definition.defaults[name] ?? null))
    const isSerial = table.definition.id.kind === 'serial' && table.definition.id.field === name
    if (field.isRequired && stored[name] === null && !isSerial) throw refuse(table, 'constraint', name, 'is required')
  }
  return stored
}

/** Adds a record made by `storedCreate`; `serial`: an id drawn earlier. @throws SyncError where a unique value is taken. */
export function insertRow(database: Database, table: Table, stored: Fields, origin: Origin, serial?: number): Row {
  const { id: ids } = table.definition
  let fields = stored
  let id: RecordId
  if (ids.kind === 'key') {
    id = String(stored[ids.field])
  } else {
    const given = ids.field === undefined ? null : (stored[ids.field] ?? null)
    id = String(given ?? serial ?? drawSerial(table))
    table.serial = Math.max(table.serial, Number(id))
    if (ids.field !== undefined) fields = { ...stored, [ids.field]: Number(id) }
  }
  const taken = takenField(table, fields, null)
  if (taken !== null) throw refuse(table, 'constraint', taken, 'is taken by another record')
  if (table.rows.has(id)) throw new SyncError('constraint', `${table.name}: a record ${id} exists already.`)
  return putRow(database, table, id, fields, origin)
}

/** Changes a record. @throws SyncError where the values cannot be stored. */
export function updateRow(database: Database, table: Table, row: Row, changes: Fields, origin: Origin): Row {
  const stored = storedValues(database, table, changes)
  for (const [name, value] of Object.entries(stored)) {
    const field = table.definition.fields.get(name)
    if (field?.isRequired && value === null) throw refuse(table, 'constraint', name, 'is required')
    const isId = table.definition.id.field === name
    if (isId && String(value) !== row.id) throw refuse(table, 'key', name, 'is the id and cannot be changed')
  }
  const fields = { ...row.fields, ...stored }
  const taken = takenField(table, stored, row.id)
  if (taken !== null) throw refuse(table, 'constraint', taken, 'is taken by another record')
  return putRow(database, table, row.id, fields, origin)
}

/** Removes a record. @throws SyncError where another one refers to it and the collection refuses that. */
export function removeRow(database: Database, table: Table, row: Row, origin: Origin): void {
  const referring = findReferring(database, table, row.id)
  if (table.definition.onReferencedRemove === 'restrict' && referring.length > 0) {
    throw new SyncError('constraint', `${table.name} ${row.id} is referred to by ${referring[0]?.table.name}.`)
  }
  for (const { table: other, row: child, field } of referring) {
    const current = other.rows.get(child.id) ?? child
    putRow(database, other, child.id, { ...current.fields, [field]: null }, origin)
  }
  replaceRow(database, table, row.id, null)
  note(database, table, row.id, row.fields, null, origin)
}

/** The next number of the table's serial; never one that a record was ever given. */
export function drawSerial(table: Table): number {
  table.serial += 1
  return table.serial
}

function putRow(database: Database, table: Table, id: RecordId, fields: Fields, origin: Origin): Row {
  const before = table.rows.get(id)
  const isSilentEdit = origin.isSilent === true && before !== undefined
  const row: Row = isSilentEdit
    ? { ...before, fields }
    : {
        id,
        fields,
        revision: table.revision + 1,
        writtenAtMs: origin.atMs,
        createdAtMs: before?.createdAtMs ?? origin.atMs,
        createdByUs: before?.createdByUs ?? origin.byUs,
        byUs: origin.byUs,
      }
  replaceRow(database, table, id, row)
  note(database, table, id, before?.fields ?? null, fields, origin)
  return row
}

function storedValues(database: Database, table: Table, fields: Fields): Fields {
  const stored: Record<string, Value> = {}
  for (const [name, value] of Object.entries(fields)) {
    const field = table.definition.fields.get(name)
    if (field === undefined) throw new SyncError('schema', `${table.name} has no field ${name}.`)
    if (field.isReadOnly) throw refuse(table, 'invalid', name, 'cannot be written')
    const normalised = toScale(field, table.definition.normalise[name]?.(value) ?? value)
    const reason = objection(field, normalised)
    if (reason !== null) throw refuse(table, 'invalid', name, reason)
    refuseDangling(database, table, field, normalised)
    stored[name] = typeof normalised === 'object' ? structuredClone(normalised) : normalised
  }
  return stored
}

function refuseDangling(database: Database, table: Table, field: FieldSchema, value: Value): void {
  if (field.type !== 'reference' || field.relation === null || value === null) return
  const target = database.tables.get(field.relation)
  if (target === undefined || target.rows.has(String(value))) return
  throw refuse(table, 'constraint', field.name, `refers to ${field.relation} ${String(value)}, which does not exist`)
}

function findReferring(database: Database, table: Table, id: RecordId): { table: Table; row: Row; field: string }[] {
  const found: { table: Table; row: Row; field: string }[] = []
  for (const other of database.tables.values()) {
    for (const field of other.definition.fields.values()) {
      if (field.type !== 'reference' || field.relation !== table.name) continue
      for (const row of other.rows.values()) {
        if (String(row.fields[field.name]) === id && !(other === table && row.id === id)) {
          found.push({ table: other, row, field: field.name })
        }
      }
    }
  }
  return found
}

function replaceRow(database: Database, table: Table, id: RecordId, row: Row | null): void {
  const before = table.rows.get(id) ?? null
  for (const [field, owners] of table.unique) {
    const old = before?.fields[field] ?? null
    if (old !== null) owners.delete(canonicalText(old))
    const value = row?.fields[field] ?? null
    if (value !== null) owners.set(canonicalText(value), id)
  }
  if (row === null) table.rows.delete(id)
  else table.rows.set(id, row)
  if ((before === null) !== (row === null)) table.sortedIds = null
  // Outside a transaction `undo` is null: then this is itself a step back.
  database.undo?.push(() => replaceRow({ ...database, undo: null }, table, id, before))
}

function note(
  database: Database,
  table: Table,
  id: RecordId,
  before: Fields | null,
  after: Fields | null,
  origin: Origin,
): void {
  const isSilent = origin.isSilent === true
  database.writes.push({ collection: table.name, id, before, after, byUs: origin.byUs, atMs: origin.atMs, isSilent })
  if (isSilent) return
  table.revision += 1
  if (!table.isLogging || table.definition.feed?.kind !== 'log') return
  const newest = table.newest.get(id)
  table.log.push({ revision: table.revision, id, kind: after === null ? 'remove' : 'write', atMs: origin.atMs })
  table.newest.set(id, table.revision)
  database.undo?.push(() => {
    table.log.pop()
    if (newest === undefined) table.newest.delete(id)
    else table.newest.set(id, newest)
  })
}

function refuse(table: Table, code: ErrorCode, field: string, reason: string): SyncError {
  return new SyncError(code, `${table.name}: ${field} ${reason}.`)
}
