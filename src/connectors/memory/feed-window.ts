import { z } from 'zod'
import type { Change } from '../../contract/change.ts'
import type { Page, ReadRequest } from '../../contract/feed.ts'
import { type Row, rowsAfter, type Table, type View } from './database.ts'
import { recordState, versionOf, wholeSecond } from './record-state.ts'

/** How far a tail scan goes back behind the newest second that it knows. */
const TAIL_MS = 2000
const DEFAULT_OVERLAP_MS = 600_000

/** `lowMs` null: the first scan, of everything. */
const scanSchema = z.strictObject({
  depth: z.enum(['tail', 'deep']),
  lowMs: z.number().nullable(),
  highMs: z.number(),
  after: z.string().nullable(),
})
const cursorSchema = z.strictObject({ tailMs: z.number(), deepMs: z.number(), scan: scanSchema.nullable() })
type WindowCursor = z.infer<typeof cursorSchema>
type Scan = z.infer<typeof scanSchema>

/**
 * A page of a scan by time and id. `high` is the newest second when the scan begins; what is written meanwhile is at
 * `high` or later, and so within the next scan.
 */
export function readWindow(view: View, request: ReadRequest, nowMs: number): Page {
  const { table, isMember } = view
  const cursor = request.cursor === null ? null : cursorSchema.parse(JSON.parse(request.cursor))
  const scan = cursor?.scan ?? beginScan(table, cursor, request.depth)
  const { lowMs } = scan
  const isWithin = (row: Row): boolean => isMember(row) && (lowMs === null || wholeSecond(row.writtenAtMs) >= lowMs)
  const rows = rowsAfter(table, scan.after, request.limit + 1, isWithin)
  const told = rows.slice(0, request.limit)
  const isDone = rows.length <= request.limit
  const tellsHints = table.definition.feed?.tells !== 'state' && lowMs !== null
  const changes = told.map((row): Change => {
    if (tellsHints) return { kind: 'hint', id: row.id, version: versionOf(table, row, nowMs) }
    return { kind: 'state', state: recordState(table, row, view.fields, nowMs) }
  })
  const before = cursor ?? { tailMs: 0, deepMs: 0 }
  const next: WindowCursor = isDone
    ? { tailMs: scan.highMs, deepMs: scan.depth === 'deep' ? scan.highMs : before.deepMs, scan: null }
    : { ...before, scan: { ...scan, after: told.at(-1)?.id ?? scan.after } }
  return { changes, cursor: JSON.stringify(next), caughtUp: isDone }
}

function beginScan(table: Table, cursor: WindowCursor | null, depth: Scan['depth']): Scan {
  let highMs = cursor?.tailMs ?? 0
  for (const row of table.rows.values()) highMs = Math.max(highMs, wholeSecond(row.writtenAtMs))
  if (cursor === null) return { depth: 'deep', lowMs: null, highMs, after: null }
  const { feed } = table.definition
  const overlapMs = feed?.kind === 'window' ? (feed.overlapMs ?? DEFAULT_OVERLAP_MS) : DEFAULT_OVERLAP_MS
  const lowMs = depth === 'deep' ? cursor.deepMs - overlapMs : cursor.tailMs - TAIL_MS
  return { depth, lowMs, highMs, after: null }
}
