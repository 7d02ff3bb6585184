import type { SyncError } from '../contract/error.ts'
import { flows, SIDES, type Side } from '../mapping/mapping.ts'
import { matters } from './capture.ts'
import { compareSome } from './compare.ts'
import type { Context } from './context.ts'
import { findCycles } from './cycles.ts'
import { settleDoubts } from './doubt.ts'
import { pull } from './pull.ts'
import type { RunMemory } from './run-memory.ts'
import { type SweepReport, sweep } from './sweep.ts'
import { workOnce } from './work.ts'

const MAX_WAITS = 100_000
/** The note that holds when the last sweep ended. */
export const LAST_SWEEP = 'sweep:lastMs'

export interface RunOptions {
  readonly depth: 'tail' | 'deep'
  /** Compare both sides' listings with the ledger as well. */
  readonly sweeps: boolean
  /** How many links to compare in full. */
  readonly compares: number
}

export interface RunReport {
  /** Something in doubt should be looked at again after so long; null: nothing is in doubt. */
  readonly lookAgainMs: number | null
  readonly sweeps: Partial<Record<Side, SweepReport>>
}

/**
 * One run of a mapping: settles what is in doubt, reads both sides until they have caught up, and works off what is due
 * meanwhile. Never two at a time for one mapping.
 * @throws SyncError when a side fails or a person is needed; everything that was done is stored.
 */
export async function runMapping(
  context: Context,
  options: RunOptions,
  memory: RunMemory,
  signal: AbortSignal,
): Promise<RunReport> {
  memory.updates = 0
  const lookAgainMs = await settleDoubts(context, signal)
  await pullAndWork(context, options.depth, memory, signal)
  const drain = () => workOff(context, memory, signal)
  const sweeps: Partial<Record<Side, SweepReport>> = {}
  if (options.sweeps) {
    for (const side of SIDES) {
      if (isRead(context, side)) sweeps[side] = await sweep(context, side, drain, signal)
    }
    await drain()
    const { notes } = await context.ledger.state(context.mapping.name)
    const swept = { ...notes, [LAST_SWEEP]: context.clock.nowMs() }
    await context.ledger.updateState(context.mapping.name, { notes: swept })
  }
  if (options.compares > 0) {
    await compareSome(context, options.compares, signal)
    await drain()
  }
  if (options.depth === 'deep') await expireWaiting(context)
  return { lookAgainMs, sweeps }
}

/** Whether changes of a side lead to anything, so that it has to be read. */
export function isRead(context: Context, side: Side): boolean {
  return flows(context.mapping.direction, side) || context.mapping.fields.some((rule) => matters(rule, side))
}

/** Reads both sides and works at the same time; the first failure ends both, after what is under way is stored. */
async function pullAndWork(
  context: Context,
  depth: RunOptions['depth'],
  memory: RunMemory,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController()
  const both = AbortSignal.any([signal, stop.signal])
  const backlog = newBacklog()
  const pulls = Promise.all(
    SIDES.filter((side) => isRead(context, side)).map((side) =>
      pull(context, side, { depth, writes: memory.writes, onStaged: backlog.add, room: backlog.room }, both),
    ),
  ).finally(backlog.close)
  // Handled below; until then a rejection must not count as unhandled.
  pulls.catch(() => {})
  try {
    for (;;) {
      const taken = await workOnce(context, memory, both)
      backlog.remove(taken)
      if (taken > 0) continue
      if (await releaseCycles(context)) continue
      if (backlog.isClosed()) break
      await backlog.changed()
    }
  } catch (error) {
    stop.abort(error as SyncError)
    backlog.remove(Number.POSITIVE_INFINITY)
    await pulls.catch(() => {})
    throw error
  }
  await pulls
  // What the last page staged after the last look.
  await workOff(context, memory, signal)
}

async function workOff(context: Context, memory: RunMemory, signal: AbortSignal): Promise<void> {
  do {
    while ((await workOnce(context, memory, signal)) > 0);
  } while (await releaseCycles(context))
}

/** Lets records that wait for each other in a circle be created without their references. */
async function releaseCycles(context: Context): Promise<boolean> {
  const { ledger, mapping } = context
  if ((await ledger.countChanges(mapping.name, { state: 'waiting' })) === 0) return false
  const cycles = findCycles(await ledger.waits(MAX_WAITS))
  const own = cycles.filter((change) => change.mapping === mapping.name)
  if (own.length === 0) return false
  await ledger.releaseCycle(own)
  return true
}

async function expireWaiting(context: Context): Promise<void> {
  const { ledger, mapping, clock } = context
  const nowMs = clock.nowMs()
  await ledger.expireWaiting(
    mapping.name,
    nowMs - mapping.waitLimitMs,
    {
      code: 'waiting',
      message: 'The record that it refers to did not come within the wait limit.',
      hint: `See what it waits for: tandem dead-letters show. Bring that record into its mapping, then: tandem dead-letters retry ${mapping.name}.`,
    },
    nowMs,
  )
}

interface Backlog {
  add(count: number): void
  remove(count: number): void
  /** Resolves when fewer than `limit` changes lie undecided. */
  room(limit: number): Promise<void>
  /** Resolves when something was added, or it was closed. */
  changed(): Promise<void>
  close(): void
  isClosed(): boolean
}

/** Keeps the reader from running away from the worker, and wakes the worker when there is something to do. */
function newBacklog(): Backlog {
  let size = 0
  let isClosed = false
  let isNews = false
  let listeners: (() => void)[] = []
  const notify = (): void => {
    const woken = listeners
    listeners = []
    for (const wake of woken) wake()
  }
  const wait = (): Promise<void> => new Promise((wake) => listeners.push(wake))
  return {
    add(count) {
      size += count
      isNews = true
      notify()
    },
    remove(count) {
      // Nothing taken: nothing is due, whatever the pages held.
      size = count === 0 ? 0 : Math.max(0, size - count)
      notify()
    },
    async room(limit) {
      while (size >= limit) await wait()
    },
    async changed() {
      while (!isNews && !isClosed) await wait()
      isNews = false
    },
    close() {
      isClosed = true
      notify()
    },
    isClosed: () => isClosed,
  }
}
