import type { StoredChange } from '../ledger/change.ts'
import { age, moment, plural, shown } from '../words.ts'

/** A change that is not applied, why, and what a person can do about it. */
export function describeChange(mapping: string, change: StoredChange): readonly string[] {
  const { side, id, kind, state, firstCapturedAtMs, attempts, notBeforeMs, fault } = change
  const what = kind === 'gone' ? 'a delete' : 'a change'
  const since = `met ${moment(firstCapturedAtMs)}`
  switch (state) {
    case 'pending': {
      const next = notBeforeMs > Date.now() ? `, tried again in ${age(notBeforeMs - Date.now())}` : ''
      const tries = attempts > 0 ? `, ${plural(attempts, 'failed attempt')}${next}` : ''
      return [`pending: ${what} of ${side} ${id}, ${since}${tries}`, ...faultLines(fault)]
    }
    case 'waiting': {
      const targets = change.waitsFor.map((ref) => `${ref.mapping} ${ref.side} ${ref.id}`).join(', ')
      return [`waiting: ${what} of ${side} ${id}, ${since}, waits for ${targets}`]
    }
    case 'conflict':
      return [
        `conflict: ${what} of ${side} ${id}, ${since}`,
        ...change.conflicts.map(
          (each) => `  ${each.field}: odoo ${shown(each.odoo)}, external ${shown(each.external)}`,
        ),
        ...faultLines(fault),
        ...(change.conflicts.length > 0 ? conflictAdvice(mapping, change) : []),
      ]
    case 'discarded':
      return [
        `discarded: ${what} of ${side} ${id}, ${since}: left as it is until the record changes`,
        ...faultLines(fault),
      ]
    case 'dead':
      return [
        `dead letter: ${what} of ${side} ${id}, ${since}, ${plural(attempts, 'attempt')}`,
        ...faultLines(fault),
        `  try again: tandem dead-letters retry ${mapping} ${side} ${id}`,
        `  or give up: tandem dead-letters discard ${mapping} ${side} ${id} --reason "…"`,
      ]
  }
}

function faultLines(fault: StoredChange['fault']): readonly string[] {
  if (fault === null) return []
  return [`  ${fault.message}`, ...(fault.hint === null ? [] : [`  ${fault.hint}`])]
}

function conflictAdvice(mapping: string, { side, id }: StoredChange): readonly string[] {
  const ids = `--ids ${id}`
  return [`  let ${side} win: tandem resync ${mapping} --from ${side} ${ids}; or make both sides equal by hand`]
}
