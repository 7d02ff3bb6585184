import type { RecordId } from '../../contract/change.ts'
import type { Intent, NewIntent } from '../ledger.ts'
import { type SideCode, sideCode } from './codes.ts'
import { readIntents, writeIntents } from './intent-body.ts'
import type { KnownMapping } from './layout.ts'
import type { RowsStatement } from './store.ts'
import type { Tables } from './tables.ts'

/** Side and id in turn, of each record that an intent concerns. */
type Concerned = (SideCode | RecordId)[]

interface BatchRow {
  first: number
  mapping: number
  created_at: number
  size: number
  /** JSON: for each intent its Concerned, null when it is closed. */
  records: string
  /** As `writeIntents` gives it. */
  body: string
}

/** Large enough that a row's cost does not count, small enough that a single intent can be closed without much ado. */
const BATCH_SIZE = 100
const BUSY: RowsStatement = {
  width: 3,
  sql: (rows) => `INSERT INTO busy (mapping, side, record, intent)
    SELECT ?, column1, column2, column3 FROM (${rows})`,
}

const RELEASE: RowsStatement = {
  width: 4,
  sql: (rows) => `DELETE FROM busy WHERE (mapping, side, record, intent) IN (${rows})`,
}

export function intend(
  tables: Tables,
  mapping: KnownMapping,
  intents: readonly NewIntent[],
  nowMs: number,
): readonly number[] {
  if (intents.length === 0) return []
  const { store } = tables
  const sql = "UPDATE counter SET value = value + ? WHERE name = 'intent' RETURNING value"
  const before = (store.get<{ value: number }>(sql, intents.length)?.value ?? 0) - intents.length
  const busy: unknown[] = []
  const ids: number[] = []
  for (let at = 0; at < intents.length; at += BATCH_SIZE) {
    const batch = intents.slice(at, at + BATCH_SIZE)
    const first = before + 1 + at
    const records = batch.map(concernedBy)
    store.run(
      'INSERT INTO intent_batch (first, mapping, created_at, size, records, body) VALUES (?, ?, ?, ?, ?, ?)',
      first,
      mapping.id,
      nowMs,
      batch.length,
      JSON.stringify(records),
      writeIntents(batch),
    )
    records.forEach((concerned, index) => {
      ids.push(first + index)
      for (let place = 0; place < concerned.length; place += 2) {
        busy.push(concerned[place], concerned[place + 1], first + index)
      }
    })
  }
  store.runRows(BUSY, [mapping.id], busy)
  return ids
}

/** The cause, the record that is written and the ends of the link as far as they are known, each once. */
function concernedBy(intent: NewIntent): Concerned {
  const { cause, operation, ids } = intent
  const concerned: Concerned = [sideCode(cause.side), cause.id]
  if (operation.kind !== 'create') addConcerned(concerned, sideCode(intent.side), operation.id)
  if (ids.odoo !== null) addConcerned(concerned, 0, ids.odoo)
  if (ids.external !== null) addConcerned(concerned, 1, ids.external)
  return concerned
}

function addConcerned(concerned: Concerned, side: SideCode, id: RecordId): void {
  for (let place = 0; place < concerned.length; place += 2) {
    if (concerned[place] === side && concerned[place + 1] === id) return
  }
  concerned.push(side, id)
}

/** Intents of one batch that were closed: what they concerned, by place. JSON where all of them were. */
interface Closed {
  readonly mapping: number
  readonly first: number
  readonly records: string | readonly (Concerned | null)[]
}

/** Closing one that is closed already does nothing. */
export function closeIntents(tables: Tables, intents: readonly number[]): void {
  if (intents.length === 0) return
  const ids = [...new Set(intents)].sort((a, b) => a - b)
  const closed: Closed[] = []
  const sql = 'SELECT first, mapping, size, records FROM intent_batch WHERE first <= ? ORDER BY first DESC LIMIT 1'
  for (let at = 0; at < ids.length; ) {
    const id = ids[at] ?? 0
    const batch = tables.store.get<BatchRow>(sql, id)
    const end = batch === undefined ? id : batch.first + batch.size
    if (batch === undefined || id >= end) {
      at += 1
      continue
    }
    const from = at
    while (at < ids.length && (ids[at] ?? end) < end) at += 1
    closed.push(closeOf(tables, batch, ids.slice(from, at)))
  }
  if (closed.length === 0) return
  tables.floors.clear()
  release(tables, closed)
}

function closeOf({ store }: Tables, batch: BatchRow, ids: readonly number[]): Closed {
  const { mapping, first } = batch
  if (ids.length === batch.size) {
    store.run('DELETE FROM intent_batch WHERE first = ?', first)
    return { mapping, first, records: batch.records }
  }
  const open = JSON.parse(batch.records) as (Concerned | null)[]
  const ended: (Concerned | null)[] = open.map(() => null)
  for (const id of ids) {
    ended[id - first] = open[id - first] ?? null
    open[id - first] = null
  }
  if (open.every((concerned) => concerned === null)) store.run('DELETE FROM intent_batch WHERE first = ?', first)
  else store.run('UPDATE intent_batch SET records = ? WHERE first = ?', JSON.stringify(open), first)
  return { mapping, first, records: ended }
}

/** Where no intent of a mapping is open any more, its records are let go at once instead of one by one. */
function release({ store }: Tables, closed: readonly Closed[]): void {
  const some: unknown[] = []
  for (const mapping of new Set(closed.map((one) => one.mapping))) {
    if (store.get('SELECT 1 FROM intent_batch WHERE mapping = ? LIMIT 1', mapping) === undefined) {
      store.run('DELETE FROM busy WHERE mapping = ?', mapping)
      continue
    }
    for (const one of closed) if (one.mapping === mapping) addBusyOf(one, some)
  }
  store.runRows(RELEASE, [], some)
}

function addBusyOf({ mapping, first, records }: Closed, values: unknown[]): void {
  const lists = typeof records === 'string' ? (JSON.parse(records) as (Concerned | null)[]) : records
  lists.forEach((concerned, index) => {
    if (concerned === null) return
    for (let place = 0; place < concerned.length; place += 2) {
      values.push(mapping, concerned[place], concerned[place + 1], first + index)
    }
  })
}

export function openIntents({ store }: Tables, mapping: KnownMapping): readonly Intent[] {
  const intents: Intent[] = []
  for (const row of store.all<BatchRow>('SELECT * FROM intent_batch WHERE mapping = ? ORDER BY first', mapping.id)) {
    const records = JSON.parse(row.records) as (Concerned | null)[]
    readIntents(row.body).forEach((intent, index) => {
      if (records[index]) intents.push({ ...intent, id: row.first + index, createdAtMs: row.created_at })
    })
  }
  return intents
}
