import type { Cell, Row } from './schema.ts'

/**
 * Tables, and transactions over them. A transaction sees its own writes over what is committed; others see them at
 * its commit, with the `write_date` of its start, as in PostgreSQL.
 */
export interface Table {
  readonly rows: Map<number, Row>
  /** Every id, ascending: paging by `id > last` is a binary search. */
  readonly ids: number[]
  /** The ids of the rows whose `parent_id` is the key. */
  readonly children: Map<number, Set<number>>
  nextId: number
}

/** Where committed rows go to outlive the process. `row` null means deleted. */
export interface Journal {
  append(changes: readonly { model: string; id: number; row: Row | null }[]): void
  close(): void
}

export interface Database {
  readonly tables: ReadonlyMap<string, Table>
  readonly locks: Map<string, Transaction>
  readonly nowUs: () => number
  journal: Journal | null
}

export interface Transaction {
  readonly database: Database
  /** PostgreSQL's `now()`: the same for everything that the transaction writes. */
  readonly startedUs: number
  readonly changes: Map<string, Map<number, Row | null>>
  /** `model:parent` → the staged rows below that parent: candidates, as a row may have moved on since. */
  readonly stagedChildren: Map<string, Set<number>>
  readonly ended: Promise<void>
  readonly end: () => void
}

/** Thrown where PostgreSQL would wait: another open transaction has written the row. */
export class RowLocked extends Error {
  readonly holder: Transaction

  constructor(holder: Transaction, model: string, id: number) {
    super(`${model} ${id} is locked by an open transaction`)
    this.holder = holder
  }
}

export function createDatabase(models: readonly string[], nowUs: () => number): Database {
  const tables = new Map<string, Table>()
  for (const model of models) tables.set(model, { rows: new Map(), ids: [], children: new Map(), nextId: 1 })
  return { tables, locks: new Map(), nowUs, journal: null }
}

export function tableOf(database: Database, model: string): Table {
  const table = database.tables.get(model)
  if (!table) throw new Error(`the stand-in has no table for ${model}`)
  return table
}

export function begin(database: Database): Transaction {
  let end = (): void => undefined
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  return { database, startedUs: database.nowUs(), changes: new Map(), stagedChildren: new Map(), ended, end }
}

export function getRow(transaction: Transaction, model: string, id: number): Row | undefined {
  const changed = transaction.changes.get(model)?.get(id)
  if (changed !== undefined) return changed ?? undefined
  return tableOf(transaction.database, model).rows.get(id)
}

/** Stages a row, or with null its removal. Throws `RowLocked` where another open transaction has staged it. */
export function putRow(transaction: Transaction, model: string, id: number, row: Row | null): void {
  const key = `${model}:${id}`
  const holder = transaction.database.locks.get(key)
  if (holder && holder !== transaction) throw new RowLocked(holder, model, id)
  transaction.database.locks.set(key, transaction)
  let changes = transaction.changes.get(model)
  if (!changes) {
    changes = new Map()
    transaction.changes.set(model, changes)
  }
  changes.set(id, row)
  if (typeof row?.parent_id !== 'number') return
  const parentKey = `${model}:${row.parent_id}`
  const staged = transaction.stagedChildren.get(parentKey)
  if (staged) staged.add(id)
  else transaction.stagedChildren.set(parentKey, new Set([id]))
}

/** Ids come from a sequence that no rollback sets back: they have gaps, and may commit out of order. */
export function nextId(transaction: Transaction, model: string): number {
  return tableOf(transaction.database, model).nextId++
}

/** Every id that the transaction can see, ascending. Do not change the array. */
export function visibleIds(transaction: Transaction, model: string): readonly number[] {
  const { ids, rows } = tableOf(transaction.database, model)
  const changes = transaction.changes.get(model)
  if (!changes) return ids
  const added = [...changes].filter(([id, row]) => row !== null && !rows.has(id)).map(([id]) => id)
  const kept = ids.filter((id) => changes.get(id) !== null)
  return [...kept, ...added].sort((left, right) => left - right)
}

export function childIds(transaction: Transaction, model: string, parentId: number): number[] {
  const found = new Set(tableOf(transaction.database, model).children.get(parentId))
  for (const id of transaction.stagedChildren.get(`${model}:${parentId}`) ?? []) found.add(id)
  return [...found]
    .filter((id) => getRow(transaction, model, id)?.parent_id === parentId)
    .sort((left, right) => left - right)
}

export function commit(transaction: Transaction): void {
  const { database, changes } = transaction
  const all = [...changes].flatMap(([model, rows]) => [...rows].map(([id, row]) => ({ model, id, row })))
  if (all.length > 0) database.journal?.append(all)
  for (const { model, id, row } of all) install(tableOf(database, model), id, row)
  release(transaction)
}

export function rollback(transaction: Transaction): void {
  release(transaction)
}

function release(transaction: Transaction): void {
  for (const [model, rows] of transaction.changes) {
    for (const id of rows.keys()) transaction.database.locks.delete(`${model}:${id}`)
  }
  transaction.changes.clear()
  transaction.end()
}

/** Makes a row the committed one, past every transaction and without moving its `write_date`. */
export function install(table: Table, id: number, row: Row | null): void {
  const before = table.rows.get(id)
  moveChild(table, id, before?.parent_id, row?.parent_id)
  if (row === null) {
    if (table.rows.delete(id)) table.ids.splice(firstAfter(table.ids, id) - 1, 1)
    return
  }
  table.rows.set(id, row)
  table.nextId = Math.max(table.nextId, id + 1)
  if (before) return
  const last = table.ids.at(-1)
  if (last === undefined || last < id) table.ids.push(id)
  else table.ids.splice(firstAfter(table.ids, id), 0, id)
}

function moveChild(table: Table, id: number, from: Cell | undefined, to: Cell | undefined): void {
  if (from === to) return
  if (typeof from === 'number') table.children.get(from)?.delete(id)
  if (typeof to !== 'number') return
  const siblings = table.children.get(to)
  if (siblings) siblings.add(id)
  else table.children.set(to, new Set([id]))
}

/** The index of the first of the ascending `ids` that is greater than `id`. */
export function firstAfter(ids: readonly number[], id: number): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ids[middle] ?? 0) <= id) low = middle + 1
    else high = middle
  }
  return low
}
