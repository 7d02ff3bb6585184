import type { RecordId } from '../../contract/change.ts'
import type { Side } from '../../mapping/mapping.ts'
import type { DirectPage, Settlement } from '../settlement.ts'
import { type ChangeRow, changeRows, extraOf, extraText, fieldsOf, rewriteChanges } from './changes.ts'
import { SIDE_NAMES, sideCode, stateCode } from './codes.ts'
import { findRuns } from './creations.ts'
import { writeCursor } from './cursors.ts'
import { addHistory } from './history.ts'
import { closeIntents } from './intents.ts'
import type { KnownMapping } from './layout.ts'
import { writeLinks } from './link-writes.ts'
import { stageChanges } from './stage.ts'
import { markStepsDue } from './steps.ts'
import type { RowsStatement } from './store.ts'
import type { Tables } from './tables.ts'
import type { Tally } from './tally.ts'
import { forgetWaits, releaseLinked, releaseSettled, writeWaits } from './waits.ts'

const PENDING = 0
const WAITING = 1
const OUTCOMES = ['applied', 'unchanged'] as const
const REMOVE: RowsStatement = {
  width: 2,
  sql: (rows) => `DELETE FROM change WHERE mapping = ? AND side = ? AND state = 0 AND lane = 0
    AND (record, seq) IN (${rows})`,
}
type Outcome = (typeof OUTCOMES)[number]

/** The mappings of waiting changes that became pending. */
export function settle(
  tables: Tables,
  mapping: KnownMapping,
  settlement: Settlement,
  tally: Tally,
): ReadonlySet<number> {
  const { nowMs, direct } = settlement
  tally.at(nowMs)
  if (direct !== undefined) countDirect(tables, mapping, direct, tally)
  resolve(tables, mapping, settlement.resolved, tally)
  const kept = keep(tables, mapping, settlement, tally)
  closeIntents(tables, settlement.intents)
  const linked = writeLinks(tables, mapping, settlement.links, nowMs)
  if (settlement.changes.length > 0) stageChanges(tables, mapping, settlement.changes, nowMs, tally)
  if (settlement.steps && settlement.steps.length > 0) markStepsDue(tables, mapping, settlement.steps, nowMs)
  const runs = findRuns(settlement.links, settlement.history)
  addHistory(tables, mapping, settlement.history, { runs, firstLink: linked.firstInserted })
  const released = releaseSettled(tables, kept, tally)
  for (const id of releaseLinked(tables, mapping, linked, tally)) released.add(id)
  return released
}

function countDirect(tables: Tables, mapping: KnownMapping, page: DirectPage, tally: Tally): void {
  const side = sideCode(page.side)
  writeCursor(tables, mapping, page.side, page.cursor)
  tally.count(mapping.id, side, 'captured', page.applied + page.unchanged)
  tally.count(mapping.id, side, 'applied', page.applied)
  tally.count(mapping.id, side, 'unchanged', page.unchanged)
}

function resolve(tables: Tables, mapping: KnownMapping, resolved: Settlement['resolved'], tally: Tally): void {
  for (const side of SIDE_NAMES) {
    for (const outcome of OUTCOMES) {
      const seqs = new Map<RecordId, number>()
      for (const change of resolved) if (change.side === side && change.as === outcome) seqs.set(change.id, change.seq)
      if (seqs.size > 0) removeChanges(tables, mapping, side, seqs, outcome, tally)
    }
  }
}

/** Those that are still what was decided about. The usual ones, pending states, in one statement. */
function removeChanges(
  tables: Tables,
  mapping: KnownMapping,
  side: Side,
  seqs: ReadonlyMap<RecordId, number>,
  outcome: Outcome,
  tally: Tally,
): void {
  const code = sideCode(side)
  const removed = tables.store.runRows(REMOVE, [mapping.id, code], [...seqs].flat())
  tally.count(mapping.id, code, outcome, removed)
  tally.present(mapping.id, code, PENDING, 0, -removed)
  if (removed === seqs.size) return
  for (const row of changeRows(tables, mapping, side, [...seqs.keys()]).values()) {
    if (row.seq !== seqs.get(row.record)) continue
    if (row.state === WAITING) forgetWaits(tables, [row])
    tables.store.run('DELETE FROM change WHERE mapping = ? AND side = ? AND record = ?', mapping.id, code, row.record)
    tally.count(mapping.id, code, outcome, 1)
    tally.present(mapping.id, code, row.state, row.lane, -1)
  }
}

function keep(tables: Tables, mapping: KnownMapping, { kept, nowMs }: Settlement, tally: Tally): readonly ChangeRow[] {
  if (kept.length === 0) return []
  const idsOf = (side: Side) => kept.filter((change) => change.side === side).map((change) => change.id)
  const rows = {
    odoo: changeRows(tables, mapping, 'odoo', idsOf('odoo')),
    external: changeRows(tables, mapping, 'external', idsOf('external')),
  }
  const written = new Set<ChangeRow>()
  for (const change of kept) {
    const row = rows[change.side].get(change.id)
    if (row === undefined || row.seq !== change.seq) continue
    if (row.state === WAITING) forgetWaits(tables, [row])
    tally.present(mapping.id, row.side, row.state, row.lane, -1)
    putTo(row, change, nowMs)
    tally.present(mapping.id, row.side, row.state, row.lane, 1)
    if (row.state === WAITING) writeWaits(tables, row, change.waitsFor)
    written.add(row)
  }
  rewriteChanges(tables, [...written])
  tables.floors.clear()
  return [...written]
}

function putTo(row: ChangeRow, change: Settlement['kept'][number], nowMs: number): void {
  const { fault, conflicts, waitsFor } = change
  row.state = stateCode(change.state)
  row.attempts = change.attempts
  // What is due at once goes back to its old turn instead of behind what was put off.
  row.not_before = change.notBeforeMs <= nowMs ? 0 : change.notBeforeMs
  if (change.fields !== undefined) row.fields = JSON.stringify({ ...fieldsOf(row), ...change.fields })
  const omitsReferences = change.omitsReferences ?? extraOf(row).omitsReferences ?? false
  row.extra = extraText({ fault, conflicts, waitsFor, omitsReferences })
}
