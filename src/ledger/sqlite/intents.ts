import type { RecordId } from '../../contract/change.ts'
import type { Intent, NewIntent } from '../ledger.ts'
import { type SideCode, sideCode } from './codes.ts'
import type { KnownMapping } from './layout.ts'
import { linkRowsById } from './links.ts'
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
  /** JSON: the intents. */
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

interface Ended {
  readonly mapping: number
  readonly side: SideCode
  readonly record: RecordId
  readonly intent: number
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
  const ends = endsOf(tables, intents)
  const busy: unknown[] = []
  const ids: number[] = []
  for (let at = 0; at < intents.length; at += BATCH_SIZE) {
    const batch = intents.slice(at, at + BATCH_SIZE)
    const first = before + 1 + at
    const records = batch.map((intent) => concernedBy(intent, ends))
    store.run(
      'INSERT INTO intent_batch (first, mapping, created_at, size, records, body) VALUES (?, ?, ?, ?, ?, ?)',
      first,
      mapping.id,
      nowMs,
      batch.length,
      JSON.stringify(records),
      JSON.stringify(batch),
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

/** The cause, the record that is written and the link's ends, each once. */
function concernedBy(intent: NewIntent, ends: ReadonlyMap<number, readonly [RecordId, RecordId]>): Concerned {
  const concerned: Concerned = [sideCode(intent.cause.side), intent.cause.id]
  const add = (side: SideCode, id: RecordId) => {
    for (let place = 0; place < concerned.length; place += 2) {
      if (concerned[place] === side && concerned[place + 1] === id) return
    }
    concerned.push(side, id)
  }
  if (intent.operation.kind !== 'create') add(sideCode(intent.side), intent.operation.id)
  const linked = intent.linkId === null ? undefined : ends.get(intent.linkId)
  if (linked !== undefined) {
    add(0, linked[0])
    add(1, linked[1])
  }
  return concerned
}

function endsOf(tables: Tables, intents: readonly NewIntent[]): Map<number, readonly [RecordId, RecordId]> {
  const ids = new Set<number>()
  for (const { linkId } of intents) if (linkId !== null) ids.add(linkId)
  return new Map(linkRowsById(tables, [...ids]).map((row) => [row.id, [row.odoo_id, row.external_id]]))
}

/** Closing one that is closed already does nothing. */
export function closeIntents(tables: Tables, intents: readonly number[]): void {
  if (intents.length === 0) return
  const { store, floors } = tables
  const ids = [...intents].sort((a, b) => a - b)
  const ended: Ended[] = []
  for (let at = 0; at < ids.length; ) {
    const id = ids[at] ?? 0
    const batch = store.get<BatchRow>(
      'SELECT first, mapping, size, records FROM intent_batch WHERE first <= ? ORDER BY first DESC LIMIT 1',
      id,
    )
    const end = batch === undefined ? id + 1 : batch.first + batch.size
    if (batch === undefined || id >= end) {
      at += 1
      continue
    }
    const records = JSON.parse(batch.records) as (Concerned | null)[]
    for (; at < ids.length && (ids[at] ?? end) < end; at += 1) {
      const intent = ids[at] ?? 0
      const concerned = records[intent - batch.first]
      if (concerned === null || concerned === undefined) continue
      records[intent - batch.first] = null
      for (let place = 0; place < concerned.length; place += 2) {
        const [side, record] = [concerned[place] as SideCode, concerned[place + 1] as RecordId]
        ended.push({ mapping: batch.mapping, side, record, intent })
      }
    }
    if (records.every((concerned) => concerned === null)) {
      store.run('DELETE FROM intent_batch WHERE first = ?', batch.first)
    } else {
      store.run('UPDATE intent_batch SET records = ? WHERE first = ?', JSON.stringify(records), batch.first)
    }
  }
  if (ended.length === 0) return
  floors.clear()
  release(tables, ended)
}

/** Where no intent of a mapping is open any more, its records are let go at once instead of one by one. */
function release({ store }: Tables, ended: readonly Ended[]): void {
  const some: unknown[] = []
  for (const mapping of new Set(ended.map((one) => one.mapping))) {
    const isOpen = store.get('SELECT 1 FROM intent_batch WHERE mapping = ? LIMIT 1', mapping) !== undefined
    if (!isOpen) store.run('DELETE FROM busy WHERE mapping = ?', mapping)
    else for (const one of ended) if (one.mapping === mapping) some.push(mapping, one.side, one.record, one.intent)
  }
  store.runRows(RELEASE, [], some)
}

export function openIntents({ store }: Tables, mapping: KnownMapping): readonly Intent[] {
  const intents: Intent[] = []
  for (const row of store.all<BatchRow>('SELECT * FROM intent_batch WHERE mapping = ? ORDER BY first', mapping.id)) {
    const records = JSON.parse(row.records) as (Concerned | null)[]
    const body = JSON.parse(row.body) as NewIntent[]
    body.forEach((intent, index) => {
      if (records[index]) intents.push({ ...intent, id: row.first + index, createdAtMs: row.created_at })
    })
  }
  return intents
}
