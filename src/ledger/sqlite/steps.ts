import type { RecordId } from '../../contract/change.ts'
import type { Side } from '../../mapping/mapping.ts'
import type { Fault } from '../fault.ts'
import type { Settlement } from '../settlement.ts'
import type { StepOutcome, StepState, StepTask } from '../step.ts'
import { nameAt, STEP_STATE_NAMES } from './codes.ts'
import { BUSY_RECORDS } from './intents.ts'
import type { KnownMapping } from './layout.ts'
import { LINK_COLUMNS, type LinkRow, linkOf, linkRowsBySide } from './links.ts'
import type { RowsStatement } from './store.ts'
import type { Tables } from './tables.ts'

interface TaskRow extends LinkRow {
  seq: number
  task_state: number
  not_before: number
  due_since: number
  attempts: number
  step: string | null
  called_at: number | null
  fault: string | null
  marks: string
}

const LIVE = 0
const PENDING = 0
/** Becoming due again keeps what may have been called: that is looked at first. */
const DUE: RowsStatement = {
  width: 2,
  sql: (
    rows,
  ) => `INSERT INTO step (mapping, due_since, state, not_before, attempts, step, called_at, fault, marks, link, seq)
    SELECT ?, ?, 0, 0, 0, NULL, NULL, NULL, '{}', column1, column2 FROM (${rows}) WHERE true
    ON CONFLICT (link) DO UPDATE SET seq = excluded.seq,
      due_since = iif(state = 0, due_since, excluded.due_since),
      state = 0, not_before = 0, attempts = 0, fault = NULL`,
}
const TASK = `SELECT ${LINK_COLUMNS.map((column) => `l.${column}`).join(', ')},
  s.seq, s.state AS task_state, s.not_before, s.due_since, s.attempts, s.step, s.called_at, s.fault, s.marks
  FROM step s JOIN link l ON l.id = s.link`
/** No record of the link has a change that is not settled, or an open intent. Takes the mapping's id twice. */
const SETTLED = ['odoo', 'external']
  .map(
    (side, code) => `NOT EXISTS (SELECT 1 FROM change
      WHERE mapping = s.mapping AND side = ${code} AND record = l.${side}_id AND state <> 4)
    AND '${code}' || l.${side}_id NOT IN (${BUSY_RECORDS})`,
  )
  .join(' AND ')

/** The links are written by now. */
export function markStepsDue(
  tables: Tables,
  mapping: KnownMapping,
  due: NonNullable<Settlement['steps']>,
  nowMs: number,
): void {
  const links = new Set<number>()
  for (const side of ['odoo', 'external'] as const) {
    const ids = due.filter((record) => record.side === side).map(({ id }) => id)
    for (const row of linkRowsBySide(tables, mapping, side, ids)) if (row.state === LIVE) links.add(row.id)
  }
  if (links.size === 0) return
  const sql = "UPDATE counter SET value = value + ? WHERE name = 'step' RETURNING value"
  let seq = (tables.store.get<{ value: number }>(sql, links.size)?.value ?? 0) - links.size
  const values: number[] = []
  for (const link of links) {
    seq += 1
    values.push(link, seq)
  }
  tables.store.runRows(DUE, [mapping.id, nowMs], values)
}

/** Most of the time nothing is due, and this small look spares the large one. */
function isAnyDue({ store }: Tables, mapping: KnownMapping): boolean {
  return store.get('SELECT 1 FROM step WHERE mapping = ? AND state = 0 LIMIT 1', mapping.id) !== undefined
}

export function takeSteps(tables: Tables, mapping: KnownMapping, nowMs: number, limit: number): readonly StepTask[] {
  if (!isAnyDue(tables, mapping)) return []
  const sql = `${TASK} WHERE s.mapping = ? AND s.state = 0 AND l.state = ${LIVE} AND s.not_before <= ?
    AND ${SETTLED} ORDER BY s.seq LIMIT ?`
  return tables.store
    .all<TaskRow>(sql, mapping.id, nowMs, mapping.id, mapping.id, limit)
    .map((row) => taskOf(tables, mapping, row))
}

export function nextStepDueMs(tables: Tables, mapping: KnownMapping): number | null {
  if (!isAnyDue(tables, mapping)) return null
  const sql = `SELECT min(s.not_before) AS due FROM step s JOIN link l ON l.id = s.link
    WHERE s.mapping = ? AND s.state = 0 AND l.state = ${LIVE} AND ${SETTLED}`
  return tables.store.get<{ due: number | null }>(sql, mapping.id, mapping.id, mapping.id)?.due ?? null
}

export function beginStep({ store }: Tables, linkId: number, step: string, nowMs: number): void {
  store.run('UPDATE step SET step = ?, called_at = ? WHERE link = ?', step, nowMs, linkId)
}

export function settleSteps(tables: Tables, outcomes: readonly StepOutcome[]): void {
  for (const outcome of outcomes) settleStep(tables, outcome)
}

/** What has become due again since is due, whatever became of it before. */
function settleStep({ store }: Tables, outcome: StepOutcome): void {
  const { linkId, seq, state, step, calledAtMs, attempts, notBeforeMs, fault, marks } = outcome
  const isBlank = state === 'idle' && Object.keys(marks).length === 0
  if (isBlank && store.run('DELETE FROM step WHERE link = ? AND seq = ?', linkId, seq) > 0) return
  const row = store.get<{ seq: number }>('SELECT seq FROM step WHERE link = ?', linkId)
  if (row === undefined) return
  const isOvertaken = row.seq !== seq
  store.run(
    `UPDATE step SET state = ?, step = ?, called_at = ?, attempts = ?, not_before = ?, fault = ?, marks = ? WHERE link = ?`,
    isOvertaken ? PENDING : STEP_STATE_NAMES.indexOf(state),
    step,
    calledAtMs,
    isOvertaken ? 0 : attempts,
    isOvertaken ? 0 : notBeforeMs,
    isOvertaken || fault === null ? null : JSON.stringify(fault),
    JSON.stringify(marks),
    linkId,
  )
}

export interface StepsFilter {
  readonly state?: StepState
  readonly side?: Side
  readonly id?: RecordId
  /** Goes on behind this one: those with a lower seq. */
  readonly afterSeq?: number
  readonly limit: number
}

export function listSteps(tables: Tables, mapping: KnownMapping, filter: StepsFilter): readonly StepTask[] {
  const conditions = ['s.mapping = ?']
  const values: unknown[] = [mapping.id]
  if (filter.state !== undefined) conditions.push(`s.state = ${STEP_STATE_NAMES.indexOf(filter.state)}`)
  if (filter.afterSeq !== undefined) {
    conditions.push('s.seq < ?')
    values.push(filter.afterSeq)
  }
  if (filter.side !== undefined && filter.id !== undefined) {
    conditions.push(`l.mapping = s.mapping AND l.${filter.side}_id = ?`)
    values.push(filter.id)
  }
  const sql = `${TASK} WHERE ${conditions.join(' AND ')} ORDER BY s.seq DESC LIMIT ?`
  return tables.store.all<TaskRow>(sql, ...values, filter.limit).map((row) => taskOf(tables, mapping, row))
}

export function countSteps({ store }: Tables, mapping: KnownMapping, state: StepState): number {
  const sql = `SELECT count(*) AS count FROM step WHERE mapping = ? AND state = ${STEP_STATE_NAMES.indexOf(state)}`
  return store.get<{ count: number }>(sql, mapping.id)?.count ?? 0
}

function taskOf(tables: Tables, mapping: KnownMapping, row: TaskRow): StepTask {
  return {
    link: linkOf(tables.layouts, mapping, row),
    seq: row.seq,
    state: nameAt(STEP_STATE_NAMES, row.task_state),
    step: row.step,
    calledAtMs: row.called_at,
    attempts: row.attempts,
    notBeforeMs: row.not_before,
    dueSinceMs: row.due_since,
    fault: row.fault === null ? null : (JSON.parse(row.fault) as Fault),
    marks: JSON.parse(row.marks) as Readonly<Record<string, string>>,
  }
}
