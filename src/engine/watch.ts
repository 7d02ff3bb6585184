import { asSyncError } from '../contract/error.ts'
import type { Side } from '../mapping/mapping.ts'
import { backoffMs } from './backoff.ts'
import type { Context } from './context.ts'

/** A line that held this long was a good one: the next failure begins with a short pause again. */
const GOOD_MS = 60_000
const MAX_PAUSE_MS = 60_000

/** Wakes the mapping when a side says that something changed, for as long as the signal lets it. */
export async function watch(context: Context, side: Side, wake: () => void, signal: AbortSignal): Promise<void> {
  const { feed, schema } = sideOf(context, side)
  if (!feed?.watch) return
  await keepUp(context, `Watching ${schema.name} broke`, () => feed.watch?.(wake, signal), signal)
}

/**
 * Stores what a side tells by itself, and has it looked at. Each time the line is opened again the feed is read too:
 * what was told meanwhile may be gone.
 */
export async function listen(
  context: Context,
  side: Side,
  then: { readonly wake: () => void; readonly hear: () => void },
  signal: AbortSignal,
): Promise<void> {
  const { mapping, ledger, clock } = context
  const { feed, schema } = sideOf(context, side)
  if (!feed?.listen) return
  await keepUp(
    context,
    `The line on which ${schema.name} tells of changes broke`,
    async () => {
      const from = await ledger.heardPosition(mapping.name, side)
      const opened = feed.listen?.(
        from,
        async (changes, position) => {
          const arrivals = changes.map((change) => ({ mapping: mapping.name, side, change }))
          await ledger.receive(arrivals, clock.nowMs(), { mapping: mapping.name, side, position })
          if (changes.length > 0) then.hear()
        },
        signal,
      )
      then.wake()
      await opened
    },
    signal,
  )
}

function sideOf(context: Context, side: Side) {
  const { collection, schema } = context.sides[side]
  return { feed: collection.feed, schema }
}

/** Does it again whenever it ends, after a pause that grows while it keeps failing. A reason is told once in a row. */
async function keepUp(
  context: Context,
  what: string,
  open: () => Promise<void> | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random } = context
  let failures = 0
  let told: string | null = null
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs()
    try {
      await open()
    } catch (error) {
      if (signal.aborted) return
      const isGood = clock.monotonicMs() - startedMs > GOOD_MS
      failures = isGood ? 0 : failures + 1
      const reason = asSyncError(error).advice
      if (isGood || reason !== told) tell(context, `${what}: ${reason}`)
      told = reason
    }
    try {
      await clock.sleep(backoffMs(failures, 1000, MAX_PAUSE_MS, random), signal)
    } catch {
      return
    }
  }
}

function tell(context: Context, message: string): void {
  context.emit({
    mapping: context.mapping.name,
    kind: 'run',
    side: null,
    odooId: null,
    externalId: null,
    key: null,
    message,
  })
}
