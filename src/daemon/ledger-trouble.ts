import type { SyncError } from '../contract/error.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { DaemonLog } from './daemon-log.ts'

/** Trouble that lasts is told of again so often, with how often it was met. */
const TOLD_AGAIN_MS = 10 * 60_000

export interface LedgerTrouble {
  /** Something could not be read or written. Every run and every webhook meets it: told of once, and then counted. */
  meet(error: SyncError): void
  /** Whether it is over: where there was trouble, something is written. To be called again and again. */
  look(ledger: Pick<Ledger, 'proveWritable'>): Promise<void>
}

/** Says of a ledger in trouble when that begins, changes, lasts and ends, and nothing in between. */
export function createLedgerTrouble(
  log: DaemonLog,
  clock: { readonly nowMs: () => number; readonly monotonicMs: () => number },
): LedgerTrouble {
  let advice: string | null = null
  let met = 0
  let toldAtMs = 0
  return {
    meet(error) {
      met += 1
      const isSame = error.advice === advice
      if (isSame && clock.monotonicMs() - toldAtMs < TOLD_AGAIN_MS) return
      log('error', isSame ? `${error.advice} (met ${met} times so far)` : error.advice, null)
      if (!isSame) met = 1
      advice = error.advice
      toldAtMs = clock.monotonicMs()
    },
    async look(ledger) {
      if (advice === null) return
      try {
        await ledger.proveWritable(clock.nowMs())
      } catch {
        return
      }
      const times = met === 1 ? 'once' : `${met} times`
      log('info', `the ledger can be written again; it could not ${times}`, null)
      advice = null
      met = 0
    },
  }
}
