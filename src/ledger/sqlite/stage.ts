import type { NewChange } from '../change.ts'
import type { Staging } from '../staging.ts'
import { settleArrivals } from './arrivals.ts'
import { bitOf, type ChangeRow, changeRows, extraText, fieldsOf, rewriteChanges } from './changes.ts'
import { laneCode, STATE_LANE, sideCode, stateCode } from './codes.ts'
import { writeCursor } from './cursors.ts'
import type { KnownMapping } from './layout.ts'
import { writeLinks } from './link-writes.ts'
import { linkRowsBySide } from './links.ts'
import type { RowsStatement } from './store.ts'
import type { Tables } from './tables.ts'
import type { Tally } from './tally.ts'
import { forgetWaits } from './waits.ts'

const PENDING = 0
const WAITING = 1
const DEAD = stateCode('dead')

/** Skips records that have a change. A new row's turn is its seq. */
const INSERT: RowsStatement = {
  width: 8,
  sql: (rows) => `INSERT INTO change (mapping, first_captured, state, not_before, attempts, extra,
    side, record, seq, turn, lane, version, changed_at, by_us, fields)
    SELECT ?, ?, 0, 0, 0, NULL, column1, column2, column3, column3, column4, column5, column6, column7, column8
    FROM (${rows}) WHERE true ON CONFLICT DO NOTHING`,
}

export function stage(tables: Tables, mapping: KnownMapping, staging: Staging, tally: Tally): void {
  const side = sideCode(staging.side)
  tally.at(staging.nowMs)
  if (staging.cursor !== undefined) writeCursor(tables, mapping, staging.side, staging.cursor)
  if (staging.changes.length > 0) stageChanges(tables, mapping, staging.changes, staging.nowMs, tally)
  if (staging.touched.length > 0) touchLinks(tables, mapping, staging)
  if (staging.heard || staging.lookAgain) settleArrivals(tables, mapping, staging)
  tally.count(mapping.id, side, 'captured', staging.unchanged)
  tally.count(mapping.id, side, 'unchanged', staging.unchanged)
}

function touchLinks(tables: Tables, mapping: KnownMapping, { side, touched, nowMs }: Staging): void {
  const versions = new Map(touched.map((touch) => [touch.id, touch.version]))
  const updates = linkRowsBySide(tables, mapping, side, [...versions.keys()]).flatMap((row) => {
    const id = side === 'odoo' ? row.odoo_id : row.external_id
    const version = versions.get(id) ?? null
    const known = side === 'odoo' ? row.odoo_version : row.external_version
    return version === known ? [] : [{ kind: 'update' as const, id: row.id, version: { [side]: version } }]
  })
  if (updates.length > 0) writeLinks(tables, mapping, updates, nowMs)
}

/** Takes `count` numbers; the answer is the one before the first of them. */
function takeSeqs({ store }: Tables, mapping: KnownMapping, count: number): number {
  const sql = "UPDATE counter SET value = value + ? WHERE name = 'seq' RETURNING value"
  const last = store.get<{ value: number }>(sql, count)?.value ?? 0
  store.run('UPDATE mapping SET last_seq = ? WHERE id = ?', last, mapping.id)
  return last - count
}

/** Captures states and deletes of both sides. What is there already is superseded. */
export function stageChanges(
  tables: Tables,
  mapping: KnownMapping,
  changes: readonly NewChange[],
  nowMs: number,
  tally: Tally,
): void {
  const newest = newestOfEach(mapping, changes, tally)
  const before = takeSeqs(tables, mapping, newest.length)
  const values: unknown[] = []
  let seq = before
  for (const change of newest) {
    const side = sideCode(change.side)
    const { id, kind, version, changedAtMs, byUs, fields } = change
    const lane = laneCode(kind, side)
    seq += 1
    values.push(side, id, seq, lane, version, changedAtMs, bitOf(byUs), JSON.stringify(fields))
    tally.present(mapping.id, side, PENDING, lane, 1)
  }
  const inserted = tables.store.runRows(INSERT, [mapping.id, nowMs], values)
  if (inserted < newest.length) supersede(tables, mapping, newest, before, tally)
  if (newest.some(({ fault }) => fault)) bury(tables, mapping, newest, tally)
}

/** What came with a fault is a dead letter from the start. */
function bury(tables: Tables, mapping: KnownMapping, changes: readonly NewChange[], tally: Tally): void {
  for (const { side, id, fault } of changes) {
    const row = fault ? changeRows(tables, mapping, side, [id]).get(id) : undefined
    if (!row) continue
    tally.present(mapping.id, row.side, row.state, row.lane, -1)
    tally.present(mapping.id, row.side, DEAD, row.lane, 1)
    row.state = DEAD
    row.extra = extraText({ fault: fault ?? null })
    rewriteChanges(tables, [row])
  }
}

/** One change for each record: several captures of one record in one page merge like those of several pages. */
function newestOfEach(mapping: KnownMapping, changes: readonly NewChange[], tally: Tally): readonly NewChange[] {
  const newest = new Map<string, NewChange>()
  for (const change of changes) {
    const side = sideCode(change.side)
    const name = side + change.id
    tally.count(mapping.id, side, 'captured', 1)
    const older = newest.get(name)
    if (older === undefined) {
      newest.set(name, change)
      continue
    }
    tally.count(mapping.id, side, 'superseded', 1)
    const isMerged = older.kind === 'state' && change.kind === 'state'
    newest.set(name, isMerged ? { ...change, fields: { ...older.fields, ...change.fields } } : change)
  }
  return newest.size === changes.length ? changes : [...newest.values()]
}

/** The changes whose rows were there already, from the seq of each: `before` plus its place in `newest`. */
function supersede(
  tables: Tables,
  mapping: KnownMapping,
  newest: readonly NewChange[],
  before: number,
  tally: Tally,
): void {
  const idsOf = (side: NewChange['side']) => newest.filter((change) => change.side === side).map((change) => change.id)
  const rows = {
    odoo: changeRows(tables, mapping, 'odoo', idsOf('odoo')),
    external: changeRows(tables, mapping, 'external', idsOf('external')),
  }
  const superseded: ChangeRow[] = []
  newest.forEach((change, index) => {
    const row = rows[change.side].get(change.id)
    if (row === undefined || row.seq > before) return
    tally.count(mapping.id, row.side, 'superseded', 1)
    // This one was counted as a new row; the old row is gone.
    tally.present(mapping.id, row.side, row.state, row.lane, -1)
    if (row.state === WAITING) forgetWaits(tables, [row])
    overwrite(row, change, before + 1 + index)
    superseded.push(row)
  })
  rewriteChanges(tables, superseded)
  tables.floors.clear()
}

function overwrite(row: ChangeRow, change: NewChange, seq: number): void {
  const lane = laneCode(change.kind, row.side)
  const isMerged = lane === STATE_LANE && row.lane === STATE_LANE
  row.fields = JSON.stringify(isMerged ? { ...fieldsOf(row), ...change.fields } : change.fields)
  row.seq = seq
  if (!isMerged) row.turn = seq
  row.lane = lane
  row.state = PENDING
  row.not_before = 0
  row.attempts = 0
  row.version = change.version
  row.changed_at = change.changedAtMs
  row.by_us = bitOf(change.byUs)
  row.extra = null
}
