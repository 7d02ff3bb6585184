import type { RecordId } from '../../contract/change.ts'
import type { Intent, NewIntent } from '../intent.ts'
import { type SideCode, sideCode } from './codes.ts'
import { readIntents, writeIntents } from './intent-body.ts'
import type { KnownMapping } from './layout.ts'
import type { Tables } from './tables.ts'

/** The records that an intent concerns, each as the code of its side and its id: "0123" is 123 in Odoo. */
type Concerned = string[]

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

/**
 * The records that open intents of a mapping (a parameter) concern. They are not kept in a table of their own: as a rule
 * no intent is open when it is asked for, and each of them would cost a row that is written to be deleted.
 */
export const BUSY_RECORDS = `SELECT record.value FROM intent_batch b, json_each(b.records) intent, json_each(intent.value) record
  WHERE b.mapping = ?`

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
  const ids: number[] = []
  for (let at = 0; at < intents.length; at += BATCH_SIZE) {
    const batch = intents.slice(at, at + BATCH_SIZE)
    const first = before + 1 + at
    store.run(
      'INSERT INTO intent_batch (first, mapping, created_at, size, records, body) VALUES (?, ?, ?, ?, ?, ?)',
      first,
      mapping.id,
      nowMs,
      batch.length,
      JSON.stringify(batch.map(concernedBy)),
      writeIntents(batch),
    )
    for (let id = first; id < first + batch.length; id += 1) ids.push(id)
  }
  return ids
}

/** The cause, the record that is written and the ends of the link as far as they are known, each once. */
function concernedBy({ side, cause, operation, ids }: NewIntent): Concerned {
  const concerned = [recordName(sideCode(cause.side), cause.id)]
  const add = (name: string): void => {
    if (!concerned.includes(name)) concerned.push(name)
  }
  if (operation.kind !== 'create') add(recordName(sideCode(side), operation.id))
  if (ids.odoo !== null) add(recordName(0, ids.odoo))
  if (ids.external !== null) add(recordName(1, ids.external))
  return concerned
}

export function recordName(side: SideCode, id: RecordId): string {
  return side + id
}

/** Closing one that is closed already does nothing. */
export function closeIntents(tables: Tables, intents: readonly number[]): void {
  if (intents.length === 0) return
  const ids = [...new Set(intents)].sort((a, b) => a - b)
  const sql = 'SELECT first, size, records FROM intent_batch WHERE first <= ? ORDER BY first DESC LIMIT 1'
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
    closeSome(tables, batch, ids.slice(from, at))
  }
  tables.floors.clear()
}

function closeSome({ store }: Tables, { first, size, records }: BatchRow, ids: readonly number[]): void {
  if (ids.length < size) {
    const open = JSON.parse(records) as (Concerned | null)[]
    for (const id of ids) open[id - first] = null
    if (open.some((concerned) => concerned !== null)) {
      store.run('UPDATE intent_batch SET records = ? WHERE first = ?', JSON.stringify(open), first)
      return
    }
  }
  store.run('DELETE FROM intent_batch WHERE first = ?', first)
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
