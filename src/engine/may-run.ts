import { SIDES } from '../mapping/mapping.ts'
import type { Context } from './context.ts'
import { type FoundPause, personPauseOf } from './person-pause.ts'
import { MAX_RUN_BACKOFF_MS } from './record-run.ts'

/** That a person does not want the mapping to run. */
export async function pauseOf({ ledger, mapping, sides }: Context): Promise<FoundPause | null> {
  return personPauseOf(
    ledger,
    mapping.name,
    SIDES.map((side) => sides[side].connection),
  )
}

/** Neither a person nor a failure keeps the mapping from running now. */
export async function mayRun(context: Context): Promise<boolean> {
  if (await pauseOf(context)) return false
  const { pause, notBeforeMs } = await context.ledger.state(context.mapping.name)
  const nowMs = context.clock.nowMs()
  // A clock that was set back must not keep a mapping waiting for days.
  return pause === null && (notBeforeMs <= nowMs || notBeforeMs > nowMs + MAX_RUN_BACKOFF_MS)
}
