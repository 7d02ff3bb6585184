import type { Value } from '../contract/value.ts'
import type { FieldRule, References, Side } from '../mapping/mapping.ts'

/** Whether both sides already say the same, whichever way one looks at it. */
export function isInStep(
  rule: FieldRule,
  both: Record<Side, { value: Value | undefined }>,
  references: References,
): boolean {
  const { odoo, external } = both
  if (odoo.value === undefined || external.value === undefined) return false
  const isSame = references.isSameContent?.(odoo.value, external.value)
  if (isSame !== undefined) return isSame
  const there = rule.translate('odoo', odoo.value, references, external.value)
  if (there.kind === 'value' && rule.isSame('external', there.value, external.value)) return true
  const back = rule.translate('external', external.value, references, odoo.value)
  return back.kind === 'value' && rule.isSame('odoo', back.value, odoo.value)
}
