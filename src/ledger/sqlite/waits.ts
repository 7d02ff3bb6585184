import type { RecordId } from '../../contract/change.ts'
import { keyRecordId } from '../../mapping/key.ts'
import type { RecordRef, Side } from '../../mapping/mapping.ts'
import type { Fault } from '../fault.ts'
import { CHANGE_COLUMNS, type ChangeRow, changeRows, extraOf, extraText, rewriteChanges } from './changes.ts'
import { nameAt, SIDE_NAMES, type SideCode, STATE_NAMES, sideCode } from './codes.ts'
import { addHistory } from './history.ts'
import type { KnownMapping } from './layout.ts'
import type { NewlyLinked } from './link-writes.ts'
import type { RowsStatement } from './store.ts'
import type { Tables } from './tables.ts'
import type { Tally } from './tally.ts'

const PENDING = 0
const WAITING = STATE_NAMES.indexOf('waiting')
const DEAD = STATE_NAMES.indexOf('dead')

const INSERT: RowsStatement = {
  width: 6,
  sql: (rows) => `INSERT INTO wait (awaited_mapping, awaited_side, awaited, mapping, side, record)
    SELECT column1, column2, column3, column4, column5, column6 FROM (${rows}) WHERE true ON CONFLICT DO NOTHING`,
}
/** Waiting changes of every mapping, by whom they wait for. */
const AWAITING = `SELECT DISTINCT w.mapping, w.side, w.record FROM json_each(?) j
  CROSS JOIN wait w ON w.awaited_mapping = ? AND w.awaited_side = ? AND w.awaited = j.value`
/** Those of the given changes for which a record they wait for, on one side, has a live link. */
const ALREADY_LINKED = [
  `w.awaited_side = ${sideCode('odoo')} CROSS JOIN link l ON l.mapping = w.awaited_mapping AND l.odoo_id = w.awaited`,
  `w.awaited_side = ${sideCode('external')} CROSS JOIN link l ON l.mapping = w.awaited_mapping AND l.external_id = w.awaited`,
  `w.awaited_side = ${sideCode('external')} AND w.awaited GLOB '${keyRecordId('*')}'
  CROSS JOIN link l ON l.mapping = w.awaited_mapping AND l.key = substr(w.awaited, ${keyRecordId('').length + 1})`,
].map(
  (isLinked) => `SELECT DISTINCT w.mapping, w.side, w.record FROM json_each(?) j
  CROSS JOIN wait w ON w.mapping = ? AND w.side = ? AND w.record = j.value AND ${isLinked} AND l.state = 0`,
)
const OF_RECORD = `SELECT ${CHANGE_COLUMNS} FROM change c WHERE c.mapping = ? AND c.side = ? AND c.record = ?`

interface WaitingRef {
  readonly mapping: number
  readonly side: SideCode
  readonly record: RecordId
}

export function forgetWaits({ store }: Tables, rows: readonly WaitingRef[]): void {
  for (const row of rows) {
    store.run('DELETE FROM wait WHERE mapping = ? AND side = ? AND record = ?', row.mapping, row.side, row.record)
  }
}

export function writeWaits({ store, layouts }: Tables, row: WaitingRef, waitsFor: readonly RecordRef[]): void {
  const values: unknown[] = []
  for (const awaited of waitsFor) {
    values.push(layouts.idOf(awaited.mapping), sideCode(awaited.side), awaited.id, row.mapping, row.side, row.record)
  }
  store.runRows(INSERT, [], values)
}

/** Releases what waits for a record that is linked now. The answer is the mappings of what was released. */
export function releaseLinked(tables: Tables, mapping: KnownMapping, linked: NewlyLinked, tally: Tally): Set<number> {
  const { store } = tables
  const any = store.get('SELECT 1 FROM wait WHERE awaited_mapping = ? LIMIT 1', mapping.id)
  if (any === undefined || linked.odoo.length + linked.inserted.length === 0) return new Set()
  const names = {
    odoo: [...linked.odoo, ...linked.inserted.map(({ odooId }) => odooId)],
    external: [...linked.external, ...linked.inserted.flatMap(externalNames)],
  }
  const found = SIDE_NAMES.flatMap((side) =>
    store.all<WaitingRef>(AWAITING, JSON.stringify(names[side]), mapping.id, sideCode(side)),
  )
  return release(tables, found, tally, false)
}

/** What a wait may call the external record of a new link: its id, or its key. */
function externalNames({ externalId, key }: NewlyLinked['inserted'][number]): readonly string[] {
  return key === null ? [externalId] : [externalId, keyRecordId(key)]
}

/** Releases those of the changes, just put to waiting, whose wait is over already. */
export function releaseSettled(tables: Tables, kept: readonly ChangeRow[], tally: Tally): Set<number> {
  const found: WaitingRef[] = []
  for (const side of SIDE_NAMES) {
    const rows = kept.filter((row) => row.state === WAITING && row.side === sideCode(side))
    const mapping = rows[0]?.mapping
    if (mapping === undefined) continue
    const ids = JSON.stringify(rows.map((row) => row.record))
    for (const sql of ALREADY_LINKED) found.push(...tables.store.all<WaitingRef>(sql, ids, mapping, sideCode(side)))
  }
  return release(tables, found, tally, false)
}

function release(tables: Tables, refs: readonly WaitingRef[], tally: Tally, omitsReferences: boolean): Set<number> {
  const mappings = new Set<number>()
  const released: ChangeRow[] = []
  for (const ref of refs) {
    const row = tables.store.get<ChangeRow>(OF_RECORD, ref.mapping, ref.side, ref.record)
    if (row === undefined || row.state !== WAITING) continue
    mappings.add(row.mapping)
    forgetWaits(tables, [row])
    tally.present(row.mapping, row.side, WAITING, row.lane, -1)
    tally.present(row.mapping, row.side, PENDING, row.lane, 1)
    const extra = extraOf(row)
    row.extra = extraText({ omitsReferences: omitsReferences || (extra.omitsReferences ?? false) })
    row.state = PENDING
    row.not_before = 0
    // Written at once: the same change may have been found twice.
    rewriteChanges(tables, [row])
    released.push(row)
  }
  if (released.length > 0) tables.floors.clear()
  return mappings
}

export function releaseCycle(tables: Tables, changes: readonly RecordRef[], tally: Tally): void {
  const refs = changes.map(({ mapping, side, id }) => ({
    mapping: tables.layouts.mapping(mapping).id,
    side: sideCode(side),
    record: id,
  }))
  release(tables, refs, tally, true)
}

export function readWaits({ store, layouts }: Tables, limit: number) {
  const sql = `SELECT ${CHANGE_COLUMNS} FROM change c WHERE c.mapping = ? AND c.state = 1 AND c.state <> 0
    ORDER BY c.first_captured LIMIT ?`
  const waits: { readonly change: RecordRef; readonly waitsFor: readonly RecordRef[] }[] = []
  for (const { id } of store.all<{ id: number }>('SELECT id FROM mapping ORDER BY id')) {
    if (waits.length >= limit) break
    for (const row of store.all<ChangeRow>(sql, id, limit - waits.length)) {
      const change = { mapping: layouts.nameOf(row.mapping), side: nameAt(SIDE_NAMES, row.side), id: row.record }
      waits.push({ change, waitsFor: extraOf(row).waitsFor ?? [] })
    }
  }
  return waits
}

export function expireWaiting(
  tables: Tables,
  mapping: KnownMapping,
  capturedBeforeMs: number,
  fault: Fault,
  nowMs: number,
  tally: Tally,
): number {
  const sql = `SELECT ${CHANGE_COLUMNS} FROM change c
    WHERE c.mapping = ? AND c.state = 1 AND c.state <> 0 AND c.first_captured < ?`
  const rows = tables.store.all<ChangeRow>(sql, mapping.id, capturedBeforeMs)
  forgetWaits(tables, rows)
  for (const row of rows) {
    tally.present(mapping.id, row.side, WAITING, row.lane, -1)
    tally.present(mapping.id, row.side, DEAD, row.lane, 1)
    row.state = DEAD
    // What it waited for is kept: a person wants to see it.
    row.extra = extraText({ ...extraOf(row), fault })
  }
  rewriteChanges(tables, rows)
  const entries = rows.map((row) => ({
    atMs: nowMs,
    event: 'dead',
    side: nameAt<Side>(SIDE_NAMES, row.side),
    odooId: row.side === 0 ? row.record : null,
    externalId: row.side === 1 ? row.record : null,
    key: null,
    detail: { fault, waitedFor: extraOf(row).waitsFor ?? [] },
  }))
  addHistory(tables, mapping, entries)
  return rows.length
}

/** Makes changes pending again that were decided about with these seqs. The answer is how many. */
export function retry(
  tables: Tables,
  mapping: KnownMapping,
  side: Side,
  seqs: ReadonlyMap<RecordId, number>,
  tally: Tally,
): number {
  const rows = [...changeRows(tables, mapping, side, [...seqs.keys()]).values()].filter(
    (row) => row.state !== PENDING && row.seq === seqs.get(row.record),
  )
  for (const row of rows) {
    if (row.state === WAITING) forgetWaits(tables, [row])
    tally.present(mapping.id, row.side, row.state, row.lane, -1)
    tally.present(mapping.id, row.side, PENDING, row.lane, 1)
    row.extra = extraText({ omitsReferences: extraOf(row).omitsReferences ?? false })
    row.state = PENDING
    row.attempts = 0
    row.not_before = 0
  }
  rewriteChanges(tables, rows)
  tables.floors.clear()
  return rows.length
}
