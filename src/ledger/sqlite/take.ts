import type { RecordId } from '../../contract/change.ts'
import { otherSide, type Side } from '../../mapping/mapping.ts'
import type { StoredChange } from '../change.ts'
import type { Link } from '../link.ts'
import type { Work } from '../work.ts'
import { CHANGE_COLUMNS, type ChangeRow, changeOf, changeRows } from './changes.ts'
import { SIDE_NAMES, STATE_LANE, sideCode } from './codes.ts'
import { BUSY_RECORDS, recordName } from './intents.ts'
import type { KnownMapping } from './layout.ts'
import { linkOf, linkRowsById } from './links.ts'
import type { Tables } from './tables.ts'

type SkipGone = Partial<Record<Side, number>>

const NOT_BUSY = `c.side || c.record NOT IN (${BUSY_RECORDS})`
const LINK = `CASE c.side
  WHEN 0 THEN (SELECT l.id FROM link l WHERE l.mapping = c.mapping AND l.odoo_id = c.record)
  ELSE (SELECT l.id FROM link l WHERE l.mapping = c.mapping AND l.external_id = c.record) END`
/** Never put off: in the order of turns. Those up to the floor are known to be busy. */
const FRESH = `FROM change c WHERE c.mapping = ? AND c.state = 0 AND c.lane = ? AND c.not_before = 0
  AND c.turn > ? AND c.turn <= ? AND ${NOT_BUSY} ORDER BY c.turn LIMIT ?`
/** Put off until a time: in the order of those times. */
const DEFERRED = `FROM change c WHERE c.mapping = ? AND c.state = 0 AND c.lane = ? AND c.not_before BETWEEN 1 AND ?
  AND c.turn <= ? AND ${NOT_BUSY} ORDER BY c.not_before LIMIT ?`
const TAKE_FRESH = `SELECT ${CHANGE_COLUMNS}, ${LINK} AS link ${FRESH}`
const TAKE_DEFERRED = `SELECT ${CHANGE_COLUMNS}, ${LINK} AS link ${DEFERRED}`

/** One small look that spares the others: most of the time, most lanes are empty. */
const FILLED = `SELECT l.lane FROM (SELECT 0 AS lane UNION ALL SELECT 1 UNION ALL SELECT 2) l
  WHERE EXISTS (SELECT 1 FROM change c WHERE c.mapping = ? AND c.state = 0 AND c.lane = l.lane)`

type Candidate = ChangeRow & { readonly link: number | null }

/** Lanes in which something waits, with the highest turn that may be taken from each. */
function openLanes(
  { store }: Tables,
  mapping: KnownMapping,
  skipGone: SkipGone,
): readonly { readonly lane: number; readonly lastTurn: number }[] {
  const filled = store.all<{ lane: number }>(FILLED, mapping.id).map(({ lane }) => lane)
  if (filled.length === 0) return []
  const gone = SIDE_NAMES.map((side) => ({
    lane: 1 + sideCode(side),
    lastTurn: skipGone[side] ?? Number.MAX_SAFE_INTEGER,
  }))
  const lanes = [{ lane: STATE_LANE, lastTurn: Number.MAX_SAFE_INTEGER }, ...gone]
  return lanes.filter(({ lane }) => filled.includes(lane))
}

export function take(
  tables: Tables,
  mapping: KnownMapping,
  nowMs: number,
  limit: number,
  skipGone: SkipGone,
): readonly Work[] {
  const candidates = candidatesOf(tables, mapping, nowMs, limit, skipGone)
  if (candidates.length === 0) return []
  const linkIds = new Set<number>()
  for (const { link } of candidates) if (link !== null) linkIds.add(link)
  const links = new Map<number, Link>()
  for (const row of linkRowsById(tables, [...linkIds])) links.set(row.id, linkOf(tables.layouts, mapping, row))
  const partners = partnersOf(tables, mapping, candidates, links)

  const works: Work[] = []
  const done = new Set<number>()
  for (const row of candidates) {
    const link = row.link === null ? null : (links.get(row.link) ?? null)
    const change = changeOf(row)
    if (link === null) {
      works.push(workOf(null, change, null))
      continue
    }
    if (done.has(link.id)) continue
    done.add(link.id)
    const other = otherSide(change.side)
    const partnerId = other === 'odoo' ? link.odooId : link.externalId
    if (partners.busy.has(recordName(sideCode(other), partnerId))) continue
    works.push(workOf(link, change, partners.changes[other].get(partnerId) ?? null))
  }
  return works
}

function workOf(link: Link | null, change: StoredChange, partner: StoredChange | null): Work {
  return change.side === 'odoo' ? { link, odoo: change, external: partner } : { link, odoo: partner, external: change }
}

function candidatesOf(
  tables: Tables,
  mapping: KnownMapping,
  nowMs: number,
  limit: number,
  skipGone: SkipGone,
): readonly Candidate[] {
  const { store, floors } = tables
  const lists: Candidate[][] = []
  for (const { lane, lastTurn } of openLanes(tables, mapping, skipGone)) {
    const floor = floors.get(mapping.id, lane)
    const fresh = store.all<Candidate>(TAKE_FRESH, mapping.id, lane, floor, lastTurn, mapping.id, limit)
    lists.push(fresh, store.all<Candidate>(TAKE_DEFERRED, mapping.id, lane, nowMs, lastTurn, mapping.id, limit))
    const first = fresh[0]?.turn ?? Math.min(lastTurn, lastSeq(tables, mapping)) + 1
    floors.set(mapping.id, lane, Math.max(floor, first - 1))
  }
  const filled = lists.filter((list) => list.length > 0)
  if (filled.length <= 1) return filled[0] ?? []
  return filled
    .flat()
    .sort((a, b) => a.turn - b.turn)
    .slice(0, limit)
}

/** The changes of the links' other ends, and the records that open intents concern. */
function partnersOf(
  tables: Tables,
  mapping: KnownMapping,
  candidates: readonly Candidate[],
  links: ReadonlyMap<number, Link>,
) {
  const ids: Record<Side, RecordId[]> = { odoo: [], external: [] }
  for (const row of candidates) {
    const link = row.link === null ? undefined : links.get(row.link)
    if (link === undefined) continue
    if (row.side === 0) ids.external.push(link.externalId)
    else ids.odoo.push(link.odooId)
  }
  const changes: Record<Side, Map<RecordId, StoredChange>> = { odoo: new Map(), external: new Map() }
  for (const side of SIDE_NAMES) {
    if (ids[side].length === 0) continue
    for (const [id, row] of changeRows(tables, mapping, side, ids[side])) changes[side].set(id, changeOf(row))
  }
  const busy = tables.store.all<{ value: string }>(BUSY_RECORDS, mapping.id)
  return { changes, busy: new Set(busy.map(({ value }) => value)) }
}

export function nextDueMs(tables: Tables, mapping: KnownMapping, skipGone: SkipGone): number | null {
  const { store, floors } = tables
  let next: number | null = null
  for (const { lane, lastTurn } of openLanes(tables, mapping, skipGone)) {
    const floor = floors.get(mapping.id, lane)
    if (store.get(`SELECT 1 ${FRESH}`, mapping.id, lane, floor, lastTurn, mapping.id, 1) !== undefined) return 0
    const sql = `SELECT c.not_before AS due ${DEFERRED}`
    const row = store.get<{ due: number }>(sql, mapping.id, lane, Number.MAX_SAFE_INTEGER, lastTurn, mapping.id, 1)
    if (row !== undefined && (next === null || row.due < next)) next = row.due
  }
  return next
}

export function lastSeq({ store }: Tables, mapping: KnownMapping): number {
  return store.get<{ last_seq: number }>('SELECT last_seq FROM mapping WHERE id = ?', mapping.id)?.last_seq ?? 0
}

/** When the oldest change that is pending or waiting was first captured. */
export function oldestChangeMs({ store }: Tables, mapping: KnownMapping): number | null {
  const queued = 'FROM change WHERE mapping = ? AND state = 0 AND lane = ?'
  const ages: (number | null | undefined)[] = []
  for (const lane of [STATE_LANE, 1, 2]) {
    // Turns grow with the time of capture, so the head of the queue is the oldest; only what was put off is looked at.
    const head = `SELECT first_captured AS at ${queued} AND not_before = 0 ORDER BY turn LIMIT 1`
    const deferred = `SELECT min(first_captured) AS at ${queued} AND not_before > 0`
    for (const sql of [head, deferred]) ages.push(store.get<{ at: number | null }>(sql, mapping.id, lane)?.at)
  }
  const waiting = 'SELECT min(first_captured) AS at FROM change WHERE mapping = ? AND state = 1 AND state <> 0'
  ages.push(store.get<{ at: number | null }>(waiting, mapping.id)?.at)
  const known = ages.filter((age) => typeof age === 'number')
  return known.length === 0 ? null : Math.min(...known)
}
