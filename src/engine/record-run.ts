import { type SyncError, sentences } from '../contract/error.ts'
import { backoffMs } from './backoff.ts'
import type { Context } from './context.ts'
import { faultOf } from './draft.ts'
import { confirmHint } from './guard.ts'
import { notedRuns, type RunStart } from './run-notes.ts'

/** The longest that a mapping waits after a failed run before the next one. */
export const MAX_RUN_BACKOFF_MS = 5 * 60_000

/** A run ended as it should: what earlier failures left is over. */
export async function recordSuccess(context: Context, start: RunStart): Promise<void> {
  const { ledger, mapping, clock } = context
  const state = await ledger.state(mapping.name)
  const runs = await notedRuns(context, state, start, null)
  const nowMs = clock.nowMs()
  const times = { lastRunAtMs: nowMs, lastSuccessAtMs: nowMs }
  await ledger.updateState(mapping.name, { failures: 0, notBeforeMs: 0, ...times, runs })
  if (state.failures > 0) tell(context, 'resumed', `Mapping ${mapping.name} runs again.`)
}

/** A person is needed: the mapping pauses. Otherwise it is tried again, later each time. */
export async function recordFailure(context: Context, start: RunStart, error: SyncError): Promise<void> {
  const { ledger, mapping, clock, random, options } = context
  const nowMs = clock.nowMs()
  const state = await ledger.state(mapping.name)
  const runs = await notedRuns(context, state, start, faultOf(error))
  if (error.disposition === 'halt') {
    const hint = error.hint ?? (error.code === 'guard' ? confirmHint(mapping.name) : null)
    await ledger.updateState(mapping.name, {
      lastRunAtMs: nowMs,
      runs,
      pause: { ...faultOf(error), hint, sinceMs: nowMs },
    })
    tell(context, 'paused', `Mapping ${mapping.name} is paused: ${sentences(error.message, hint)}`)
    return
  }
  const { failures } = state
  const pauseMs = error.retryAfterMs ?? backoffMs(failures, options.backoffMs, MAX_RUN_BACKOFF_MS, random)
  await ledger.updateState(mapping.name, {
    failures: failures + 1,
    notBeforeMs: nowMs + pauseMs,
    lastRunAtMs: nowMs,
    runs,
  })
  tell(
    context,
    'run',
    `Mapping ${mapping.name} stopped: ${error.message} Tried again in ${Math.ceil(pauseMs / 1000)} s.`,
  )
}

function tell(context: Context, kind: 'paused' | 'resumed' | 'run', message: string): void {
  context.emit({ mapping: context.mapping.name, kind, side: null, odooId: null, externalId: null, key: null, message })
}
