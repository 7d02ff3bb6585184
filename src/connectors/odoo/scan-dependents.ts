import { z } from 'zod'
import type { Cursor, Page, ReadRequest } from '../../contract/feed.ts'
import { advanceScan, restartScan, resumeScan, type ScanOptions, startScan } from '../window-scan.ts'
import type { Dependent } from './dependents.ts'
import type { OdooModel } from './model.ts'
import { parseWriteDate } from './record-version.ts'
import { observeCursor, observeNewest, readPage, readVersions, scanDomain } from './scan-records.ts'
import { searchRead } from './search-read.ts'

/**
 * The cursor's text where a collection has dependents: the position of the records' own scan and of one scan for each
 * kind of dependents. They take turns: `at` is the path of the scan under way, null for the records' own.
 *
 * A scan of dependents finds those with `write_date >= low`, page by page, and hints at the records that lead to them. One
 * page of dependents may lead to many records: `parent` is the last record told of it. Between two pages of records the
 * page of dependents is asked for anew; what slips in meanwhile has a newer `write_date` and is in the next scan.
 *
 * A hint carries a version that covers the dependents, so that a deep scan after an import reads nothing twice.
 */
const positionSchema = z.strictObject({
  v: z.literal(2),
  main: z.string(),
  at: z.string().nullable(),
  parent: z.string().nullable(),
  dependents: z.record(z.string(), z.string()),
})
type Position = z.infer<typeof positionSchema>

/** A page of the records and of what belongs to them. */
export async function readWithDependents(
  model: OdooModel,
  dependents: readonly Dependent[],
  options: ScanOptions,
  request: ReadRequest,
  signal: AbortSignal,
): Promise<Page> {
  let position = await startOrParse(model, dependents, options, request, signal)
  for (;;) {
    const page = await readPart(model, dependents, options, position, request, signal)
    position = page.position
    if (page.changes.length > 0 || page.isDone) {
      return { changes: page.changes, cursor: JSON.stringify(position), caughtUp: page.isDone }
    }
  }
}

interface Part {
  readonly changes: Page['changes']
  readonly position: Position
  /** The last scan of the round is done. */
  readonly isDone: boolean
}

async function startOrParse(
  model: OdooModel,
  dependents: readonly Dependent[],
  options: ScanOptions,
  request: ReadRequest,
  signal: AbortSignal,
): Promise<Position & { main: string }> {
  const known = request.cursor === null ? null : parsePosition(request.cursor)
  if (known !== null) {
    observeCursor(model, known.main === '' ? null : known.main)
    // A kind of dependents that is new in the mapping is watched from where the records themselves stand.
    const cursorOf = ({ path }: Dependent): Cursor => known.dependents[path] ?? startFrom(known.main, options)
    const entries = dependents.map((dependent) => [dependent.path, cursorOf(dependent)] as const)
    const isAtKnown = dependents.some(({ path }) => path === known.at)
    return {
      ...known,
      at: isAtKnown ? known.at : null,
      parent: isAtKnown ? known.parent : null,
      dependents: Object.fromEntries(entries),
    }
  }
  await observeNewest(model, signal)
  for (const dependent of dependents) await observeNewestDependent(model, dependent, signal)
  // What is written while the first scan reads the records in full is for the dependents' own scans to find.
  const start = startScan(model.connection.clock.nowMs(), options)
  return {
    v: 2,
    main: '',
    at: null,
    parent: null,
    dependents: Object.fromEntries(dependents.map(({ path }) => [path, start])),
  }
}

function startFrom(main: string, options: ScanOptions): Cursor {
  if (main === '') return startScan(null, options)
  return restartScan(main)
}

function parsePosition(cursor: Cursor): Position {
  const parsed = positionSchema.safeParse(safeJson(cursor))
  if (parsed.success) return parsed.data
  // Of a mapping that had no dependents until now. A text that is no cursor at all fails where it is read.
  return { v: 2, main: cursor, at: null, parent: null, dependents: {} }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

async function readPart(
  model: OdooModel,
  dependents: readonly Dependent[],
  options: ScanOptions,
  position: Position,
  request: ReadRequest,
  signal: AbortSignal,
): Promise<Part> {
  const index = dependents.findIndex(({ path }) => path === position.at)
  const current = dependents[index]
  const following = dependents[index + 1]?.path ?? null
  const isLast = following === null
  if (current === undefined) {
    const cursor = position.main === '' ? null : position.main
    const page = await readPage(model, options, { ...request, cursor }, signal)
    const at = page.caughtUp ? following : null
    return { changes: page.changes, position: { ...position, main: page.cursor, at }, isDone: page.caughtUp && isLast }
  }
  const { changes, cursor, parent, isDone } = await readHints(model, current, options, position, request, signal)
  const next: Position = {
    ...position,
    at: isDone ? following : current.path,
    parent,
    dependents: { ...position.dependents, [current.path]: cursor },
  }
  return { changes, position: next, isDone: isDone && isLast }
}

/** Hints at the records that lead to the dependents of one page. */
async function readHints(
  model: OdooModel,
  dependent: Dependent,
  options: ScanOptions,
  position: Position,
  { depth, limit }: ReadRequest,
  signal: AbortSignal,
): Promise<{ changes: Page['changes']; cursor: Cursor; parent: string | null; isDone: boolean }> {
  const { clock } = model.connection
  const before = position.dependents[dependent.path] ?? startScan(null, options)
  const scan = resumeScan(before, depth, clock.nowMs(), options)
  const changed = await searchChanged(model, dependent, scan, limit, signal)
  const ids = changed.map(({ id }) => id)
  const domain = [
    ...model.spec.domain,
    [dependent.path, 'in', ids],
    ...(position.parent === null ? [] : [['id', '>', Number(position.parent)]]),
  ]
  const parents = ids.length === 0 ? [] : await readVersions(model, domain, limit, signal)
  const changes = parents.map(({ id, version }) => ({ kind: 'hint', id, version }) as const)
  if (parents.length === limit) {
    return { changes, cursor: holdScan(before, scan, options), parent: parents.at(-1)?.id ?? null, isDone: false }
  }
  const last = changed.length < limit ? null : String(changed.at(-1)?.id)
  return { changes, cursor: advanceScan(scan, last, options), parent: null, isDone: last === null }
}

/** The cursor of a scan that stays at its page. Begun in this very call, it is kept as begun. */
function holdScan(before: Cursor, scan: ReturnType<typeof resumeScan>, options: ScanOptions): Cursor {
  return scan.last === null ? advanceScan(scan, '0', options) : before
}

async function searchChanged(
  model: OdooModel,
  dependent: Dependent,
  scan: Parameters<typeof scanDomain>[0],
  limit: number,
  signal: AbortSignal,
): Promise<readonly { readonly id: number; readonly writtenMs: number }[]> {
  const { connection, searchContext: context } = model
  const args = { domain: scanDomain(scan), fields: ['write_date'], order: 'id', limit, context }
  const rows = await searchRead(connection, dependent.model, args, signal)
  const changed = rows.map((row) => ({ id: Number(row.id), writtenMs: parseWriteDate(row.write_date) }))
  const newestMs = Math.max(0, ...changed.map(({ writtenMs }) => writtenMs || 0))
  if (newestMs > 0) connection.clock.observe(newestMs)
  return changed
}

async function observeNewestDependent(model: OdooModel, dependent: Dependent, signal: AbortSignal): Promise<void> {
  const { connection, searchContext: context } = model
  const args = { domain: [], fields: ['write_date'], order: 'write_date desc', limit: 1, context }
  const [row] = await searchRead(connection, dependent.model, args, signal)
  const newestMs = parseWriteDate(row?.write_date)
  if (!Number.isNaN(newestMs)) connection.clock.observe(newestMs)
}
