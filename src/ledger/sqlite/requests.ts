import type { Value } from '../../contract/value.ts'
import type { Request } from '../request.ts'
import { nameAt, REQUEST_STATE_NAMES } from './codes.ts'
import type { Tables } from './tables.ts'

interface RequestRow {
  id: number
  kind: string
  args: string
  state: number
  answer: string | null
  created_at: number
}

type Values = Readonly<Record<string, Value>>

function requestOf(row: RequestRow): Request {
  return {
    id: row.id,
    kind: row.kind,
    args: JSON.parse(row.args) as Values,
    state: nameAt(REQUEST_STATE_NAMES, row.state),
    answer: row.answer === null ? null : (JSON.parse(row.answer) as Values),
    createdAtMs: row.created_at,
  }
}

export function addRequest({ store }: Tables, kind: string, args: Values, nowMs: number): number {
  const sql = 'INSERT INTO request (kind, args, state, created_at) VALUES (?, ?, 0, ?) RETURNING id'
  return store.get<{ id: number }>(sql, kind, JSON.stringify(args), nowMs)?.id ?? 0
}

/** Open and running ones, oldest first: what runs after a crash has to be taken up again. */
export function openRequests({ store }: Tables): readonly Request[] {
  return store.all<RequestRow>('SELECT * FROM request WHERE state < 2 ORDER BY id').map(requestOf)
}

export function answerRequest({ store }: Tables, id: number, state: Request['state'], answer: Values): void {
  const sql = 'UPDATE request SET state = ?, answer = ? WHERE id = ?'
  store.run(sql, REQUEST_STATE_NAMES.indexOf(state), JSON.stringify(answer), id)
}

export function findRequest({ store }: Tables, id: number): Request | null {
  const row = store.get<RequestRow>('SELECT * FROM request WHERE id = ?', id)
  return row === undefined ? null : requestOf(row)
}

export function pruneRequests({ store }: Tables, beforeMs: number): void {
  store.run('DELETE FROM request WHERE state >= 2 AND created_at < ?', beforeMs)
}
