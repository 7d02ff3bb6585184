import type { HistoryEntry } from '../ledger/history.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { StepOutcome, StepTask } from '../ledger/step.ts'
import type { StoredLetter } from './dead-letters.ts'

/** Makes steps due again, or gives them up until the record changes. Whoever holds the ledger meanwhile is not disturbed. */
export async function putSteps(
  ledger: Ledger,
  mapping: string,
  tasks: readonly StepTask[],
  state: 'pending' | 'discarded',
): Promise<void> {
  const outcomes = tasks.map(
    ({ link, ...task }): StepOutcome => ({
      ...task,
      linkId: link.id,
      state,
      ...(state === 'pending' ? { attempts: 0, notBeforeMs: 0, fault: null } : {}),
    }),
  )
  if (outcomes.length > 0) await ledger.settleSteps(mapping, outcomes, [])
}

/** That a person did something about a dead letter. */
export function historyOfLetter(
  { change, task, link }: StoredLetter,
  event: 'retried' | 'discarded',
  detail: HistoryEntry['detail'],
  nowMs: number,
): HistoryEntry {
  const side = change?.side ?? 'odoo'
  const id = change?.id ?? task?.link.odooId ?? null
  return {
    atMs: nowMs,
    event,
    side,
    odooId: link?.odooId ?? (side === 'odoo' ? id : null),
    externalId: link?.externalId ?? (side === 'external' ? id : null),
    key: link?.key ?? null,
    detail: { ...detail, ...(task ? { step: task.step } : {}) },
  }
}
