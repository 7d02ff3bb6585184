import { findDeadLetter } from './dead-letters.ts'
import { historyOfLetter, putSteps } from './letter-records.ts'
import type { RecordName, Site } from './site.ts'

export interface DiscardRequest {
  readonly mapping: string
  readonly records: readonly RecordName[]
  /** Why, for those who ask later. */
  readonly reason: string
  readonly by: string
}

export interface DiscardResult {
  readonly mapping: string
  readonly discarded: number
}

/**
 * Gives dead letters up: the records are left as they are until they change again. The reason stays in the history. One whose
 * record was changed meanwhile stays due. @throws SyncError `config` where a record has none; those before it are discarded.
 */
export async function discardDeadLetters(site: Site, request: DiscardRequest): Promise<DiscardResult> {
  const { mapping, records, reason, by } = request
  for (const record of records) {
    const letter = await findDeadLetter(site, mapping, record)
    const { change, task } = letter
    const nowMs = site.clock.nowMs()
    if (task) await putSteps(site.ledger, mapping, [task], 'discarded')
    const error = (change ?? task)?.fault?.message ?? null
    await site.ledger.settle(mapping, {
      nowMs,
      resolved: [],
      history: [historyOfLetter(letter, 'discarded', { reason, by, error }, nowMs)],
      links: [],
      kept: change ? [{ ...change, state: 'discarded', notBeforeMs: 0 }] : [],
      changes: [],
      intents: [],
    })
  }
  return { mapping, discarded: records.length }
}
