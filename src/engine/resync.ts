import type { RecordId, RecordState } from '../contract/change.ts'
import { SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import type { Link, LinkWrite } from '../ledger/link.ts'
import { fieldOn, otherSide, SIDES, type Side } from '../mapping/mapping.ts'
import { changeOf } from './capture.ts'
import type { Context } from './context.ts'
import { newDraft, settle } from './draft.ts'
import { idOn } from './job.ts'
import { readRecords } from './pull.ts'
import type { RunMemory } from './run-memory.ts'
import { seenOf, unknownSeen } from './seen.ts'
import { workOnce } from './work.ts'

const PAGE = 500

export interface ResyncOptions {
  /** The side whose values count; null: the mapping's conflict policy decides field by field. */
  readonly from: Side | null
  /** Only records that changed since then, by their side's own clock. */
  readonly sinceMs: number | null
  /** Only these records of the side that is read (`from`, otherwise odoo). */
  readonly ids: readonly RecordId[] | null
  readonly keys: readonly string[] | null
}

export interface ResyncProgress {
  readonly read: number
  /** null: not known beforehand. */
  readonly total: number | null
  readonly changed: number
}

/**
 * Reads records anew and brings the other side in line with them, whatever cursors and `seen` say. What it does goes the
 * way of every change: it is captured, decided, guarded against the other side's latest edits, and recorded. A crash in
 * the middle loses nothing; calling it again is safe.
 */
export async function resync(
  context: Context,
  options: ResyncOptions,
  memory: RunMemory,
  onProgress: (progress: ResyncProgress) => void,
  signal: AbortSignal,
): Promise<ResyncProgress> {
  const progress = { read: 0, total: totalOf(options), changed: 0 }
  for await (const batch of readBatches(context, options, signal)) {
    const pairs = await pairUp(context, batch, signal)
    await stageBatch(context, options, pairs)
    while ((await workOnce(context, memory, signal)) > 0);
    progress.read += batch.states.length
    progress.changed += pairs.filter((pair) => pair.isStaged).length
    onProgress({ ...progress })
  }
  return progress
}

export interface Batch {
  readonly side: Side
  readonly states: readonly RecordState[]
}

export interface Pair {
  readonly side: Side
  readonly state: RecordState
  readonly link: Link | null
  readonly other: RecordState | null
  isStaged: boolean
}

function totalOf(options: ResyncOptions): number | null {
  return options.ids?.length ?? options.keys?.length ?? null
}

export async function* readBatches(
  context: Context,
  options: ResyncOptions,
  signal: AbortSignal,
): AsyncGenerator<Batch> {
  // Without a winner, records of either side may differ, so both are read.
  const sides: readonly Side[] = options.from ? [options.from] : options.ids ? ['odoo'] : SIDES
  for (const side of sides) {
    for await (const states of statesOf(context, side, options, signal)) {
      const { sinceMs } = options
      const recent = sinceMs === null ? states : states.filter((state) => (state.changedAtMs ?? sinceMs) >= sinceMs)
      if (recent.length > 0) yield { side, states: recent }
    }
  }
}

async function* statesOf(
  context: Context,
  side: Side,
  options: ResyncOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly RecordState[]> {
  const { collection, schema } = context.sides[side]
  if (options.ids) {
    for (let start = 0; start < options.ids.length; start += PAGE) {
      yield [...(await readRecords(context, side, options.ids.slice(start, start + PAGE), signal)).values()]
    }
    return
  }
  if (options.keys) {
    const field = fieldOn(context.mapping.key, side)
    const values: readonly Value[] = options.keys
    yield (await collection.sink?.find({ field, values, fold: context.mapping.key.fold }, signal)) ?? []
    return
  }
  if (!collection.feed?.list) throw new SyncError('config', `${schema.name} cannot be listed; name records with --ids.`)
  let after: string | null = null
  do {
    const listing: Awaited<ReturnType<typeof collection.feed.list>> = await collection.feed.list(after, PAGE, signal)
    const ids = listing.entries.map(({ id }) => id)
    if (ids.length > 0) yield [...(await readRecords(context, side, ids, signal)).values()]
    after = listing.after
  } while (after !== null)
}

export async function pairUp(context: Context, { side, states }: Batch, signal: AbortSignal): Promise<readonly Pair[]> {
  const other = otherSide(side)
  const links = await context.ledger.links(
    context.mapping.name,
    side,
    states.map(({ id }) => id),
  )
  const otherIds = [...links.values()].map((link) => idOn(link, other))
  const others =
    otherIds.length > 0 ? await readRecords(context, other, otherIds, signal) : new Map<string, RecordState>()
  return states.map((state) => {
    const link = links.get(state.id) ?? null
    return { side, state, link, other: link ? (others.get(idOn(link, other)) ?? null) : null, isStaged: false }
  })
}

/**
 * Stages the records that differ. What was seen of the pair is forgotten first: of the source alone where its side is to
 * win, so that all of it counts as changed there and only there; of both where the policy decides.
 */
async function stageBatch(context: Context, options: ResyncOptions, pairs: readonly Pair[]): Promise<void> {
  const { mapping, ledger, clock } = context
  const links: LinkWrite[] = []
  const changes = []
  for (const pair of pairs) {
    const { link, state, side, other } = pair
    if (link && other) {
      const seen = seenForResync(context, options, pair, other)
      if (link.state !== 'live') continue
      links.push({ kind: 'update', id: link.id, seen })
    }
    pair.isStaged = true
    changes.push(changeOf(side, state))
  }
  await settle(context, { ...newDraft(clock.nowMs()), links })
  const [first] = pairs
  if (!first) return
  await ledger.stage(mapping.name, { side: first.side, changes, touched: [], unchanged: 0, nowMs: clock.nowMs() })
}

export function seenForResync(
  context: Context,
  options: ResyncOptions,
  { side }: Pair,
  other: RecordState,
): Link['seen'] {
  const { fields: rules } = context.mapping
  const unknown = unknownSeen(rules)
  if (options.from === null) return { odoo: unknown, external: unknown }
  const target = otherSide(side)
  const asItIs = seenOf(rules, target, other.fields)
  return target === 'odoo' ? { odoo: asItIs, external: unknown } : { odoo: unknown, external: asItIs }
}
