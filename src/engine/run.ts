import { SIDES, type Side } from '../mapping/mapping.ts'
import { compareSome } from './compare.ts'
import type { Context } from './context.ts'
import { settleDoubts } from './doubt.ts'
import { hear } from './hear.ts'
import { isRead } from './is-read.ts'
import { rememberLastActivity } from './lost-memory.ts'
import { carryOutMappingChange } from './mapping-change.ts'
import { matchAgain } from './match-again.ts'
import { pullAndWork, workOff } from './pull-and-work.ts'
import { reconcile } from './reconcile.ts'
import { forgetRestored, optionsOfRestored } from './restored.ts'
import type { RunMemory } from './run-memory.ts'
import { workSteps } from './steps.ts'
import { type SweepReport, sweep } from './sweep.ts'

/** The note that holds when the last sweep ended. */
export const LAST_SWEEP = 'sweep:lastMs'

/** So many undecided records are matched again in a deep run, and in one with a sweep. */
const MATCHED_AGAIN = 500
const MATCHED_AGAIN_BY_SWEEP = 10_000

export interface RunOptions {
  /** How the feeds are read; `none`: not at all, only what systems told by themselves is looked at. */
  readonly depth: 'tail' | 'deep' | 'none'
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
 * One run of a mapping: settles what is in doubt, takes in what systems told by themselves, reads both sides until they
 * have caught up, and works off what is due meanwhile. Never two at a time for one mapping.
 * @throws SyncError when a side fails or a person is needed; everything that was done is stored.
 */
export async function runMapping(
  context: Context,
  wanted: RunOptions,
  memory: RunMemory,
  signal: AbortSignal,
): Promise<RunReport> {
  memory.updates = 0
  memory.lostMemory ??= await rememberLastActivity(context)
  const restored = await optionsOfRestored(context, wanted)
  let options = restored ?? wanted
  await reconcile(context, signal)
  const lookAgainMs = await settleDoubts(context, signal)
  if (await carryOutMappingChange(context, memory, signal)) options = { ...options, sweeps: true }
  const sides = SIDES.filter((side) => isRead(context, side))
  await hear(context, memory, signal)
  const { depth } = options
  if (depth === 'none') await workOff(context, memory, signal)
  else await pullAndWork(context, { sides, depth, isDirect: lookAgainMs === null }, memory, signal)
  if (memory.isStopping()) return { lookAgainMs, sweeps: {} }
  const drain = () => workOffAll(context, memory, signal)
  await drain()
  const sweeps: Partial<Record<Side, SweepReport>> = {}
  if (options.sweeps) {
    for (const side of SIDES) {
      if (isRead(context, side)) sweeps[side] = await sweep(context, side, drain, memory.isStopping, signal)
    }
    await drain()
    const { notes } = await context.ledger.state(context.mapping.name)
    const swept = { ...notes, [LAST_SWEEP]: context.clock.nowMs() }
    await context.ledger.updateState(context.mapping.name, { notes: swept })
  }
  if (options.sweeps || options.depth === 'deep') {
    const due = await matchAgain(context, options.sweeps ? MATCHED_AGAIN_BY_SWEEP : MATCHED_AGAIN, signal)
    if (due > 0) await drain()
  }
  if (options.compares > 0) {
    await compareSome(context, options.compares, signal)
    await drain()
  }
  if (options.depth === 'deep') await expireWaiting(context)
  if (restored && !memory.isStopping()) await forgetRestored(context)
  await flush(context, signal)
  return { lookAgainMs, sweeps }
}

/** Has sinks hand on what they held back, as far as it is due. */
async function flush(context: Context, signal: AbortSignal): Promise<void> {
  for (const side of SIDES) await context.sides[side].collection.sink?.flush?.(signal)
}

/** So many times steps may make fields due and fields steps, in one run. */
const MAX_ROUNDS = 20

/** Works off changes and steps, until neither is due. */
async function workOffAll(context: Context, memory: RunMemory, signal: AbortSignal): Promise<void> {
  await workOff(context, memory, signal)
  for (let round = 0; round < MAX_ROUNDS && !memory.isStopping(); round++) {
    if ((await workSteps(context, memory, signal)) === 0) return
    await workOff(context, memory, signal)
  }
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
