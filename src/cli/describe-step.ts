import type { StepTask } from '../ledger/step.ts'
import { moment, plural } from '../words.ts'

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
