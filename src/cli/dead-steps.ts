import type { Ledger, StepOutcome, StepTask } from '../ledger/ledger.ts'
import type { Side } from '../mapping/mapping.ts'
import { moment, plural } from './words.ts'

const PAGE = 500

/** Every record of a mapping with a step that needs a person, newest first, page by page. */
export async function* deadSteps(ledger: Ledger, mapping: string): AsyncGenerator<StepTask> {
  let afterSeq: number | undefined
  for (;;) {
    const from = afterSeq === undefined ? {} : { afterSeq }
    const page = await ledger.steps(mapping, { state: 'dead', limit: PAGE, ...from })
    yield* page
    const last = page.at(-1)
    if (!last || page.length < PAGE) return
    afterSeq = last.seq
  }
}

/** The record's step that needs a person; null: it has none. */
export async function deadStep(ledger: Ledger, mapping: string, side: Side, id: string): Promise<StepTask | null> {
  const [task = null] = await ledger.steps(mapping, { state: 'dead', side, id, limit: 1 })
  return task
}

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

/** As `--json` shows it, in the form of a dead letter. */
export function stepAsJson(mapping: string, { link, step, attempts, fault, dueSinceMs }: StepTask): object {
  const { odooId, externalId, key } = link
  const record = { mapping, side: 'odoo', id: odooId, key, odooId, externalId }
  return { ...record, kind: 'step', step, attempts, fault, fields: [], sinceMs: dueSinceMs }
}

/** A step that needs a person, why, and what can be done about it. */
export function describeStep(
  mapping: string,
  { link, step, attempts, fault, dueSinceMs }: StepTask,
): readonly string[] {
  const key = link.key === null ? '' : ` ${link.key}`
  return [
    `${mapping}${key}: dead letter: step ${step} of odoo ${link.odooId}, due ${moment(dueSinceMs)}, ${plural(attempts, 'attempt')}`,
    ...(fault === null ? [] : [`  ${fault.message}`, ...(fault.hint === null ? [] : [`  ${fault.hint}`])]),
    `  try again: tandem dead-letters retry ${mapping} odoo ${link.odooId}`,
    `  or give up: tandem dead-letters discard ${mapping} odoo ${link.odooId} --reason "…"`,
  ]
}
