import type { RecordId, Version } from '../../contract/change.ts'
import type { Fields } from '../../contract/value.ts'
import type { Side } from '../../mapping/mapping.ts'
import type { StoredChange } from '../change.ts'
import { kindOfLane, nameAt, SIDE_NAMES, type SideCode, STATE_NAMES, sideCode } from './codes.ts'
import type { KnownMapping } from './layout.ts'
import type { RowsStatement } from './store.ts'
import type { Tables } from './tables.ts'

export interface ChangeRow {
  mapping: number
  side: SideCode
  record: RecordId
  seq: number
  state: number
  lane: number
  not_before: number
  turn: number
  attempts: number
  first_captured: number
  version: Version
  changed_at: number | null
  by_us: number | null
  /** JSON of Extra; null: all of it is empty. */
  extra: string | null
  /** JSON. */
  fields: string
}

type Extra = Partial<Pick<StoredChange, 'fault' | 'conflicts' | 'waitsFor' | 'omitsReferences'>>

const COLUMN_NAMES = [
  'mapping',
  'side',
  'record',
  'seq',
  'state',
  'lane',
  'not_before',
  'turn',
  'attempts',
  'first_captured',
  'version',
  'changed_at',
  'by_us',
  'extra',
  'fields',
] as const satisfies readonly (keyof ChangeRow)[]
export const CHANGE_COLUMNS = COLUMN_NAMES.map((column) => `c.${column}`).join(', ')

const BY_RECORD = `SELECT ${CHANGE_COLUMNS} FROM json_each(?) j
  CROSS JOIN change c ON c.mapping = ? AND c.side = ? AND c.record = j.value`
const ANY_OF_SIDE = 'SELECT 1 FROM change WHERE mapping = ? AND side = ? LIMIT 1'
const REWRITTEN = COLUMN_NAMES.slice(3).map((column) => `${column} = excluded.${column}`)
const REWRITE: RowsStatement = {
  width: COLUMN_NAMES.length,
  sql: (rows) => `INSERT INTO change (${COLUMN_NAMES.join(', ')})
    SELECT * FROM (${rows}) WHERE true
    ON CONFLICT DO UPDATE SET ${REWRITTEN.join(', ')}`,
}

export function changeOf(row: ChangeRow): StoredChange {
  const extra = row.extra === null ? null : (JSON.parse(row.extra) as Extra)
  return {
    side: SIDE_NAMES[row.side],
    id: row.record,
    kind: kindOfLane(row.lane),
    version: row.version,
    changedAtMs: row.changed_at,
    byUs: row.by_us === null ? null : row.by_us === 1,
    fields: fieldsOf(row),
    seq: row.seq,
    state: nameAt(STATE_NAMES, row.state),
    attempts: row.attempts,
    notBeforeMs: row.not_before,
    firstCapturedAtMs: row.first_captured,
    fault: extra?.fault ?? null,
    conflicts: extra?.conflicts ?? [],
    waitsFor: extra?.waitsFor ?? [],
    omitsReferences: extra?.omitsReferences ?? false,
  }
}

export function fieldsOf(row: ChangeRow): Fields {
  return JSON.parse(row.fields) as Fields
}

export function extraOf(row: ChangeRow): Extra {
  return row.extra === null ? {} : (JSON.parse(row.extra) as Extra)
}

/** As it is stored: only what is not empty. */
export function extraText(extra: Extra): string | null {
  const full: Record<string, unknown> = {}
  if (extra.fault) full.fault = extra.fault
  if (extra.conflicts !== undefined && extra.conflicts.length > 0) full.conflicts = extra.conflicts
  if (extra.waitsFor !== undefined && extra.waitsFor.length > 0) full.waitsFor = extra.waitsFor
  if (extra.omitsReferences) full.omitsReferences = true
  return Object.keys(full).length === 0 ? null : JSON.stringify(full)
}

export function bitOf(truth: boolean | null): number | null {
  return truth === null ? null : truth ? 1 : 0
}

export function changeRows(
  { store }: Tables,
  mapping: KnownMapping,
  side: Side,
  ids: readonly RecordId[],
): Map<RecordId, ChangeRow> {
  if (ids.length === 0) return new Map()
  // Usually none is there: a side that is in step, or a page of new records.
  if (ids.length > 1 && store.get(ANY_OF_SIDE, mapping.id, sideCode(side)) === undefined) return new Map()
  const rows = store.all<ChangeRow>(BY_RECORD, JSON.stringify(ids), mapping.id, sideCode(side))
  return new Map(rows.map((row) => [row.record, row]))
}

/** Writes rows that were read in this transaction and changed. */
export function rewriteChanges({ store }: Tables, rows: readonly ChangeRow[]): void {
  if (rows.length === 0) return
  const values: unknown[] = []
  for (const row of rows) for (const column of COLUMN_NAMES) values.push(row[column])
  store.runRows(REWRITE, [], values)
}
