import { type Change, isNewerVersion, type RecordId } from '../../contract/change.ts'
import type { Side } from '../../mapping/mapping.ts'
import type { Arrival, HeardPosition, NewArrival } from '../arrival.ts'
import type { Staging } from '../staging.ts'
import { nameAt, SIDE_NAMES, sideCode } from './codes.ts'
import type { KnownMapping } from './layout.ts'
import type { RowsStatement } from './store.ts'
import type { Tables } from './tables.ts'

const PRUNE_ROWS = 5000

interface ArrivalRow {
  readonly side: number
  readonly record: RecordId
  readonly seq: number
  readonly attempts: number
  readonly received_at: number
  readonly body: string
}

/** What comes again is due at once, and keeps the time at which it was told first. */
const UPSERT: RowsStatement = {
  width: 5,
  sql: (rows) => `INSERT INTO arrival (received_at, not_before, attempts, mapping, side, record, seq, body)
    SELECT ?, 0, 0, column1, column2, column3, column4, column5 FROM (${rows}) WHERE true
    ON CONFLICT DO UPDATE SET seq = excluded.seq, body = excluded.body, not_before = 0, attempts = 0`,
}

export function receive(
  tables: Tables,
  arrivals: readonly NewArrival[],
  nowMs: number,
  position: HeardPosition | undefined,
): void {
  const { store, layouts } = tables
  if (position) writePosition(tables, position)
  if (arrivals.length === 0) return
  const isNew = takeEvents(tables, arrivals, nowMs)
  const there = 'SELECT body FROM arrival WHERE mapping = ? AND side = ? AND record = ?'
  const newest = new Map<string, { mapping: number; side: number; change: Change; event: string | undefined }>()
  for (const { mapping: name, side: sideName, change, event } of arrivals) {
    if (!isNew(event)) continue
    const mapping = layouts.idOf(name)
    const side = sideCode(sideName)
    const record = idOf(change)
    const place = `${mapping}:${side}:${record}`
    const before = newest.get(place)
    // The same event twice in one transaction.
    if (event !== undefined && before?.event === event) continue
    const known = before?.change ?? changeOf(store.get(there, mapping, side, record))
    newest.set(place, { mapping, side, change: known === null ? change : together(known, change), event })
  }
  if (newest.size === 0) return
  const takeSeqs = "UPDATE counter SET value = value + ? WHERE name = 'arrival' RETURNING value"
  let seq = (store.get<{ value: number }>(takeSeqs, newest.size)?.value ?? 0) - newest.size
  const values: unknown[] = []
  for (const { mapping, side, change } of newest.values()) {
    seq += 1
    values.push(mapping, side, idOf(change), seq, JSON.stringify(change))
  }
  store.runRows(UPSERT, [nowMs], values)
}

function writePosition({ store, layouts }: Tables, { mapping, side, position }: HeardPosition): void {
  const sql = `INSERT INTO heard (mapping, side, position) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET position = excluded.position`
  store.run(sql, layouts.idOf(mapping), sideCode(side), position)
}

/** Which of the events are new, and are known from now on. */
function takeEvents(
  { store }: Tables,
  arrivals: readonly NewArrival[],
  nowMs: number,
): (event: string | undefined) => boolean {
  const isNew = new Map<string | undefined, boolean>([[undefined, true]])
  const sql = 'INSERT INTO event (event, received_at) VALUES (?, ?) ON CONFLICT DO NOTHING'
  for (const { event } of arrivals) {
    if (event !== undefined && !isNew.has(event)) isNew.set(event, store.run(sql, event, nowMs) > 0)
  }
  return (event) => isNew.get(event) === true
}

/** A portion of the events received before `beforeMs` is forgotten. True: there may be more. */
export function pruneEvents({ store }: Tables, beforeMs: number): boolean {
  const sql = `DELETE FROM event WHERE event IN
    (SELECT event FROM event WHERE received_at < ? ORDER BY received_at LIMIT ?)`
  return store.run(sql, beforeMs, PRUNE_ROWS) === PRUNE_ROWS
}

/** Two states may have come out of order, and a deleted record may be back: whoever looks knows. */
function together(known: Change, change: Change): Change {
  if (known.kind === 'gone' && change.kind === 'gone') return change
  if (known.kind === 'state' && change.kind === 'state') {
    if (isNewerVersion(change.state.version, known.state.version)) return change
    if (isNewerVersion(known.state.version, change.state.version)) return known
  }
  return { kind: 'hint', id: idOf(change), version: null }
}

function idOf(change: Change): RecordId {
  return change.kind === 'state' ? change.state.id : change.id
}

function changeOf(row: Pick<ArrivalRow, 'body'> | undefined): Change | null {
  return row === undefined ? null : (JSON.parse(row.body) as Change)
}

/** Never put off first, in the order in which they came. */
export function dueArrivals(
  { store }: Tables,
  mapping: KnownMapping,
  nowMs: number,
  limit: number,
): readonly Arrival[] {
  const sql = `SELECT side, record, seq, attempts, received_at, body FROM arrival
    WHERE mapping = ? AND not_before <= ? ORDER BY not_before, seq LIMIT ?`
  return store.all<ArrivalRow>(sql, mapping.id, nowMs, limit).map((row) => ({
    side: nameAt(SIDE_NAMES, row.side),
    change: JSON.parse(row.body) as Change,
    seq: row.seq,
    attempts: row.attempts,
    receivedAtMs: row.received_at,
  }))
}

export function nextArrivalMs({ store }: Tables, mapping: KnownMapping): number | null {
  const sql = 'SELECT min(not_before) AS due FROM arrival WHERE mapping = ?'
  return store.get<{ due: number | null }>(sql, mapping.id)?.due ?? null
}

export function countArrivals({ store }: Tables, mapping: KnownMapping): number {
  return store.get<{ count: number }>('SELECT count(*) AS count FROM arrival WHERE mapping = ?', mapping.id)?.count ?? 0
}

export function heardPosition({ store }: Tables, mapping: KnownMapping, side: Side): string | null {
  const sql = 'SELECT position FROM heard WHERE mapping = ? AND side = ?'
  return store.get<{ position: string }>(sql, mapping.id, sideCode(side))?.position ?? null
}

/** Part of staging what a look has shown. What came again meanwhile has another seq, and stays as it is. */
export function settleArrivals({ store }: Tables, mapping: KnownMapping, staging: Staging): void {
  const { side: sideName, heard = [], lookAgain = [] } = staging
  const side = sideCode(sideName)
  const row = 'mapping = ? AND side = ? AND record = ? AND seq = ?'
  for (const { id, seq } of heard) store.run(`DELETE FROM arrival WHERE ${row}`, mapping.id, side, id, seq)
  const putOff = `UPDATE arrival SET not_before = ?, attempts = attempts + 1 WHERE ${row}`
  for (const { id, seq, notBeforeMs } of lookAgain) store.run(putOff, notBeforeMs, mapping.id, side, id, seq)
}
