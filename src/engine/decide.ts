import { withSeen } from '../ledger/seen.ts'
import { type FieldRule, fieldOn, type References, SIDES } from '../mapping/mapping.ts'
import { decideField } from './decide-field.ts'
import { decideLines } from './decide-lines.ts'
import { addFindings, noFindings } from './findings.ts'
import type { LinesPlan } from './lines-plan.ts'
import type { Pair } from './pair.ts'
import type { Plan, PlanDraft } from './plan.ts'
import { unknownSeen } from './seen.ts'

/**
 * The three-way comparison: what each side last looked like, against what it looks like now. Pure.
 *
 * Field by field: changed on one side → written to the other; changed on both to the same → nothing to do; changed on both
 * to different values → the policy picks the winner, and the loser is reported. A field never seen on both sides (first
 * contact, a field new in the mapping) counts as changed on both, but there an empty value never wins over a full one.
 */
export function decide(rules: readonly FieldRule[], pair: Pair, references: References): Plan {
  const draft: PlanDraft = {
    write: { odoo: {}, external: {} },
    origin: { odoo: {}, external: {} },
    sourceSeen: { odoo: new Map(), external: new Map() },
    absorbed: { odoo: new Map(), external: new Map() },
    findings: noFindings(),
    needs: new Set(),
  }
  rules.forEach((rule, index) => {
    if (rule.lines) addLines(draft, rule, index, decideLines(rule, rule.lines, index, pair, references, decide))
    else decideField(draft, rule, index, pair, references)
  })
  const unknown = unknownSeen(rules)
  return {
    write: draft.write,
    origin: draft.origin,
    sourceSeen: {
      odoo: withSeen(unknown, draft.sourceSeen.odoo),
      external: withSeen(unknown, draft.sourceSeen.external),
    },
    seen: {
      odoo: withSeen(pair.seen.odoo, draft.absorbed.odoo),
      external: withSeen(pair.seen.external, draft.absorbed.external),
    },
    ...draft.findings,
    needs: [...draft.needs],
  }
}

function addLines(draft: PlanDraft, rule: FieldRule, index: number, plan: LinesPlan): void {
  for (const side of SIDES) {
    const [written, seen, source] = [plan.write[side], plan.seen[side], plan.sourceSeen[side]]
    if (written !== undefined) draft.write[side][fieldOn(rule, side)] = written
    if (seen !== undefined) draft.absorbed[side].set(index, seen)
    if (source !== undefined) draft.sourceSeen[side].set(index, source)
  }
  for (const side of plan.needs) draft.needs.add(side)
  addFindings(draft.findings, plan)
}
